//! What becomes of answers when parts fail.

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;

use crate::lab::{DOMAIN, Lab};
use crate::process::until;

#[test]
fn etcd_may_fail_and_come_back() {
    let lab = Lab::new();
    let etcd = lab.etcd();
    let kare_dns = lab.kare_dns();
    let _cluster_dns = lab.cluster_dns();
    let (cached, uncached) = (format!("keycloak.{DOMAIN}"), format!("jupyter.{DOMAIN}"));
    lab.store(&cached, "1a2b3c4d", "192.0.2.7");
    lab.store(&uncached, "5e6f7a8b", "192.0.2.8");
    let (kare, cluster) = (lab.ask_kare_dns(), lab.ask_cluster());
    let before = cluster.addresses(&cached).unwrap();
    let id = kare_dns.id();

    etcd.kill();
    // What was asked before is answered still, here and in the cluster.
    assert_eq!(kare.addresses(&cached).unwrap(), before);
    assert_eq!(cluster.addresses(&cached).unwrap(), before);
    // What was not is a failure, and no denial, which others would keep.
    let failed = kare.ask(&uncached, RecordType::A).unwrap();
    assert_eq!(failed.code(), ResponseCode::ServFail);
    let failed = cluster.ask(&uncached, RecordType::A).unwrap();
    assert_eq!(failed.code(), ResponseCode::ServFail);

    let _etcd = lab.etcd();
    let recovered = until("kare-dns finds etcd again", || kare.addresses(&uncached));
    assert_eq!(
        recovered,
        ["192.0.2.8".parse::<std::net::Ipv4Addr>().unwrap()]
    );
    assert_eq!(kare_dns.id(), id);
    until("so does the cluster", || cluster.addresses(&uncached));
}

#[test]
fn kare_dns_may_be_restarted_and_nothing_is_lost() {
    let lab = Lab::new();
    let etcd = lab.etcd();
    let kare_dns = lab.kare_dns();
    let _cluster_dns = lab.cluster_dns();
    let name = format!("keycloak.{DOMAIN}");
    lab.store(&name, "1a2b3c4d", "192.0.2.7");
    let before = lab.ask_kare_dns().addresses(&name).unwrap();
    let stored = lab.stored();

    kare_dns.kill();
    etcd.kill();
    let _etcd = lab.etcd();
    let _kare_dns = lab.kare_dns();
    assert_eq!(lab.stored(), stored);
    assert_eq!(lab.ask_kare_dns().addresses(&name).unwrap(), before);
    let through_cluster = until("the cluster finds it again", || {
        lab.ask_cluster().addresses(&name)
    });
    assert_eq!(through_cluster, before);
}

/// Without etcd at its start too: a node that comes up has no order among its pods.
#[test]
fn kare_dns_starts_without_etcd() {
    let lab = Lab::new();
    let _kare_dns = lab.kare_dns();
    let name = format!("keycloak.{DOMAIN}");
    let failed = lab.ask_kare_dns().ask(&name, RecordType::A).unwrap();
    assert_eq!(failed.code(), ResponseCode::ServFail);
    let _etcd = lab.etcd();
    lab.store(&name, "1a2b3c4d", "192.0.2.7");
    until("kare-dns finds etcd", || {
        lab.ask_kare_dns().addresses(&name)
    });
}
