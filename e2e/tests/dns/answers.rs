//! The answers of kare-dns, and the clients it serves.

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;

use crate::process::until;
use crate::zone::query::{Answer, Client};
use crate::zone::{DOMAIN, Zone};

/// Stores records as ExternalDNS does: a few names, the name server of the zone, and the zone's own address.
fn populate(zone: &Zone) {
    zone.put_record(&format!("keycloak.{DOMAIN}"), "1a2b3c4d", "192.0.2.7");
    zone.put_record(&format!("jupyter.{DOMAIN}"), "5e6f7a8b", "192.0.2.7");
    zone.put_record(&format!("ns.dns.{DOMAIN}"), "9c0d1e2f", "192.0.2.53");
    zone.put_record(&format!("apex.dns.{DOMAIN}"), "3a4b5c6d", "192.0.2.53");
}

/// Sends a query over UDP and TCP, which must return the same.
fn query(client: Client, name: &str, kind: RecordType) -> Answer {
    let answer = client.query(name, kind).expect("an answer");
    let over_tcp = client.query_tcp(name, kind).expect("an answer");
    assert_eq!(answer.code(), over_tcp.code(), "{name} {kind}");
    assert_eq!(
        answer.records().len(),
        over_tcp.records().len(),
        "{name} {kind}"
    );
    answer
}

#[test]
fn the_zone_has_an_soa_a_name_server_and_an_address() {
    let zone = Zone::new();
    let _etcd = zone.etcd();
    let _kare_dns = zone.kare_dns();
    populate(&zone);
    let client = zone.kare_dns_client();

    let soa = query(client, DOMAIN, RecordType::SOA);
    assert_eq!(
        (soa.code(), soa.records().len()),
        (ResponseCode::NoError, 1)
    );
    assert_eq!(soa.records()[0].record_type(), RecordType::SOA);
    assert!(soa.is_authoritative());

    let ns = query(client, DOMAIN, RecordType::NS);
    assert_eq!(ns.targets(), [format!("ns.dns.{DOMAIN}.")]);
    let server = query(client, &format!("ns.dns.{DOMAIN}"), RecordType::A);
    assert_eq!(
        server.addresses().unwrap(),
        ["192.0.2.53".parse::<std::net::Ipv4Addr>().unwrap()]
    );

    // The zone's own address, not the addresses of all names in the zone.
    let apex = query(client, DOMAIN, RecordType::A);
    assert_eq!(apex.addresses().unwrap(), server.addresses().unwrap());
}

#[test]
fn negative_answers_have_the_soa_of_the_zone() {
    let zone = Zone::new();
    let _etcd = zone.etcd();
    let _kare_dns = zone.kare_dns();
    populate(&zone);
    let client = zone.kare_dns_client();
    let denied = |name: &str, kind, code| {
        let answer = query(client, name, kind);
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
    let present = query(client, &format!("keycloak.{DOMAIN}"), RecordType::A);
    assert_eq!(present.addresses().unwrap().len(), 1);
}

#[test]
fn other_domains_are_refused() {
    let zone = Zone::new();
    let _etcd = zone.etcd();
    let _kare_dns = zone.kare_dns();
    populate(&zone);
    let client = zone.kare_dns_client();
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
        let answer = query(client, name, RecordType::A);
        assert_eq!(answer.code(), ResponseCode::Refused, "{name}");
        assert!(answer.records().is_empty(), "{name}");
    }
    let present = query(client, &format!("keycloak.{DOMAIN}"), RecordType::A);
    assert_eq!(present.code(), ResponseCode::NoError);
}

/// The etcd plugin treats `*` and `any` as wildcards, and would return every name's address.
#[test]
fn names_cannot_be_enumerated() {
    let zone = Zone::new();
    let _etcd = zone.etcd();
    let _kare_dns = zone.kare_dns();
    populate(&zone);
    let client = zone.kare_dns_client();
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
            let answer = query(client, &name, kind);
            assert_eq!(answer.code(), ResponseCode::Refused, "{name} {kind}");
            assert!(answer.records().is_empty(), "{name} {kind}");
        }
    }
    // A name that merely contains the word resolves.
    zone.put_record(&format!("company.{DOMAIN}"), "7e8f9a0b", "192.0.2.8");
    let company = query(client, &format!("company.{DOMAIN}"), RecordType::A);
    assert_eq!(company.addresses().unwrap().len(), 1);
    // ANY for a name that exists returns only that ANY is not supported.
    let any = query(client, &format!("keycloak.{DOMAIN}"), RecordType::ANY);
    assert_eq!(any.code(), ResponseCode::NoError);
    assert!(
        any.records()
            .iter()
            .all(|it| it.record_type() == RecordType::HINFO)
    );
    let transfer = client
        .query_tcp(DOMAIN, RecordType::AXFR)
        .expect("an answer");
    assert!(transfer.records().is_empty());
}

#[test]
fn clients_outside_the_cluster_are_refused() {
    let zone = Zone::new();
    let _etcd = zone.etcd();
    let _kare_dns = zone.kare_dns();
    populate(&zone);
    let insider = zone.kare_dns_client();
    let outsider = Client {
        from: zone.addresses.outsider(),
        ..insider
    };
    let name = format!("keycloak.{DOMAIN}");
    assert_eq!(
        query(insider, &name, RecordType::A).code(),
        ResponseCode::NoError
    );
    for kind in [RecordType::A, RecordType::SOA, RecordType::TXT] {
        let answer = outsider.query(&name, kind).expect("an answer");
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
    let failed = zone.kare_dns_client().query(&name, RecordType::A).unwrap();
    assert_eq!(failed.code(), ResponseCode::ServFail);
    let _etcd = zone.etcd();
    zone.put_record(&name, "1a2b3c4d", "192.0.2.7");
    until("kare-dns finds etcd", || {
        zone.kare_dns_client().addresses(&name)
    });
}
