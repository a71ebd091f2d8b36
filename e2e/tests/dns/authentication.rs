//! The clients that etcd accepts.

use crate::zone::{Zone, keys};

const KEY: &str = "/skydns/org/k8tre/dev/portal/00000000";
const RECORD: &str = r#"{"host":"203.0.113.66"}"#;

#[test]
fn etcd_accepts_only_client_certificates_of_its_own_ca() {
    let zone = Zone::new();
    let _etcd = zone.etcd();
    keys::forge(
        &zone.objects,
        zone.path(),
        "externaldns-etcd-client",
        "forged",
    );

    // The server certificate is from the same CA but not valid for clients.
    for secret in [None, Some("forged"), Some("etcd-server")] {
        for command in [&["put", KEY, RECORD][..], &["get", "--prefix", "/"]] {
            let result = zone.etcdctl(secret, command);
            assert!(result.is_err(), "{secret:?} {command:?}: {result:?}");
        }
    }
    assert!(zone.records().is_empty());

    // A client certificate of the same CA is accepted.
    let put = zone.etcdctl(Some("externaldns-etcd-client"), &["put", KEY, RECORD]);
    assert_eq!(put.as_deref(), Ok("OK\n"));
    assert_eq!(zone.records().len(), 1);
}

/// A server that impersonates etcd receives no requests.
#[test]
fn clients_reject_an_etcd_of_another_ca() {
    let zone = Zone::new();
    let _etcd = zone.etcd();
    let trusted = keys::directory(zone.path(), "kare-dns-etcd-client").join("ca.crt");
    let other = Zone::new();
    let untrusted = keys::directory(other.path(), "kare-dns-etcd-client").join("ca.crt");
    std::fs::copy(untrusted, trusted).expect("a copy");
    let result = zone.etcdctl(Some("kare-dns-etcd-client"), &["get", "--prefix", "/"]);
    assert!(result.is_err(), "{result:?}");
}
