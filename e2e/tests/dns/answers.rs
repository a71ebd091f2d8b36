//! What kare-dns answers, and to whom.

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;

use crate::lab::{DOMAIN, Lab};
use crate::zone::query::{Answer, Client};

/// A zone with a few names, its name server and its own address, as ExternalDNS stores them.
fn zone(lab: &Lab) {
    lab.store(&format!("keycloak.{DOMAIN}"), "1a2b3c4d", "192.0.2.7");
    lab.store(&format!("jupyter.{DOMAIN}"), "5e6f7a8b", "192.0.2.7");
    lab.store(&format!("ns.dns.{DOMAIN}"), "9c0d1e2f", "192.0.2.53");
    lab.store(&format!("apex.dns.{DOMAIN}"), "3a4b5c6d", "192.0.2.53");
}

/// Over UDP and TCP: both have to say the same.
fn ask(client: Client, name: &str, kind: RecordType) -> Answer {
    let answer = client.ask(name, kind).expect("an answer");
    let over_tcp = client.ask_tcp(name, kind).expect("an answer");
    assert_eq!(answer.code(), over_tcp.code(), "{name} {kind}");
    assert_eq!(
        answer.records().len(),
        over_tcp.records().len(),
        "{name} {kind}"
    );
    answer
}

#[test]
fn the_zone_has_an_authority_a_name_server_and_an_address() {
    let lab = Lab::new();
    let _etcd = lab.etcd();
    let _kare_dns = lab.kare_dns();
    zone(&lab);
    let client = lab.ask_kare_dns();

    let soa = ask(client, DOMAIN, RecordType::SOA);
    assert_eq!(
        (soa.code(), soa.records().len()),
        (ResponseCode::NoError, 1)
    );
    assert_eq!(soa.records()[0].record_type(), RecordType::SOA);
    assert!(soa.is_authoritative());

    let ns = ask(client, DOMAIN, RecordType::NS);
    assert_eq!(ns.targets(), [format!("ns.dns.{DOMAIN}.")]);
    let server = ask(client, &format!("ns.dns.{DOMAIN}"), RecordType::A);
    assert_eq!(
        server.addresses().unwrap(),
        ["192.0.2.53".parse::<std::net::Ipv4Addr>().unwrap()]
    );

    // Its own address, not those of all names below it.
    let apex = ask(client, DOMAIN, RecordType::A);
    assert_eq!(apex.addresses().unwrap(), server.addresses().unwrap());
}

#[test]
fn what_is_absent_is_denied_with_the_zones_soa() {
    let lab = Lab::new();
    let _etcd = lab.etcd();
    let _kare_dns = lab.kare_dns();
    zone(&lab);
    let client = lab.ask_kare_dns();
    let denied = |name: &str, kind, code| {
        let answer = ask(client, name, kind);
        assert_eq!(answer.code(), code, "{name} {kind}");
        assert!(answer.records().is_empty(), "{name} {kind}");
        assert_eq!(answer.soa(), Some(format!("{DOMAIN}.")), "{name} {kind}");
        assert!(answer.is_authoritative(), "{name} {kind}");
    };
    denied(
        &format!("absent.{DOMAIN}"),
        RecordType::A,
        ResponseCode::NXDomain,
    );
    denied(
        &format!("absent.{DOMAIN}"),
        RecordType::TXT,
        ResponseCode::NXDomain,
    );
    for kind in [
        RecordType::AAAA,
        RecordType::TXT,
        RecordType::MX,
        RecordType::CAA,
    ] {
        denied(&format!("keycloak.{DOMAIN}"), kind, ResponseCode::NoError);
    }
    let present = ask(client, &format!("keycloak.{DOMAIN}"), RecordType::A);
    assert_eq!(present.addresses().unwrap().len(), 1);
}

#[test]
fn nothing_but_the_zone_is_served() {
    let lab = Lab::new();
    let _etcd = lab.etcd();
    let _kare_dns = lab.kare_dns();
    zone(&lab);
    let client = lab.ask_kare_dns();
    for name in [
        ".",
        "org",
        "k8tre.org",
        "stg.k8tre.org",
        "xdev.k8tre.org",
        "example.com",
        "kubernetes.default.svc.cluster.local",
        "7.2.0.192.in-addr.arpa",
    ] {
        let answer = ask(client, name, RecordType::A);
        assert_eq!(answer.code(), ResponseCode::Refused, "{name}");
        assert!(answer.records().is_empty(), "{name}");
    }
    let present = ask(client, &format!("keycloak.{DOMAIN}"), RecordType::A);
    assert_eq!(present.code(), ResponseCode::NoError);
}

/// The etcd plugin takes `*` and `any` for wildcards, and would tell every name's address.
#[test]
fn names_cannot_be_enumerated() {
    let lab = Lab::new();
    let _etcd = lab.etcd();
    let _kare_dns = lab.kare_dns();
    zone(&lab);
    let client = lab.ask_kare_dns();
    for name in [
        "*",
        "any",
        "ANY",
        "*.*",
        "any.keycloak",
        "keycloak.*",
        "a.any.b",
    ] {
        let name = format!("{name}.{DOMAIN}");
        for kind in [
            RecordType::A,
            RecordType::SRV,
            RecordType::TXT,
            RecordType::NS,
        ] {
            let answer = ask(client, &name, kind);
            assert_eq!(answer.code(), ResponseCode::Refused, "{name} {kind}");
            assert!(answer.records().is_empty(), "{name} {kind}");
        }
    }
    // A name that only has the word in it is a name.
    lab.store(&format!("company.{DOMAIN}"), "7e8f9a0b", "192.0.2.8");
    let company = ask(client, &format!("company.{DOMAIN}"), RecordType::A);
    assert_eq!(company.addresses().unwrap().len(), 1);
    // ANY for a name that is there tells no more than that ANY is not answered.
    let any = ask(client, &format!("keycloak.{DOMAIN}"), RecordType::ANY);
    assert_eq!(any.code(), ResponseCode::NoError);
    assert!(
        any.records()
            .iter()
            .all(|it| it.record_type() == RecordType::HINFO)
    );
    // The records that a service record would name.
    let transfer = client.ask_tcp(DOMAIN, RecordType::AXFR).expect("an answer");
    assert!(transfer.records().is_empty());
}

#[test]
fn outsiders_are_refused() {
    let lab = Lab::new();
    let _etcd = lab.etcd();
    let _kare_dns = lab.kare_dns();
    zone(&lab);
    let insider = lab.ask_kare_dns();
    let outsider = Client {
        from: lab.addresses.outsider(),
        ..insider
    };
    let name = format!("keycloak.{DOMAIN}");
    assert_eq!(
        ask(insider, &name, RecordType::A).code(),
        ResponseCode::NoError
    );
    for kind in [RecordType::A, RecordType::SOA, RecordType::TXT] {
        let answer = outsider.ask(&name, kind).expect("an answer");
        assert_eq!(answer.code(), ResponseCode::Refused, "{kind}");
        assert!(answer.records().is_empty(), "{kind}");
    }
}
