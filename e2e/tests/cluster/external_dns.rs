//! ExternalDNS, which publishes routes and Services as DNS records.

use std::collections::{BTreeMap, BTreeSet};

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use serde_json::{Value, json};

use crate::client::{path, when_allowed};
use crate::cluster::TestCluster;
use crate::fixtures::{object, route};
use crate::process::{Process, until};
use crate::routes::{
    GATEWAY, KARE_DNS, accept, create, create_load_balancer, full_name, populate, set_accepted,
    set_gateway_address,
};
use crate::scenario::{Requirement, Scenario};
use crate::service_accounts::ServiceAccount;
use crate::zone::{DOMAIN, Zone, name_of};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::new(
        "external-dns/permissions",
        "the ServiceAccount of ExternalDNS can read what ExternalDNS publishes and nothing else",
        permissions,
    )
    .requires(Requirement::OwnApiServer),
    Scenario::new(
        "external-dns/requests",
        "ExternalDNS requests exactly what its roles grant",
        requests,
    )
    .requires(Requirement::OwnApiServer),
    Scenario::new(
        "external-dns/publishing",
        "routes of the internal Gateway and Services resolve, change and disappear with their objects",
        publishing,
    )
    .requires(Requirement::OwnApiServer),
    Scenario::new(
        "external-dns/ownership",
        "records of other owners are not changed or removed, and lost records are written again",
        ownership,
    )
    .requires(Requirement::OwnApiServer),
];

const EXTERNAL_DNS: ServiceAccount = ServiceAccount {
    namespace: "kare-dns",
    name: "externaldns",
};

/// kare-dns with its etcd, and ExternalDNS with the ServiceAccount that the tree creates for it.
pub(crate) struct Running {
    // Dropped in this order: clients before servers.
    _externaldns: Process,
    _kare_dns: Process,
    _etcd: Process,
    pub(crate) zone: Zone,
}

impl Running {
    pub(crate) fn start(cluster: &TestCluster, zone: Zone) -> Self {
        let etcd = zone.etcd();
        Self::with_etcd(cluster, zone, etcd)
    }

    /// Starts kare-dns and ExternalDNS with an etcd that may already have records.
    fn with_etcd(cluster: &TestCluster, zone: Zone, etcd: Process) -> Self {
        Self {
            _kare_dns: zone.kare_dns(),
            _externaldns: zone.externaldns(&EXTERNAL_DNS.kubeconfig(cluster)),
            _etcd: etcd,
            zone,
        }
    }

    /// Returns the hosts with records in the domain, and their addresses.
    fn records(&self) -> BTreeMap<String, Vec<String>> {
        let mut records: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (key, record) in self.zone.records() {
            let name = name_of(&key);
            let host = name.strip_suffix(&format!(".{DOMAIN}")).expect("a host");
            let address = record["host"].as_str().expect("an address").to_owned();
            let addresses = records.entry(host.to_owned()).or_default();
            addresses.push(address);
            addresses.sort();
        }
        records
    }

    /// Waits until exactly these records exist in addition to those of kare-dns' own Service, and kare-dns
    /// resolves them.
    pub(crate) fn publishes(&self, expected: &[(&str, &[&str])]) {
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
            until("kare-dns resolves the records", || {
                let addresses = self.zone.kare_dns_client().addresses(&full_name(host))?;
                let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
                match addresses == *expected {
                    true => Ok(()),
                    false => Err(format!("{host}: {addresses:?}")),
                }
            });
        }
    }

    /// Waits until kare-dns returns NXDOMAIN for a host.
    fn denies(&self, host: &str) {
        until("kare-dns returns NXDOMAIN", || {
            let name = full_name(host);
            let answer = self.zone.kare_dns_client().query(&name, RecordType::A)?;
            match answer.code() {
                ResponseCode::NXDomain => Ok(()),
                code => Err(format!("{host}: {code}, {:?}", answer.addresses())),
            }
        });
    }
}

fn permissions(cluster: &mut TestCluster) {
    populate(cluster);
    let client = EXTERNAL_DNS.client(&cluster.admin);
    let routes = "/apis/gateway.networking.k8s.io/v1";
    for allowed in [
        "/api/v1/services".to_owned(),
        "/api/v1/namespaces".to_owned(),
        format!("{routes}/httproutes"),
        format!("{routes}/grpcroutes"),
        format!("{routes}/namespaces/gateway/gateways"),
    ] {
        when_allowed(|| client.get(&allowed));
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

fn requests(cluster: &mut TestCluster) {
    populate(cluster);
    let before = cluster.api_server().audit_events().len();
    let running = Running::start(cluster, Zone::new());
    running.publishes(&[]);
    let events = cluster.api_server().audit_events();
    let mut requested = BTreeSet::new();
    for event in events.iter().skip(before) {
        assert_ne!(event["responseStatus"]["code"], 403, "{event:#}");
        // Discovery has no object.
        if let Some(object) = event["objectRef"].as_object() {
            let text = |field: &str| {
                object
                    .get(field)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
            };
            requested.insert((text("apiGroup"), text("resource"), text("namespace")));
        }
    }
    let gateway_api = "gateway.networking.k8s.io";
    assert_eq!(
        Vec::from_iter(requested),
        [
            ("", "namespaces", ""),
            ("", "services", ""),
            (gateway_api, "gateways", "gateway"),
            (gateway_api, "grpcroutes", ""),
            (gateway_api, "httproutes", ""),
        ]
    );
}

fn publishing(cluster: &mut TestCluster) {
    populate(cluster);
    let keycloak = create(cluster, "HTTPRoute", "keycloak", "keycloak");
    let jupyter = create(cluster, "HTTPRoute", "jupyterhub", "jupyter");
    let cr8tor = create(cluster, "GRPCRoute", "cr8tor", "cr8tor");
    // The Gateway's controller has not accepted it yet.
    let gitea = create(cluster, "HTTPRoute", "gitea", "gitea");
    for route in [&keycloak, &jupyter, &cr8tor] {
        accept(cluster, route);
    }
    let running = Running::start(cluster, Zone::new());
    running.publishes(&[
        ("cr8tor", &[GATEWAY]),
        ("jupyter", &[GATEWAY]),
        ("keycloak", &[GATEWAY]),
    ]);
    for (key, record) in running.zone.records() {
        assert_eq!(record["owner"], DOMAIN, "{key}");
    }

    // One route becomes accepted, one rejected, one gets another hostname, and a Service is created.
    accept(cluster, &gitea);
    set_accepted(cluster, &cr8tor, false);
    let change = json!({"spec": {"hostnames": [full_name("guacamole")]}});
    cluster.developer.merge(&path(&jupyter), &change).accepted();
    let service = create_load_balancer(cluster, "observability", "metrics", "192.0.2.90");
    running.publishes(&[
        ("gitea", &[GATEWAY]),
        ("guacamole", &[GATEWAY]),
        ("keycloak", &[GATEWAY]),
        ("metrics", &["192.0.2.90"]),
    ]);
    running.denies("cr8tor");
    running.denies("jupyter");

    // The address of the Gateway changes, and with it only the addresses of its routes.
    let moved = "192.0.2.81";
    set_gateway_address(cluster, moved);
    accept(cluster, &cr8tor);
    running.publishes(&[
        ("cr8tor", &[moved]),
        ("gitea", &[moved]),
        ("guacamole", &[moved]),
        ("keycloak", &[moved]),
        ("metrics", &["192.0.2.90"]),
    ]);

    for object in [&gitea, &jupyter, &cr8tor, &service] {
        cluster.developer.delete(object).accepted();
    }
    running.publishes(&[("keycloak", &[moved])]);
    for host in ["cr8tor", "gitea", "guacamole", "metrics"] {
        running.denies(host);
    }
    cluster.developer.delete(&keycloak).accepted();
    running.publishes(&[]);
}

fn ownership(cluster: &mut TestCluster) {
    populate(cluster);
    let zone = Zone::new();
    let etcd = zone.etcd();
    let operator = Some("kare-dns-etcd-client");
    let key = |host: &str| format!("/skydns/org/k8tre/dev/{host}/aaaaaaaa");
    // Records written by hand, by another ExternalDNS, and by another ExternalDNS for a host that also has a
    // route here.
    let others = [
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
    for (host, record) in others {
        let put = zone.etcdctl(operator, &["put", &key(host), record]);
        put.expect("it is stored");
    }
    let metrics = create(cluster, "HTTPRoute", "observability", "metrics");
    accept(cluster, &metrics);
    let running = Running::with_etcd(cluster, zone, etcd);
    let published: [(&str, &[&str]); 3] = [
        ("by-hand", &["192.0.2.97"]),
        ("elsewhere", &["192.0.2.98"]),
        ("metrics", &[GATEWAY, "192.0.2.99"]),
    ];
    running.publishes(&published);

    // Its own records are lost. Any event triggers a new synchronisation.
    let own = "/skydns/org/k8tre/dev/dns/";
    let lost = running.zone.etcdctl(operator, &["del", "--prefix", own]);
    assert_eq!(lost.expect("they are deleted").trim(), "2");
    cluster.namespace("observability", &json!({"looked": "at"}));
    running.publishes(&published);

    cluster.developer.delete(&metrics).accepted();
    running.publishes(&[
        ("by-hand", &["192.0.2.97"]),
        ("elsewhere", &["192.0.2.98"]),
        ("metrics", &["192.0.2.99"]),
    ]);
    let stored = running.zone.records();
    for (host, record) in others {
        let record: Value = serde_json::from_str(record).expect("JSON");
        assert_eq!(stored[&key(host)], record, "{host}");
    }
}
