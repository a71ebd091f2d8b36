//! The loopback addresses of the processes.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU8, Ordering};

/// A block of addresses in 127.0.0.0/8. Each process has its own address, so that all can use the ports of the
/// tree.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Addresses {
    row: u8,
}

impl Addresses {
    /// Returns a block that no other zone of this process uses.
    pub(crate) fn next() -> Self {
        static ROWS: AtomicU8 = AtomicU8::new(1);
        let row = ROWS.fetch_add(1, Ordering::Relaxed) * 16;
        Self { row }
    }

    /// Returns an address of the block. It depends on the process id, so that several runs do not collide.
    pub(crate) fn at(self, offset: u8) -> Ipv4Addr {
        let [.., high, low] = std::process::id().to_be_bytes();
        Ipv4Addr::new(127, 64 + high % 128, low, self.row + offset)
    }

    pub(crate) fn etcd(self) -> Ipv4Addr {
        self.at(0)
    }

    pub(crate) fn kare_dns(self) -> Ipv4Addr {
        self.at(1)
    }

    pub(crate) fn cluster_dns(self) -> Ipv4Addr {
        self.at(2)
    }

    pub(crate) fn externaldns(self) -> Ipv4Addr {
        self.at(4)
    }

    /// The upstream resolver of the cluster's DNS.
    pub(crate) fn upstream(self) -> Ipv4Addr {
        self.at(5)
    }

    /// A client inside the cluster, whose queries kare-dns answers.
    pub(crate) fn insider(self) -> Ipv4Addr {
        self.at(6)
    }

    /// A client outside the cluster, whose queries kare-dns refuses.
    pub(crate) fn outsider(self) -> Ipv4Addr {
        self.at(7)
    }

    /// Returns the networks for the Corefile's acl: the insider, and the address that Linux assigns to the
    /// cluster's DNS as a client.
    pub(crate) fn clients(self) -> String {
        format!("127.0.0.1/32 {}/32", self.insider())
    }

    pub(crate) fn services(self) -> String {
        let [a, b, c, _] = self.etcd().octets();
        format!("{a}.{b}.{c}.0/24")
    }
}
