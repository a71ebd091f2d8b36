//! Minimal objects that several scenarios create. On an existing cluster, their namespaces are prefixed.

use serde_json::{Value, json};

use crate::existing::set_unhandled_class;
use crate::prefix::prefixed;

/// The annotation whose hostnames ExternalDNS publishes.
pub(crate) const HOSTNAME_ANNOTATION: &str = "external-dns.alpha.kubernetes.io/hostname";

/// Returns an object without a spec.
pub(crate) fn object(version: &str, kind: &str, namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": name, "namespace": prefixed(namespace)},
    })
}

/// Returns a claim without a storage class.
pub(crate) fn claim(namespace: &str, name: &str) -> Value {
    let mut claim = object("v1", "PersistentVolumeClaim", namespace, name);
    claim["spec"] = json!({
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}},
    });
    claim
}

pub(crate) fn load_balancer(namespace: &str, name: &str) -> Value {
    let mut service = load_balancer_without_class(namespace, name);
    set_unhandled_class(&mut service);
    service
}

/// Returns a load balancer that the controllers of an existing cluster would handle. Use it in dry runs only.
pub(crate) fn load_balancer_without_class(namespace: &str, name: &str) -> Value {
    let mut service = object("v1", "Service", namespace, name);
    service["spec"] = json!({"type": "LoadBalancer", "ports": [{"port": 80}]});
    service
}

pub(crate) fn config_map(namespace: &str, name: &str) -> Value {
    let mut config = object("v1", "ConfigMap", namespace, name);
    config["data"] = json!({"a": "b"});
    config
}

/// Returns an ExternalSecret of the plane's store.
pub(crate) fn external_secret(namespace: &str, name: &str) -> Value {
    let mut secret = object("external-secrets.io/v1", "ExternalSecret", namespace, name);
    secret["spec"] = json!({
        "secretStoreRef": {"kind": "ClusterSecretStore", "name": "secret-store"},
        "data": [{"secretKey": "password", "remoteRef": {"key": "db", "property": "password"}}],
    });
    secret
}

/// Returns a store that the policies reject.
pub(crate) fn fake_store(namespace: &str, name: &str) -> Value {
    let mut store = object("external-secrets.io/v1", "SecretStore", namespace, name);
    store["spec"] = json!({"provider": {"fake": {"data": []}}});
    store
}

/// Returns a route or Gateway without a spec.
pub(crate) fn route(kind: &str, namespace: &str, name: &str) -> Value {
    object("gateway.networking.k8s.io/v1", kind, namespace, name)
}

/// Returns an HTTPRoute or GRPCRoute on the internal Gateway.
pub(crate) fn route_to(kind: &str, namespace: &str, name: &str, hostname: &str) -> Value {
    let mut route = route(kind, namespace, name);
    route["spec"] = json!({
        "parentRefs": [{"name": "internal-gateway", "namespace": prefixed("gateway")}],
        "hostnames": [hostname],
        "rules": [{"backendRefs": [{"name": "web", "port": 80}]}],
    });
    route
}

pub(crate) fn ingress(namespace: &str, name: &str) -> Value {
    let mut ingress = object("networking.k8s.io/v1", "Ingress", namespace, name);
    ingress["spec"] = json!({
        "defaultBackend": {"service": {"name": "web", "port": {"number": 80}}},
    });
    ingress
}

/// Returns an Ingress of the class `nginx` for a host.
pub(crate) fn nginx_ingress(namespace: &str, host: &str, annotations: &Value) -> Value {
    let mut ingress = object("networking.k8s.io/v1", "Ingress", namespace, "tried");
    ingress["metadata"]["annotations"] = annotations.clone();
    ingress["spec"] = json!({
        "ingressClassName": "nginx",
        "rules": [{"host": host, "http": {"paths": [{
            "path": "/",
            "pathType": "Prefix",
            "backend": {"service": {"name": "web", "port": {"number": 80}}},
        }]}}],
    });
    ingress
}
