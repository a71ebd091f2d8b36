//! ExternalDNS, which makes DNS answers of what the API server stores.

use std::collections::BTreeMap;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use serde_json::{Value, json};

use crate::Scenario;
use crate::accounts::Account;
use crate::client::{once_allowed, path};
use crate::plane::Plane;
use crate::process::{Process, until};
use crate::rendered;
use crate::zone::{DOMAIN, Zone, name_of};

pub(crate) const SCENARIOS: [Scenario; 3] = [
    (
        "ExternalDNS' ServiceAccount reads what is published and nothing else",
        account,
    ),
    (
        "routes of the plane's Gateway and Services resolve, change and go, with what they are made of",
        publishing,
    ),
    (
        "records of other owners are neither changed nor removed, and what is lost is written again",
        ownership,
    ),
];

const EXTERNAL_DNS: Account = Account {
    namespace: "kare-dns",
    name: "externaldns",
};

const GATEWAY: &str = "192.0.2.80";
const KARE_DNS: &str = "192.0.2.53";

/// The tree's objects that have to do with names, in the state that their controllers give them.
fn populate(plane: &Plane) {
    for component in ["gateway", "kare-dns", "externaldns"] {
        for object in rendered::of("k3s", component) {
            let kind = object["kind"].as_str().unwrap_or_default();
            let is_account = kind == "ServiceAccount" || kind.contains("Role");
            if is_account || matches!(kind, "Namespace" | "Gateway" | "HTTPRoute" | "Service") {
                plane.admin.apply(&object).accepted();
            }
        }
    }
    announce(plane, GATEWAY);
    accept(plane, "HTTPRoute", "gateway", "http-to-https-redirect");
    balance(plane, "kare-dns", "kare-dns", KARE_DNS);
}

fn condition(kind: &str, status: bool) -> Value {
    json!({
        "type": kind,
        "status": if status { "True" } else { "False" },
        "reason": kind,
        "message": "",
        "observedGeneration": 1,
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    })
}

fn object(version: &str, kind: &str, namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
    })
}

fn route(kind: &str, namespace: &str, name: &str) -> Value {
    object("gateway.networking.k8s.io/v1", kind, namespace, name)
}

fn set_status(plane: &Plane, object: &Value, status: &Value) {
    let path = format!("{}/status", path(object));
    let answer = plane.admin.merge(&path, &json!({"status": status}));
    answer.accepted();
}

/// Plays the Gateway's controller: the plane's Gateway has an address.
fn announce(plane: &Plane, address: &str) {
    let gateway = route("Gateway", "gateway", "internal-gateway");
    let status = json!({
        "addresses": [{"type": "IPAddress", "value": address}],
        "conditions": [condition("Accepted", true), condition("Programmed", true)],
    });
    set_status(plane, &gateway, &status);
}

/// Plays the Gateway's controller: it has judged a route.
fn judge(plane: &Plane, kind: &str, namespace: &str, name: &str, verdict: bool) {
    let route = route(kind, namespace, name);
    let stored = plane.admin.get(&path(&route)).accepted();
    let parents = stored["spec"]["parentRefs"].as_array().expect("parents");
    let parents = parents.iter().map(|parent| {
        json!({
            "parentRef": parent,
            "controllerName": "io.cilium/gateway-controller",
            "conditions": [condition("Accepted", verdict), condition("ResolvedRefs", true)],
        })
    });
    let parents: Vec<Value> = parents.collect();
    set_status(plane, &route, &json!({"parents": parents}));
}

fn accept(plane: &Plane, kind: &str, namespace: &str, name: &str) {
    judge(plane, kind, namespace, name, true);
}

/// Plays MetalLB: a Service has an address.
fn balance(plane: &Plane, namespace: &str, name: &str, address: &str) {
    let service = object("v1", "Service", namespace, name);
    let status = json!({"loadBalancer": {"ingress": [{"ip": address}]}});
    set_status(plane, &service, &status);
}

fn named(host: &str) -> String {
    format!("{host}.{DOMAIN}")
}

/// A route of an app, which its namespace may have the host for. It asks for the shortest time that
/// kare-dns keeps an answer for, so that what changes is soon seen.
fn create(plane: &Plane, kind: &str, namespace: &str, host: &str) {
    plane.namespace(namespace, &json!({}));
    let mut route = route(kind, namespace, host);
    route["metadata"]["annotations"] = json!({"external-dns.alpha.kubernetes.io/ttl": "5"});
    route["spec"] = json!({
        "parentRefs": [{"name": "internal-gateway", "namespace": "gateway"}],
        "hostnames": [named(host)],
        "rules": [{"backendRefs": [{"name": "jhub-auth-proxy", "port": 80}]}],
    });
    plane.person.create(&route).accepted();
}

fn delete(plane: &Plane, kind: &str, namespace: &str, name: &str) {
    let route = route(kind, namespace, name);
    plane.person.delete(&route).accepted();
}

/// A Service of an app with a name and, by MetalLB, an address.
fn load_balancer(plane: &Plane, namespace: &str, host: &str, address: &str) -> Value {
    let mut service = object("v1", "Service", namespace, host);
    service["metadata"]["annotations"] = json!({
        "external-dns.alpha.kubernetes.io/hostname": named(host),
        "external-dns.alpha.kubernetes.io/ttl": "5",
    });
    service["spec"] = json!({"type": "LoadBalancer", "ports": [{"port": 445}]});
    plane.person.create(&service).accepted();
    balance(plane, namespace, host, address);
    service
}

/// kare-dns with its etcd, and ExternalDNS as the ServiceAccount that the tree makes for it.
struct Running {
    // Dropped in this order: who asks before who answers.
    _externaldns: Process,
    _kare_dns: Process,
    _etcd: Process,
    zone: Zone,
}

impl Running {
    fn start(plane: &Plane, zone: Zone) -> Self {
        let etcd = zone.etcd();
        Self::beside(plane, zone, etcd)
    }

    /// With an etcd that something has been stored in.
    fn beside(plane: &Plane, zone: Zone, etcd: Process) -> Self {
        Self {
            _kare_dns: zone.kare_dns(),
            _externaldns: zone.externaldns(&EXTERNAL_DNS.kubeconfig(plane)),
            _etcd: etcd,
            zone,
        }
    }

    /// The hosts of the domain that have records, with their addresses.
    fn records(&self) -> BTreeMap<String, Vec<String>> {
        let mut records: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (key, record) in self.zone.stored() {
            let name = name_of(&key);
            let host = name.strip_suffix(&format!(".{DOMAIN}")).expect("a host");
            let address = record["host"].as_str().expect("an address").to_owned();
            let addresses = records.entry(host.to_owned()).or_default();
            addresses.push(address);
            addresses.sort();
        }
        records
    }

    /// Waits until exactly these records are there, beside those of kare-dns' own Service, and are what
    /// kare-dns answers.
    fn publishes(&self, expected: &[(&str, &[&str])]) {
        let own = ["apex.dns", "ns.dns"].map(|host| (host, &[KARE_DNS][..]));
        let all = expected.iter().copied().chain(own);
        let all = all.map(|(host, addresses)| {
            let addresses = addresses.iter().map(|&it| it.to_owned());
            (host.to_owned(), addresses.collect::<Vec<String>>())
        });
        let all: BTreeMap<_, _> = all.collect();
        until("records are as expected", || match self.records() {
            records if records == all => Ok(()),
            records => Err(format!("{records:#?}")),
        });
        for (host, expected) in &all {
            until("answers are as expected", || {
                let addresses = self.zone.ask_kare_dns().addresses(&named(host))?;
                let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
                match addresses == *expected {
                    true => Ok(()),
                    false => Err(format!("{host}: {addresses:?}")),
                }
            });
        }
    }

    /// Waits until kare-dns knows nothing of a host.
    fn denies(&self, host: &str) {
        until("an answer goes", || {
            let answer = self.zone.ask_kare_dns().ask(&named(host), RecordType::A)?;
            match answer.code() {
                ResponseCode::NXDomain => Ok(()),
                code => Err(format!("{host}: {code}, {:?}", answer.addresses())),
            }
        });
    }
}

fn account(plane: &mut Plane) {
    populate(plane);
    let client = EXTERNAL_DNS.client(plane);
    let routes = "/apis/gateway.networking.k8s.io/v1";
    for allowed in [
        "/api/v1/services".to_owned(),
        "/api/v1/namespaces".to_owned(),
        format!("{routes}/httproutes"),
        format!("{routes}/grpcroutes"),
        format!("{routes}/namespaces/gateway/gateways"),
    ] {
        once_allowed(|| client.get(&allowed));
    }
    for forbidden in [
        "/api/v1/secrets".to_owned(),
        "/api/v1/namespaces/kare-dns/secrets".to_owned(),
        "/api/v1/namespaces/kare-dns/secrets/externaldns-etcd-client".to_owned(),
        "/api/v1/configmaps".to_owned(),
        "/api/v1/pods".to_owned(),
        "/api/v1/nodes".to_owned(),
        "/apis/discovery.k8s.io/v1/endpointslices".to_owned(),
        format!("{routes}/gateways"),
        format!("{routes}/namespaces/kare-dns/gateways"),
    ] {
        assert_eq!(client.get(&forbidden).status, 403, "{forbidden}");
    }
    let gateway = route("Gateway", "gateway", "internal-gateway");
    let service = object("v1", "Service", "kare-dns", "kare-dns");
    for object in [gateway, service] {
        let change = json!({"metadata": {"labels": {"changed": "yes"}}});
        assert_eq!(client.merge(&path(&object), &change).status, 403);
        assert_eq!(client.delete(&object).status, 403);
    }
}

fn publishing(plane: &mut Plane) {
    populate(plane);
    create(plane, "HTTPRoute", "keycloak", "keycloak");
    create(plane, "HTTPRoute", "jupyterhub", "jupyter");
    create(plane, "GRPCRoute", "cr8tor", "cr8tor");
    // Which nobody has judged yet.
    create(plane, "HTTPRoute", "gitea", "gitea");
    accept(plane, "HTTPRoute", "keycloak", "keycloak");
    accept(plane, "HTTPRoute", "jupyterhub", "jupyter");
    accept(plane, "GRPCRoute", "cr8tor", "cr8tor");
    let running = Running::start(plane, Zone::new());
    running.publishes(&[
        ("cr8tor", &[GATEWAY]),
        ("jupyter", &[GATEWAY]),
        ("keycloak", &[GATEWAY]),
    ]);
    for (key, record) in running.zone.stored() {
        assert_eq!(record["owner"], DOMAIN, "{key}");
    }

    // One is judged, one judged anew, one gets another host, and a Service comes.
    accept(plane, "HTTPRoute", "gitea", "gitea");
    judge(plane, "GRPCRoute", "cr8tor", "cr8tor", false);
    let jupyter = path(&route("HTTPRoute", "jupyterhub", "jupyter"));
    let change = json!({"spec": {"hostnames": [named("guacamole")]}});
    plane.person.merge(&jupyter, &change).accepted();
    let service = load_balancer(plane, "keycloak", "files", "192.0.2.90");
    running.publishes(&[
        ("files", &["192.0.2.90"]),
        ("gitea", &[GATEWAY]),
        ("guacamole", &[GATEWAY]),
        ("keycloak", &[GATEWAY]),
    ]);
    running.denies("cr8tor");
    running.denies("jupyter");

    // The Gateway moves, and with it its routes alone.
    let moved = "192.0.2.81";
    announce(plane, moved);
    accept(plane, "GRPCRoute", "cr8tor", "cr8tor");
    running.publishes(&[
        ("cr8tor", &[moved]),
        ("files", &["192.0.2.90"]),
        ("gitea", &[moved]),
        ("guacamole", &[moved]),
        ("keycloak", &[moved]),
    ]);

    delete(plane, "HTTPRoute", "gitea", "gitea");
    delete(plane, "HTTPRoute", "jupyterhub", "jupyter");
    delete(plane, "GRPCRoute", "cr8tor", "cr8tor");
    plane.person.delete(&service).accepted();
    running.publishes(&[("keycloak", &[moved])]);
    for host in ["cr8tor", "files", "gitea", "guacamole"] {
        running.denies(host);
    }
    delete(plane, "HTTPRoute", "keycloak", "keycloak");
    running.publishes(&[]);
}

fn ownership(plane: &mut Plane) {
    populate(plane);
    let zone = Zone::new();
    let etcd = zone.etcd();
    let operator = Some("kare-dns-etcd-client");
    let key = |host: &str| format!("/skydns/org/k8tre/dev/{host}/aaaaaaaa");
    // By hand, by another ExternalDNS, and by another one for a host that a route has here too.
    let foreign = [
        ("by-hand", r#"{"host":"192.0.2.97","ttl":5}"#),
        (
            "elsewhere",
            r#"{"host":"192.0.2.98","ttl":5,"targetstrip":1,"owner":"stg.k8tre.org"}"#,
        ),
        (
            "metrics",
            r#"{"host":"192.0.2.99","ttl":5,"targetstrip":1,"owner":"stg.k8tre.org"}"#,
        ),
    ];
    for (host, record) in foreign {
        let put = zone.etcdctl(operator, &["put", &key(host), record]);
        put.expect("it is stored");
    }
    create(plane, "HTTPRoute", "observability", "metrics");
    accept(plane, "HTTPRoute", "observability", "metrics");
    let running = Running::beside(plane, zone, etcd);
    let published: [(&str, &[&str]); 3] = [
        ("by-hand", &["192.0.2.97"]),
        ("elsewhere", &["192.0.2.98"]),
        ("metrics", &[GATEWAY, "192.0.2.99"]),
    ];
    running.publishes(&published);

    // Its own are lost; whatever happens makes it look.
    let own = "/skydns/org/k8tre/dev/dns/";
    let lost = running.zone.etcdctl(operator, &["del", "--prefix", own]);
    assert_eq!(lost.expect("they are deleted").trim(), "2");
    plane.namespace("observability", &json!({"looked": "at"}));
    running.publishes(&published);

    delete(plane, "HTTPRoute", "observability", "metrics");
    running.publishes(&[
        ("by-hand", &["192.0.2.97"]),
        ("elsewhere", &["192.0.2.98"]),
        ("metrics", &["192.0.2.99"]),
    ]);
    let stored = running.zone.stored();
    for (host, record) in foreign {
        let record: Value = serde_json::from_str(record).expect("JSON");
        assert_eq!(stored[&key(host)], record, "{host}");
    }
}
