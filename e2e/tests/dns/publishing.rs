//! From a route to an answer in a pod: ExternalDNS, etcd, kare-dns and the cluster's DNS together.

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use serde_json::{Value, json};

use crate::lab::{DOMAIN, Lab};
use crate::process::{self, until};
use crate::rights::Request;
use crate::zone::name_of;

const GATEWAY: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 80);
const KARE_DNS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 53);

/// The tree's objects as a cluster has them, with the status that Cilium and MetalLB give them.
fn populate(lab: &Lab) {
    for name in ["gateway", "kare-dns", "keycloak", "default"] {
        let namespace = json!({
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
        });
        lab.api.apply("namespaces", &namespace);
    }
    let mut gateway = lab.object("Gateway", "internal-gateway").value.clone();
    gateway["status"] = json!({
        "addresses": [{"type": "IPAddress", "value": GATEWAY.to_string()}],
        "conditions": [condition("Accepted"), condition("Programmed")],
    });
    lab.api.apply("gateways", &gateway);
    let mut service = lab.object("Service", "kare-dns").value.clone();
    service["status"] = json!({"loadBalancer": {"ingress": [{"ip": KARE_DNS.to_string()}]}});
    lab.api.apply("services", &service);
    lab.api
        .apply("services", &lab.object("Service", "etcd").value);
    let redirect = lab
        .object("HTTPRoute", "http-to-https-redirect")
        .value
        .clone();
    lab.api.apply("httproutes", &accepted(redirect));
}

fn condition(kind: &str) -> Value {
    json!({
        "type": kind,
        "status": "True",
        "reason": kind,
        "message": "",
        "observedGeneration": 1,
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    })
}

/// A route as its gateway's controller leaves it.
fn accepted(mut route: Value) -> Value {
    let parents = route["spec"]["parentRefs"]
        .as_array()
        .expect("parents")
        .iter();
    let parents = parents.map(|parent| {
        json!({
            "parentRef": parent,
            "controllerName": "io.cilium/gateway-controller",
            "conditions": [condition("Accepted"), condition("ResolvedRefs")],
        })
    });
    route["status"] = json!({"parents": parents.collect::<Vec<_>>()});
    route
}

/// A route of an app on a gateway.
fn route(app: &str, host: &str, gateway: &str) -> Value {
    accepted(json!({
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": app, "namespace": "keycloak", "generation": 1},
        "spec": {
            "parentRefs": [{"name": gateway, "namespace": "gateway"}],
            "hostnames": [host],
            "rules": [{"backendRefs": [{"name": app, "port": 8080}]}],
        },
    }))
}

fn hosts(lab: &Lab) -> Vec<String> {
    let mut hosts: Vec<String> = lab.stored().keys().map(|key| name_of(key)).collect();
    hosts.sort();
    hosts
}

#[test]
fn routes_resolve_through_the_clusters_dns() {
    let lab = Lab::new();
    let _etcd = lab.etcd();
    let _kare_dns = lab.kare_dns();
    let _cluster_dns = lab.cluster_dns();
    populate(&lab);
    let app = format!("keycloak.{DOMAIN}");
    let keycloak = route("keycloak", &app, "internal-gateway");
    lab.api.apply("httproutes", &keycloak);
    // Not on the plane's gateway; not in the plane's domain.
    lab.api.apply(
        "httproutes",
        &route("other", &format!("other.{DOMAIN}"), "own-gateway"),
    );
    lab.api.apply(
        "httproutes",
        &route("foreign", "www.example.com", "internal-gateway"),
    );
    let _externaldns = lab.externaldns();

    let cluster = lab.ask_cluster();
    let addresses = until("the route's name resolves", || cluster.addresses(&app));
    assert_eq!(addresses, [GATEWAY]);
    let over_tcp = cluster.ask_tcp(&app, RecordType::A).unwrap();
    assert_eq!(over_tcp.addresses().unwrap(), [GATEWAY]);
    // The annotation on kare-dns' own Service gives the zone its name server and its address.
    let ns = until("the zone has a name server", || {
        let targets = lab.ask_kare_dns().ask(DOMAIN, RecordType::NS)?.targets();
        match targets.is_empty() {
            true => Err("none".to_owned()),
            false => Ok(targets),
        }
    });
    assert_eq!(ns, [format!("ns.dns.{DOMAIN}.")]);
    assert_eq!(lab.ask_kare_dns().addresses(DOMAIN).unwrap(), [KARE_DNS]);
    // And there is nothing else: no `*` of the redirect, no ownership records, none of other gateways.
    assert_eq!(
        hosts(&lab),
        [
            format!("apex.dns.{DOMAIN}"),
            app.clone(),
            format!("ns.dns.{DOMAIN}")
        ]
    );
    for (key, record) in lab.stored() {
        assert_eq!(record["owner"], DOMAIN, "{key}");
    }

    lab.api.delete("httproutes", &keycloak);
    until("the record goes with its route", || {
        match hosts(&lab).contains(&app) {
            true => Err("it is still there".to_owned()),
            false => Ok(()),
        }
    });
}

/// The rendered roles are enough, and nothing in them is too much.
#[test]
fn externaldns_needs_the_rights_that_it_has() {
    let lab = Lab::new();
    let _etcd = lab.etcd();
    populate(&lab);
    let _externaldns = lab.externaldns();
    until("it publishes", || match lab.stored().is_empty() {
        true => Err("nothing".to_owned()),
        false => Ok(()),
    });
    let (allowed, refused) = lab.api.requests();
    assert_eq!(refused, []);
    let gateway_api = "gateway.networking.k8s.io";
    let mut asked: Vec<_> = allowed
        .iter()
        .map(
            |Request {
                 group,
                 resource,
                 namespace,
                 ..
             }| { (group.as_str(), resource.as_str(), namespace.as_deref()) },
        )
        .collect();
    asked.dedup();
    asked.sort();
    asked.dedup();
    assert_eq!(
        asked,
        [
            ("", "namespaces", None),
            ("", "services", None),
            (gateway_api, "gateways", Some("gateway")),
            (gateway_api, "grpcroutes", None),
            (gateway_api, "httproutes", None),
        ]
    );
}

/// Two clusters, or an operator and ExternalDNS, can write to one etcd.
#[test]
fn records_of_others_are_left_and_lost_ones_are_written_again() {
    let lab = Lab::new();
    let _etcd = lab.etcd();
    populate(&lab);
    let other = "/skydns/org/k8tre/dev/by-hand/aaaaaaaa";
    let record = r#"{"host":"192.0.2.99","owner":"someone-else"}"#;
    let operator = Some("kare-dns-etcd-client");
    lab.etcdctl(operator, &["put", other, record]).unwrap();
    let _externaldns = lab.externaldns();
    let published = || match lab.stored().len() {
        3 => Ok(()),
        count => Err(format!("{count} records")),
    };
    until("it publishes", published);

    lab.etcdctl(operator, &["del", "--prefix", "/skydns/org/k8tre/dev/dns/"])
        .unwrap();
    assert_eq!(lab.stored().len(), 1);
    // Anything that happens wakes it before its minute is over.
    lab.api.apply(
        "httproutes",
        &route("x", &format!("x.{DOMAIN}"), "own-gateway"),
    );
    until("it publishes again", published);
    assert_eq!(lab.stored()[other]["host"], "192.0.2.99");
}

/// Plays the resolver that nodes have, and counts what it is asked.
fn upstream(address: Ipv4Addr) -> Arc<AtomicUsize> {
    let asked = Arc::new(AtomicUsize::new(0));
    let socket = UdpSocket::bind((address, 1053)).expect("an address");
    let counter = Arc::clone(&asked);
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            counter.fetch_add(1, Ordering::SeqCst);
            // The question back as an answer: NXDOMAIN.
            if let Some([flags, code]) = buffer.get_mut(2..4) {
                *flags |= 0x80;
                *code = 3;
            }
            let answer = buffer.get(..length).unwrap_or_default();
            if socket.send_to(answer, from).is_err() {
                return;
            }
        }
    });
    asked
}

#[test]
fn names_of_the_cluster_and_of_others_do_not_reach_kare_dns() {
    let lab = Lab::new();
    let asked = upstream(lab.addresses.upstream());
    let _etcd = lab.etcd();
    let _kare_dns = lab.kare_dns();
    let kubernetes = json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "kubernetes", "namespace": "default"},
        "spec": {"clusterIP": "10.43.0.1", "clusterIPs": ["10.43.0.1"], "type": "ClusterIP",
                 "ports": [{"name": "https", "port": 443, "protocol": "TCP"}]},
    });
    lab.api.apply("services", &kubernetes);
    populate(&lab);
    let _cluster_dns = lab.cluster_dns();
    let cluster = lab.ask_cluster();
    let before = lab.questions_to_kare_dns();

    let name = "kubernetes.default.svc.cluster.local";
    let address = until("the cluster knows its own names", || {
        cluster.addresses(name)
    });
    assert_eq!(address, [Ipv4Addr::new(10, 43, 0, 1)]);
    let absent = cluster
        .ask("absent.default.svc.cluster.local", RecordType::A)
        .unwrap();
    assert_eq!(absent.code(), ResponseCode::NXDomain);
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    // A neighbour of the domain is none of its names.
    for (questions, name) in [
        (1, "www.example.com"),
        (2, "xdev.k8tre.org"),
        (3, "stg.k8tre.org"),
    ] {
        let answer = cluster.ask(name, RecordType::A).unwrap();
        assert_eq!(answer.code(), ResponseCode::NXDomain, "{name}");
        assert!(asked.load(Ordering::SeqCst) >= questions, "{name}");
    }
    assert_eq!(lab.questions_to_kare_dns(), before);

    // The counter counts: the domain's names do.
    let answer = cluster
        .ask(&format!("absent.{DOMAIN}"), RecordType::A)
        .unwrap();
    assert_eq!(answer.code(), ResponseCode::NXDomain);
    // It counts a question once its answer is on the way.
    until("kare-dns counts the question", || {
        match lab.questions_to_kare_dns() {
            same if same == before => Err(format!("still {same}")),
            _ => Ok(()),
        }
    });
    let metrics = process::get((lab.addresses.cluster_dns(), 9153).into(), "/metrics");
    assert_eq!(metrics.unwrap().0, 200);
}
