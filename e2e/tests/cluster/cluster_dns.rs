//! The cluster's own DNS, which forwards the plane's domain to kare-dns.

use std::net::{Ipv4Addr, UdpSocket};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use serde_json::json;

use crate::cluster::TestCluster;
use crate::external_dns::Running;
use crate::kubeconfig;
use crate::policies::ACCOUNT;
use crate::process::{self, Process, tool, until};
use crate::routes::{GATEWAY, KARE_DNS, accept, create, full_name, populate, route_for};
use crate::scenario::{Requirement, Scenario};
use crate::zone::query::Client;
use crate::zone::{DNS_PORT, DOMAIN, Zone, swap};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::new(
        "cluster-dns/routes",
        "a hostname of a route resolves through the cluster's DNS, and the zone contains nothing else",
        routes,
    )
    .requires(Requirement::OwnApiServer),
    Scenario::new(
        "cluster-dns/forwarding",
        "queries for the cluster's own names and for other domains do not reach kare-dns",
        forwarding,
    )
    .requires(Requirement::OwnApiServer),
    Scenario::new(
        "cluster-dns/etcd-restart",
        "while etcd is down, cached names still resolve and others fail; afterwards all names resolve",
        etcd_restart,
    )
    .requires(Requirement::OwnApiServer),
    Scenario::new(
        "cluster-dns/kare-dns-restart",
        "a restart of kare-dns and its etcd loses no record",
        kare_dns_restart,
    )
    .requires(Requirement::OwnApiServer),
];

/// Starts CoreDNS as K3s configures it, with the server block of `cluster-dns` in the directory that K3s
/// imports.
fn cluster_dns(cluster: &TestCluster, zone: &Zone) -> Process {
    let address = zone.addresses.cluster_dns();
    let directory = zone.path().join("cluster-dns");
    std::fs::create_dir_all(directory.join("custom")).expect("a directory");
    let data = &zone.object("ConfigMap", "coredns-custom").value["data"];
    for (file, block) in data.as_object().expect("files") {
        let mut block = vec![block.as_str().expect("text").to_owned()];
        let bound = format!("{DOMAIN}:{DNS_PORT} {{\n    bind {address}");
        swap(&mut block, &format!("{DOMAIN}:53 {{"), &bound);
        let kare_dns = zone.addresses.kare_dns();
        let forward = format!("forward . {kare_dns}");
        swap(&mut block, &forward, &format!("{forward}:{DNS_PORT}"));
        std::fs::write(directory.join("custom").join(file), block.concat()).expect("a file");
    }
    let config: PathBuf = directory.join("kubeconfig");
    kubeconfig::write(&cluster.admin.kubeconfig, &config);
    let config = config.display();
    let upstream = zone.addresses.upstream();
    let custom = directory.join("custom");
    let custom = custom.display();
    // The plugins and imports of K3s' own Corefile.
    let corefile = format!(
        ".:{DNS_PORT} {{
            bind {address}
            errors
            health {address}:8080
            ready {address}:8181
            kubernetes cluster.local in-addr.arpa ip6.arpa {{
                kubeconfig {config}
                pods insecure
                fallthrough in-addr.arpa ip6.arpa
            }}
            prometheus {address}:9153
            forward . {upstream}:{DNS_PORT}
            cache 30
            reload
            loadbalance
            import {custom}/*.override
        }}
        import {custom}/*.server\n"
    );
    let path = directory.join("Corefile");
    std::fs::write(&path, corefile).expect("a file");
    let mut command = Command::new(tool("coredns"));
    command.arg("-conf").arg(path);
    let mut process = Process::start("cluster-dns", &mut command, zone.path());
    process.ready((address, 8181).into(), "/ready");
    process
}

/// Returns a client of the cluster's DNS.
fn pod(zone: &Zone) -> Client {
    zone.client(zone.addresses.cluster_dns())
}

/// Starts a resolver that acts as the one of the nodes. Returns the number of its queries.
fn upstream(zone: &Zone) -> Arc<AtomicUsize> {
    let queries = Arc::new(AtomicUsize::new(0));
    let socket = UdpSocket::bind((zone.addresses.upstream(), DNS_PORT)).expect("an address");
    let counter = Arc::clone(&queries);
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            counter.fetch_add(1, Ordering::SeqCst);
            // Returns the query as an answer with NXDOMAIN.
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
    queries
}

/// Returns the number of queries that kare-dns received.
fn queries_to_kare_dns(zone: &Zone) -> u64 {
    let address = (zone.addresses.kare_dns(), 9153).into();
    let (_, metrics) = process::get(address, "/metrics").expect("metrics");
    let counts = metrics
        .lines()
        .filter(|line| line.starts_with("coredns_dns_requests_total{"));
    counts
        .map(|line| {
            line.rsplit(' ')
                .next()
                .and_then(|it| it.parse::<u64>().ok())
        })
        .map(|count| count.expect("a number"))
        .sum()
}

fn address(text: &str) -> Ipv4Addr {
    text.parse().expect("an address")
}

fn routes(cluster: &mut TestCluster) {
    populate(cluster);
    let keycloak = create(cluster, "HTTPRoute", "keycloak", "keycloak");
    accept(cluster, &keycloak);
    // Routes on another Gateway and outside the domain. They are in Kubewarden's namespace, because the
    // policies reject them elsewhere.
    let namespace = ACCOUNT.namespace;
    let other_gateway = route_for("HTTPRoute", namespace, "other", "own-gateway");
    let mut other_domain = route_for("HTTPRoute", namespace, "outside", "internal-gateway");
    other_domain["spec"]["hostnames"] = json!(["www.example.com"]);
    for route in [&other_gateway, &other_domain] {
        cluster.admin.create(route).accepted();
        accept(cluster, route);
    }
    let running = Running::start(cluster, Zone::new());
    let zone = &running.zone;
    let _cluster_dns = cluster_dns(cluster, zone);
    let (pod, kare_dns) = (pod(zone), zone.kare_dns_client());

    let name = full_name("keycloak");
    let gateway = [address(GATEWAY)];
    let addresses = until("the route's host resolves", || pod.addresses(&name));
    assert_eq!(addresses, gateway);
    let over_tcp = pod.query_tcp(&name, RecordType::A).unwrap();
    assert_eq!(over_tcp.addresses().unwrap(), gateway);
    // The annotation of kare-dns' own Service gives the zone its name server and its address.
    let name_servers = until("the zone has a name server", || {
        let targets = kare_dns.query(DOMAIN, RecordType::NS)?.targets();
        match targets.is_empty() {
            true => Err("none".to_owned()),
            false => Ok(targets),
        }
    });
    assert_eq!(name_servers, [format!("ns.dns.{DOMAIN}.")]);
    assert_eq!(kare_dns.addresses(DOMAIN).unwrap(), [address(KARE_DNS)]);
    // The zone has no `*` of the redirect, no ownership records, and no hostnames of the other two routes.
    running.publishes(&[("keycloak", &[GATEWAY])]);
    for (key, record) in zone.records() {
        assert_eq!(record["owner"], DOMAIN, "{key}");
    }

    for route in [&keycloak, &other_gateway, &other_domain] {
        cluster.admin.delete(route).accepted();
    }
    running.publishes(&[]);
}

fn forwarding(cluster: &mut TestCluster) {
    let zone = Zone::new();
    let queries = upstream(&zone);
    let _etcd = zone.etcd();
    let _kare_dns = zone.kare_dns();
    let _cluster_dns = cluster_dns(cluster, &zone);
    let pod = pod(&zone);
    let before = queries_to_kare_dns(&zone);

    let name = "kubernetes.default.svc.cluster.local";
    let found = until("the cluster resolves its own names", || pod.addresses(name));
    assert_eq!(found, [address("10.43.0.1")]);
    let absent = "absent.default.svc.cluster.local";
    let absent = pod.query(absent, RecordType::A).unwrap();
    assert_eq!(absent.code(), ResponseCode::NXDomain);
    assert_eq!(queries.load(Ordering::SeqCst), 0);
    // Similar domains are not part of the domain.
    for (expected, name) in [
        (1, "www.example.com"),
        (2, "xdev.k8tre.org"),
        (3, "stg.k8tre.org"),
    ] {
        let answer = pod.query(name, RecordType::A).unwrap();
        assert_eq!(answer.code(), ResponseCode::NXDomain, "{name}");
        assert!(queries.load(Ordering::SeqCst) >= expected, "{name}");
    }
    assert_eq!(queries_to_kare_dns(&zone), before);

    // The counter works: queries for names of the domain reach kare-dns.
    let answer = pod.query(&full_name("absent"), RecordType::A).unwrap();
    assert_eq!(answer.code(), ResponseCode::NXDomain);
    // kare-dns counts a query after it has sent the answer.
    until("kare-dns counts the query", || {
        match queries_to_kare_dns(&zone) {
            same if same == before => Err(format!("still {same}")),
            _ => Ok(()),
        }
    });
    let metrics = process::get((zone.addresses.cluster_dns(), 9153).into(), "/metrics");
    assert_eq!(metrics.unwrap().0, 200);
}

fn etcd_restart(cluster: &mut TestCluster) {
    let zone = Zone::new();
    let etcd = zone.etcd();
    let kare_dns = zone.kare_dns();
    let _cluster_dns = cluster_dns(cluster, &zone);
    let (cached, uncached) = (full_name("keycloak"), full_name("jupyter"));
    zone.put_record(&cached, "1a2b3c4d", "192.0.2.7");
    zone.put_record(&uncached, "5e6f7a8b", "192.0.2.8");
    let (kare, pod) = (zone.kare_dns_client(), pod(&zone));
    let before = pod.addresses(&cached).unwrap();
    let id = kare_dns.id();

    etcd.kill();
    // Cached names still resolve, in kare-dns and in the cluster's DNS.
    assert_eq!(kare.addresses(&cached).unwrap(), before);
    assert_eq!(pod.addresses(&cached).unwrap(), before);
    // Others fail with SERVFAIL, not with NXDOMAIN, which resolvers would cache.
    let failed = kare.query(&uncached, RecordType::A).unwrap();
    assert_eq!(failed.code(), ResponseCode::ServFail);
    let failed = pod.query(&uncached, RecordType::A).unwrap();
    assert_eq!(failed.code(), ResponseCode::ServFail);

    let _etcd = zone.etcd();
    let recovered = until("kare-dns finds etcd again", || kare.addresses(&uncached));
    assert_eq!(recovered, [address("192.0.2.8")]);
    assert_eq!(kare_dns.id(), id);
    until("the cluster resolves it again", || pod.addresses(&uncached));
}

fn kare_dns_restart(cluster: &mut TestCluster) {
    let zone = Zone::new();
    let etcd = zone.etcd();
    let kare_dns = zone.kare_dns();
    let _cluster_dns = cluster_dns(cluster, &zone);
    let name = full_name("keycloak");
    zone.put_record(&name, "1a2b3c4d", "192.0.2.7");
    let before = zone.kare_dns_client().addresses(&name).unwrap();
    let stored = zone.records();

    kare_dns.kill();
    etcd.kill();
    let _etcd = zone.etcd();
    let _kare_dns = zone.kare_dns();
    assert_eq!(zone.records(), stored);
    assert_eq!(zone.kare_dns_client().addresses(&name).unwrap(), before);
    let found = until("the cluster finds it again", || pod(&zone).addresses(&name));
    assert_eq!(found, before);
}
