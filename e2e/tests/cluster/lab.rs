//! An API server of the suite's own, with its etcd.

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::access::Access;
use crate::client::Client;
use crate::keys::Authority;
use crate::process::{Process, tool, until};

/// The port of the API server, on an address of its own.
const PORT: u16 = 6443;

/// A loopback address of this run, so that several can be at work on one machine.
pub(crate) fn address(place: u8) -> Ipv4Addr {
    let [.., high, low] = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, 64 + high % 128, low, 240 + place)
}

/// The processes. They end with this value.
pub(crate) struct Lab {
    // Fields are dropped in this order: who asks before who answers.
    api_server: Option<Process>,
    etcd: Option<Process>,
    authority: Authority,
    /// The address of etcd; that of the API server is the next.
    place: u8,
    directory: TempDir,
}

impl Lab {
    /// Starts an API server with no objects but its own, with its etcd at [`address`] `place`.
    pub(crate) fn start(place: u8) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let authority = Authority::new(directory.path());
        authority.server("etcd", &address(place).to_string());
        authority.server("api-server", &address(place + 1).to_string());
        authority.client("service-accounts", "service-accounts", None);
        authority.client("admin", "admin", Some("system:masters"));
        let mut lab = Self {
            api_server: None,
            etcd: None,
            authority,
            place,
            directory,
        };
        lab.etcd = Some(lab.start_etcd());
        lab.start_api_server();
        lab
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    /// What a cluster's administrator has.
    pub(crate) fn admin(&self) -> Access {
        let server = format!("https://{}:{PORT}", address(self.place + 1));
        Access::issued(&self.authority, "admin", server)
    }

    fn file(&self, name: &str) -> String {
        self.authority.path(name).display().to_string()
    }

    fn start_etcd(&self) -> Process {
        let address = address(self.place);
        let (client, peer) = (
            format!("https://{address}:2379"),
            format!("https://{address}:2380"),
        );
        let mut command = Command::new(tool("etcd"));
        command
            .arg(format!("--data-dir={}", self.file("etcd")))
            .args(["--client-cert-auth", "--unsafe-no-fsync"])
            .arg(format!("--cert-file={}", self.file("etcd.crt")))
            .arg(format!("--key-file={}", self.file("etcd.key")))
            .arg(format!("--trusted-ca-file={}", self.file("ca.crt")))
            .args(["--peer-client-cert-auth"])
            .arg(format!("--peer-cert-file={}", self.file("etcd.crt")))
            .arg(format!("--peer-key-file={}", self.file("etcd.key")))
            .arg(format!("--peer-trusted-ca-file={}", self.file("ca.crt")))
            .arg(format!("--listen-client-urls={client}"))
            .arg(format!("--advertise-client-urls={client}"))
            .arg(format!("--listen-peer-urls={peer}"))
            .arg(format!("--initial-advertise-peer-urls={peer}"))
            .arg(format!("--initial-cluster=default={peer}"))
            .arg(format!("--listen-metrics-urls=http://{address}:2381"));
        let mut etcd = Process::start("etcd", &mut command, self.path());
        etcd.ready((address, 2381).into(), "/readyz");
        etcd
    }

    /// Starts the API server, again where it was ended.
    pub(crate) fn start_api_server(&mut self) {
        let address = address(self.place + 1);
        let etcd = self::address(self.place);
        let mut command = Command::new(tool("kube-apiserver"));
        command
            .arg(format!("--bind-address={address}"))
            .arg(format!("--advertise-address={address}"))
            .arg(format!("--secure-port={PORT}"))
            .arg("--endpoint-reconciler-type=none")
            .arg(format!("--tls-cert-file={}", self.file("api-server.crt")))
            .arg(format!(
                "--tls-private-key-file={}",
                self.file("api-server.key")
            ))
            .arg(format!("--client-ca-file={}", self.file("ca.crt")))
            .arg("--authorization-mode=RBAC")
            .arg(format!("--etcd-servers=https://{etcd}:2379"))
            .arg(format!("--etcd-cafile={}", self.file("ca.crt")))
            .arg(format!("--etcd-certfile={}", self.file("api-server.crt")))
            .arg(format!("--etcd-keyfile={}", self.file("api-server.key")))
            .arg("--service-account-issuer=https://kubernetes.default.svc")
            .arg(format!(
                "--service-account-key-file={}",
                self.file("service-accounts.crt")
            ))
            .arg(format!(
                "--service-account-signing-key-file={}",
                self.file("service-accounts.key")
            ))
            .arg("--service-cluster-ip-range=10.43.0.0/16");
        let admin = Client::new(self.admin());
        let process = Process::start("kube-apiserver", &mut command, self.path());
        let process = self.api_server.insert(process);
        until("kube-apiserver", || {
            process.alive()?;
            let answer = admin.ask("GET", "/readyz", "", None)?;
            match answer.status {
                200 => Ok(()),
                status => Err(format!("/readyz answers {status}: {}", answer.body)),
            }
        });
    }

    /// Whether the API server was ended and not started again.
    pub(crate) fn is_down(&self) -> bool {
        self.api_server.is_none()
    }

    /// Ends the API server at once.
    pub(crate) fn kill_api_server(&mut self) {
        self.api_server.take().expect("it runs").kill();
    }
}
