//! Routes and load balancers for ExternalDNS, with the status that their controllers set.

use serde_json::{Value, json};

use crate::client::path;
use crate::cluster::TestCluster;
use crate::fixtures::{HOSTNAME_ANNOTATION, object, route, route_to};
use crate::rendered;
use crate::zone::DOMAIN;

/// The address of the internal Gateway.
pub(crate) const GATEWAY: &str = "192.0.2.80";

/// The address of kare-dns' Service.
pub(crate) const KARE_DNS: &str = "192.0.2.53";

/// Creates the tree's objects that ExternalDNS uses.
pub(crate) fn populate(cluster: &TestCluster) {
    for component in ["gateway", "kare-dns", "externaldns"] {
        for object in rendered::of("k3s", component) {
            let kind = object["kind"].as_str().unwrap_or_default();
            let is_account = kind == "ServiceAccount" || kind.contains("Role");
            if is_account || matches!(kind, "Namespace" | "Gateway" | "HTTPRoute" | "Service") {
                cluster.admin.apply(&object).accepted();
            }
        }
    }
    set_gateway_address(cluster, GATEWAY);
    let redirect = route("HTTPRoute", "gateway", "http-to-https-redirect");
    accept(cluster, &redirect);
    let service = object("v1", "Service", "kare-dns", "kare-dns");
    set_load_balancer_address(cluster, &service, KARE_DNS);
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

/// Returns the full DNS name of a host in the domain.
pub(crate) fn full_name(host: &str) -> String {
    format!("{host}.{DOMAIN}")
}

fn set_status(cluster: &TestCluster, object: &Value, status: &Value) {
    let path = format!("{}/status", path(object));
    let status = json!({"status": status});
    cluster.admin.merge(&path, &status).accepted();
}

/// Sets the address of the internal Gateway, as its controller does.
pub(crate) fn set_gateway_address(cluster: &TestCluster, address: &str) {
    let gateway = route("Gateway", "gateway", "internal-gateway");
    let status = json!({
        "addresses": [{"type": "IPAddress", "value": address}],
        "conditions": [condition("Accepted", true), condition("Programmed", true)],
    });
    set_status(cluster, &gateway, &status);
}

/// Sets whether a route is accepted, as the Gateway's controller does.
pub(crate) fn set_accepted(cluster: &TestCluster, route: &Value, accepted: bool) {
    let stored = cluster.admin.get(&path(route)).accepted();
    let parents = stored["spec"]["parentRefs"].as_array().expect("parents");
    let parents = parents.iter().map(|parent| {
        json!({
            "parentRef": parent,
            "controllerName": "io.cilium/gateway-controller",
            "conditions": [condition("Accepted", accepted), condition("ResolvedRefs", true)],
        })
    });
    let parents: Vec<Value> = parents.collect();
    set_status(cluster, route, &json!({"parents": parents}));
}

pub(crate) fn accept(cluster: &TestCluster, route: &Value) {
    set_accepted(cluster, route, true);
}

/// Sets the address of a load balancer, as MetalLB does.
fn set_load_balancer_address(cluster: &TestCluster, service: &Value, address: &str) {
    let status = json!({"loadBalancer": {"ingress": [{"ip": address}]}});
    set_status(cluster, service, &status);
}

/// Returns a route for a host in the domain, on a Gateway in the namespace `gateway`. It has the shortest TTL
/// that kare-dns accepts, so that changes take effect soon.
pub(crate) fn route_for(kind: &str, namespace: &str, host: &str, gateway: &str) -> Value {
    let mut route = route_to(kind, namespace, host, &full_name(host));
    route["metadata"]["annotations"] = json!({"external-dns.alpha.kubernetes.io/ttl": "5"});
    route["spec"]["parentRefs"][0]["name"] = gateway.into();
    // The policies allow some hosts only with the backend that authenticates users.
    route["spec"]["rules"][0]["backendRefs"][0]["name"] = "jhub-auth-proxy".into();
    route
}

/// Creates a route of an app on the internal Gateway.
pub(crate) fn create(cluster: &TestCluster, kind: &str, namespace: &str, host: &str) -> Value {
    cluster.namespace(namespace, &json!({}));
    let route = route_for(kind, namespace, host, "internal-gateway");
    // A failed scenario may have left it.
    cluster.developer.apply(&route).accepted();
    route
}

/// Creates a Service of an app with a hostname and an address.
pub(crate) fn create_load_balancer(
    cluster: &TestCluster,
    namespace: &str,
    host: &str,
    address: &str,
) -> Value {
    cluster.namespace(namespace, &json!({}));
    let mut service = object("v1", "Service", namespace, host);
    service["metadata"]["annotations"] = json!({
        HOSTNAME_ANNOTATION: full_name(host),
        "external-dns.alpha.kubernetes.io/ttl": "5",
    });
    service["spec"] = json!({"type": "LoadBalancer", "ports": [{"port": 445}]});
    cluster.developer.create(&service).accepted();
    set_load_balancer_address(cluster, &service, address);
    service
}
