//! Attempts to publish or take a hostname that is delegated to another namespace.

use serde_json::{Value, json};

use super::{assert_rejected, project_admin};
use crate::client::path;
use crate::cluster::TestCluster;
use crate::crds;
use crate::external_dns::Running;
use crate::fixtures::{HOSTNAME_ANNOTATION, nginx_ingress, object, route_to};
use crate::routes::{GATEWAY, accept, create, create_load_balancer, full_name, populate};
use crate::zone::Zone;

/// The namespace of the project, to which the policies of K3s delegate [`OWN`].
const PROJECT: &str = "gitea";
const OWN: &str = "gitea";

/// The hostname of a route in the namespace of the same name.
const ROUTE: &str = "keycloak";

/// The hostname of a Service in the namespace `observability`.
const SERVICE: &str = "metrics";

const ALIAS: &str = "nginx.ingress.kubernetes.io/server-alias";

/// Tries every kind that publishes hostnames. ExternalDNS and kare-dns must not change a record because of it.
pub(super) fn run(cluster: &mut TestCluster) {
    populate(cluster);
    crds::install_external_dns(cluster);
    let keycloak = create(cluster, "HTTPRoute", ROUTE, ROUTE);
    accept(cluster, &keycloak);
    let address = "192.0.2.90";
    let metrics = create_load_balancer(cluster, "observability", SERVICE, address);
    let admin = project_admin(cluster, PROJECT);
    let own = create(cluster, "HTTPRoute", PROJECT, OWN);
    accept(cluster, &own);
    let running = Running::start(cluster, Zone::new());
    let others: [(&str, &[&str]); 2] = [(ROUTE, &[GATEWAY]), (SERVICE, &[address])];
    let all = [others[0], others[1], (OWN, &[GATEWAY])];
    running.publishes(&all);
    let before = [&keycloak, &metrics].map(|it| cluster.admin.get(&path(it)).accepted());

    for victim in [ROUTE, SERVICE] {
        for (name, object, rule) in attempts(&full_name(victim)) {
            assert_rejected(&name, &admin.create(&object), rule);
        }
    }
    for (name, object, rule) in attempts_for_all_hosts() {
        assert_rejected(name, &admin.create(&object), rule);
    }
    for (name, object, change, rule) in updates(&own) {
        if object["metadata"]["name"] != own["metadata"]["name"] {
            admin.create(&object).accepted();
        }
        assert_rejected(name, &admin.merge(&path(&object), &change), rule);
    }
    for object in [&keycloak, &metrics] {
        let moved = json!({"metadata": {"annotations": {"changed": "yes"}}});
        assert_eq!(admin.merge(&path(object), &moved).status, 403);
    }

    // A change after all attempts: when it is published, ExternalDNS has seen them.
    admin.delete(&own).accepted();
    running.publishes(&others);
    let after = [&keycloak, &metrics].map(|it| cluster.admin.get(&path(it)).accepted());
    assert_eq!(before, after);
    for object in [&keycloak, &metrics] {
        cluster.developer.delete(object).accepted();
    }
    running.publishes(&[]);
}

/// Returns objects that claim a hostname, with the rule that rejects each.
fn attempts(hostname: &str) -> Vec<(String, Value, &'static str)> {
    let mut attempts = Vec::new();
    let mut add = |name: &str, object: Value, rule: &'static str| {
        attempts.push((format!("{name} for {hostname}"), object, rule));
    };
    for kind in ["HTTPRoute", "GRPCRoute"] {
        add(
            kind,
            route_to(kind, PROJECT, "tried", hostname),
            "delegation",
        );
        let mut annotated = route_to(kind, PROJECT, "tried", &full_name(OWN));
        annotated["metadata"]["annotations"] = json!({HOSTNAME_ANNOTATION: hostname});
        add(&format!("annotated {kind}"), annotated, "delegation");
    }
    for kind in ["LoadBalancer", "ClusterIP", "NodePort", "ExternalName"] {
        for annotation in ["hostname", "internal-hostname"] {
            for prefix in [
                "external-dns.alpha.kubernetes.io",
                "external-dns.kubernetes.io",
            ] {
                let key = format!("{prefix}/{annotation}");
                let name = format!("Service of type {kind} with `{key}`");
                // After a hostname of the project, as ExternalDNS also reads it.
                let value = format!("{}, {hostname}", full_name(OWN));
                add(&name, service(kind, &json!({key: value})), "delegation");
            }
        }
    }
    for notation in [hostname.to_uppercase(), format!("{hostname}.")] {
        let annotation = json!({HOSTNAME_ANNOTATION: notation});
        let service = service("LoadBalancer", &annotation);
        add("Service with another notation", service, "hostnames");
    }
    let mut endpoint = object(
        "externaldns.k8s.io/v1alpha1",
        "DNSEndpoint",
        PROJECT,
        "tried",
    );
    endpoint["spec"] = json!({"endpoints": [
        {"dnsName": hostname, "recordType": "A", "targets": ["192.0.2.66"]},
    ]});
    add("DNSEndpoint", endpoint, "delegation");
    add("Ingress", ingress(hostname), "delegation");
    let mut alias = ingress(&full_name(OWN));
    alias["metadata"]["annotations"][ALIAS] = hostname.into();
    add("Ingress with an alias", alias, "delegation");
    let mut tls = ingress(&full_name(OWN));
    tls["spec"]["tls"] = json!([{"hosts": [hostname]}]);
    add("Ingress with a certificate", tls, "delegation");
    attempts
}

/// Returns objects that claim all hostnames.
fn attempts_for_all_hosts() -> Vec<(&'static str, Value, &'static str)> {
    let wildcard = full_name("*");
    let mut hostless = route_to("HTTPRoute", PROJECT, "tried", "");
    hostless["spec"]["hostnames"] = json!([]);
    let mut without_host = ingress("");
    without_host["spec"]["rules"][0]
        .as_object_mut()
        .expect("a rule")
        .remove("host");
    let mut default_backend = ingress(&full_name(OWN));
    default_backend["spec"]["defaultBackend"] =
        json!({"service": {"name": "web", "port": {"number": 80}}});
    vec![
        ("HTTPRoute without hostnames", hostless, "hostnames"),
        (
            "HTTPRoute with a wildcard",
            route_to("HTTPRoute", PROJECT, "tried", &wildcard),
            "wildcards",
        ),
        (
            "Service with a wildcard",
            service("LoadBalancer", &json!({HOSTNAME_ANNOTATION: wildcard})),
            "wildcards",
        ),
        ("Ingress with a wildcard", ingress(&wildcard), "wildcards"),
        ("Ingress without a host", without_host, "hostnames"),
        (
            "Ingress with a default backend",
            default_backend,
            "hostnames",
        ),
    ]
}

/// Returns objects that may exist, each with a change that is rejected, and its rule.
fn updates(own: &Value) -> Vec<(&'static str, Value, Value, &'static str)> {
    let hostname = full_name(ROUTE);
    let mut nginx = ingress(&full_name(OWN));
    nginx["metadata"]["name"] = "own".into();
    let mut plain = service("ClusterIP", &json!({}));
    plain["metadata"]["name"] = "own".into();
    vec![
        (
            "a hostname that is added to a route",
            own.clone(),
            json!({"spec": {"hostnames": [full_name(OWN), hostname]}}),
            "delegation",
        ),
        (
            "a route that loses its hostnames",
            own.clone(),
            json!({"spec": {"hostnames": null}}),
            "hostnames",
        ),
        (
            "a Service that becomes a load balancer with a hostname",
            plain,
            json!({
                "metadata": {"annotations": {HOSTNAME_ANNOTATION: hostname}},
                "spec": {"type": "LoadBalancer"},
            }),
            "delegation",
        ),
        (
            "an alias that is added to an Ingress",
            nginx,
            json!({"metadata": {"annotations": {ALIAS: hostname}}}),
            "delegation",
        ),
    ]
}

fn service(kind: &str, annotations: &Value) -> Value {
    let mut service = object("v1", "Service", PROJECT, "tried");
    service["metadata"]["annotations"] = annotations.clone();
    service["spec"] = match kind {
        "ExternalName" => json!({"type": kind, "externalName": "example.org"}),
        _ => json!({"type": kind, "ports": [{"port": 80}]}),
    };
    service
}

/// Returns an Ingress that requires ingress-nginx.
fn ingress(host: &str) -> Value {
    let annotations = json!({"nginx.ingress.kubernetes.io/auth-url": "https://auth.example.org"});
    nginx_ingress(PROJECT, host, &annotations)
}
