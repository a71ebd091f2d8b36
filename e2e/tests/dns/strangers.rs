//! Who etcd lets in.

use crate::lab::Lab;
use crate::zone::keys;

const KEY: &str = "/skydns/org/k8tre/dev/portal/00000000";
const RECORD: &str = r#"{"host":"203.0.113.66"}"#;

#[test]
fn etcd_is_open_to_its_own_authoritys_clients_alone() {
    let lab = Lab::new();
    let _etcd = lab.etcd();
    keys::forge(
        &lab.objects,
        lab.path(),
        "externaldns-etcd-client",
        "forged",
    );

    // The server's own certificate is of the right authority and not a client's.
    for secret in [None, Some("forged"), Some("etcd-server")] {
        for command in [&["put", KEY, RECORD][..], &["get", "--prefix", "/"]] {
            let refused = lab.etcdctl(secret, command);
            assert!(refused.is_err(), "{secret:?} {command:?}: {refused:?}");
        }
    }
    assert!(lab.stored().is_empty());

    // And is there for those who are of it.
    let put = lab.etcdctl(Some("externaldns-etcd-client"), &["put", KEY, RECORD]);
    assert_eq!(put.as_deref(), Ok("OK\n"));
    assert_eq!(lab.stored().len(), 1);
}

/// Whoever answers in etcd's place is found out by its clients.
#[test]
fn clients_talk_to_the_real_etcd_alone() {
    let lab = Lab::new();
    let _etcd = lab.etcd();
    let trusted = keys::directory(lab.path(), "kare-dns-etcd-client").join("ca.crt");
    let other = Lab::new();
    let foreign = keys::directory(other.path(), "kare-dns-etcd-client").join("ca.crt");
    std::fs::copy(foreign, trusted).expect("a copy");
    let refused = lab.etcdctl(Some("kare-dns-etcd-client"), &["get", "--prefix", "/"]);
    assert!(refused.is_err(), "{refused:?}");
}
