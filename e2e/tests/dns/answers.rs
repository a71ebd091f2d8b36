//! What kare-dns answers, and to which clients.

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;

use crate::process::until;
use crate::zone::query::{Answer, Client};
use crate::zone::{DOMAIN, Zone};

/// Stores a few names, the name server of the zone and its own address, as ExternalDNS does.
fn populate(zone: &Zone) {
    zone.store(&format!("keycloak.{DOMAIN}"), "1a2b3c4d", "192.0.2.7");
    zone.store(&format!("jupyter.{DOMAIN}"), "5e6f7a8b", "192.0.2.7");
    zone.store(&format!("ns.dns.{DOMAIN}"), "9c0d1e2f", "192.0.2.53");
    zone.store(&format!("apex.dns.{DOMAIN}"), "3a4b5c6d", "192.0.2.53");
}

/// Asks over UDP and TCP, which have to agree.
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
    let zone = Zone::new();
    let _etcd = zone.etcd();
    let _kare_dns = zone.kare_dns();
    populate(&zone);
    let client = zone.ask_kare_dns();

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
fn absent_names_are_denied_with_the_soa_of_the_zone() {
    let zone = Zone::new();
    let _etcd = zone.etcd();
    let _kare_dns = zone.kare_dns();
    populate(&zone);
    let client = zone.ask_kare_dns();
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
fn other_domains_are_refused() {
    let zone = Zone::new();
    let _etcd = zone.etcd();
    let _kare_dns = zone.kare_dns();
    populate(&zone);
    let client = zone.ask_kare_dns();
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

/// The etcd plugin treats `*` and `any` as wildcards, and would return every name's address.
#[test]
fn names_cannot_be_enumerated() {
    let zone = Zone::new();
    let _etcd = zone.etcd();
    let _kare_dns = zone.kare_dns();
    populate(&zone);
    let client = zone.ask_kare_dns();
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
    // A name that merely contains the word resolves.
    zone.store(&format!("company.{DOMAIN}"), "7e8f9a0b", "192.0.2.8");
    let company = ask(client, &format!("company.{DOMAIN}"), RecordType::A);
    assert_eq!(company.addresses().unwrap().len(), 1);
    // ANY for a name that exists returns only that ANY is not supported.
    let any = ask(client, &format!("keycloak.{DOMAIN}"), RecordType::ANY);
    assert_eq!(any.code(), ResponseCode::NoError);
    assert!(
        any.records()
            .iter()
            .all(|it| it.record_type() == RecordType::HINFO)
    );
    let transfer = client.ask_tcp(DOMAIN, RecordType::AXFR).expect("an answer");
    assert!(transfer.records().is_empty());
}

#[test]
fn clients_outside_the_cluster_are_refused() {
    let zone = Zone::new();
    let _etcd = zone.etcd();
    let _kare_dns = zone.kare_dns();
    populate(&zone);
    let insider = zone.ask_kare_dns();
    let outsider = Client {
        from: zone.addresses.outsider(),
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

/// Pods start in any order when a node comes up.
#[test]
fn kare_dns_starts_without_etcd() {
    let zone = Zone::new();
    let _kare_dns = zone.kare_dns();
    let name = format!("keycloak.{DOMAIN}");
    let failed = zone.ask_kare_dns().ask(&name, RecordType::A).unwrap();
    assert_eq!(failed.code(), ResponseCode::ServFail);
    let _etcd = zone.etcd();
    zone.store(&name, "1a2b3c4d", "192.0.2.7");
    until("kare-dns finds etcd", || {
        zone.ask_kare_dns().addresses(&name)
    });
}
