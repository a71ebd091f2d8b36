//! Attempts to move traffic past the internal Gateway and its policies.

use serde_json::{Value, json};

use super::{Expected, assert_attempts, assert_rejected, project_admin};
use crate::client::path;
use crate::cluster::{APPS, TestCluster};
use crate::fixtures::{nginx_ingress, object, route, route_to};
use crate::policies::{DOMAIN, Mode, Profile};
use crate::prefix::prefixed;

/// The namespace to which the policies delegate the hostname of [`host`].
const DELEGATED: &str = "gitea";

/// The prefix of the annotations of ingress-nginx.
const NGINX: &str = "nginx.ingress.kubernetes.io";

fn host() -> String {
    format!("gitea.{DOMAIN}")
}

pub(super) fn run(cluster: &mut TestCluster) {
    let admin = project_admin(cluster, DELEGATED);
    // Ingresses from before the policies, which the setting `existing: warn` lets exist.
    cluster.install_in(Profile::K3s, Mode::Monitor);
    let existing = updates().map(|(name, annotations, changed)| {
        let mut ingress = nginx_ingress(DELEGATED, &host(), &annotations);
        ingress["metadata"]["name"] = name.into();
        admin.create(&ingress).accepted();
        (
            name,
            path(&ingress),
            json!({"metadata": {"annotations": changed}}),
        )
    });
    for profile in Profile::ALL {
        cluster.install(profile);
        let attempts = routes(profile).into_iter().chain(gateway_kinds());
        let attempts = attempts.chain(worthless_reasons());
        assert_attempts(&admin, profile, attempts.map(rejected));
        // Charts do not extend `edit` to these kinds, but CI and GitOps may create them.
        assert_attempts(&cluster.admin, profile, cilium_kinds().map(rejected));
        for (name, path, change) in &existing {
            let response = admin.merge(path, change);
            assert_rejected(name, &response, "translatable-ingress");
        }
    }
}

type Attempt = (&'static str, Value, &'static str);

fn rejected((name, object, rule): Attempt) -> (&'static str, Value, Expected) {
    (name, object, Expected::Rejected(rule))
}

fn own_route() -> Value {
    route_to("HTTPRoute", DELEGATED, "tried", &host())
}

fn routes(profile: Profile) -> Vec<Attempt> {
    let with = |pointer: &str, value: Value| {
        let mut route = own_route();
        route["spec"][pointer] = value;
        route
    };
    let on = |parent: Value| {
        let mut route = own_route();
        for (field, value) in parent.as_object().expect("fields") {
            route["spec"]["parentRefs"][0][field] = value.clone();
        }
        route
    };
    let filtered = |filter: Value| {
        with(
            "rules",
            json!([{"filters": [filter], "backendRefs": [{"name": "web", "port": 80}]}]),
        )
    };
    let request_header = |name: &str, value: &str| {
        filtered(json!({
            "type": "RequestHeaderModifier",
            "requestHeaderModifier": {"set": [{"name": name, "value": value}]},
        }))
    };
    // On AWS, the ALB sends requests to the listener `http`.
    let listener = match profile {
        Profile::Aws => "https",
        Profile::Azure | Profile::K3s => "http",
    };
    let backend = json!({"name": "web", "namespace": prefixed(APPS), "port": 80});
    vec![
        ("another Gateway", on(json!({"name": "own"})), "parents"),
        (
            "another listener",
            on(json!({"sectionName": listener})),
            "section-names",
        ),
        ("a port", on(json!({"port": 80})), "parent-ports"),
        (
            "a Service of another namespace",
            with("rules", json!([{"backendRefs": [backend]}])),
            "backend-namespaces",
        ),
        (
            "a mirror to another namespace",
            filtered(json!({"type": "RequestMirror", "requestMirror": {"backendRef": backend}})),
            "backend-namespaces",
        ),
        (
            "another host for the backend",
            request_header("Host", "metrics"),
            "filter-headers",
        ),
        (
            "the name of another user",
            request_header("Remote-User", "admin"),
            "identity-headers",
        ),
        (
            "a command of Envoy",
            request_header("X-Any", "%START_TIME%"),
            "header-values",
        ),
        (
            "CORS by hand",
            filtered(json!({
                "type": "ResponseHeaderModifier",
                "responseHeaderModifier": {
                    "set": [{"name": "Access-Control-Allow-Origin", "value": "https://example.org"}],
                },
            })),
            "filter-headers",
        ),
        (
            "a redirect out of the TRE",
            with(
                "rules",
                json!([{"filters": [{
                    "type": "RequestRedirect",
                    "requestRedirect": {"hostname": "example.org"},
                }]}]),
            ),
            "filter-hostnames",
        ),
    ]
}

/// Returns the kinds of Gateway API that a project admin may create, if a chart extends `edit` to them.
fn gateway_kinds() -> impl Iterator<Item = Attempt> {
    let parents = json!([{"name": "internal-gateway", "namespace": prefixed("gateway")}]);
    let rules = json!([{"backendRefs": [{"name": "web", "port": 80}]}]);
    let mut gateway = route("Gateway", DELEGATED, "tried");
    gateway["spec"] = json!({
        "gatewayClassName": "cilium",
        "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}],
    });
    let mut listeners = route("ListenerSet", DELEGATED, "tried");
    listeners["spec"] = json!({
        "parentRef": {"name": "internal-gateway", "namespace": prefixed("gateway")},
        "listeners": [{"name": "own", "port": 8080, "protocol": "HTTP"}],
    });
    let mut grant = object(
        "gateway.networking.k8s.io/v1beta1",
        "ReferenceGrant",
        DELEGATED,
        "tried",
    );
    grant["spec"] = json!({
        "from": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": prefixed(APPS)}],
        "to": [{"group": "", "kind": "Service"}],
    });
    let mut tls = route("TLSRoute", DELEGATED, "tried");
    tls["spec"] = json!({"parentRefs": parents, "hostnames": [host()], "rules": rules});
    let mut tcp = route("TCPRoute", DELEGATED, "tried");
    tcp["spec"] = json!({"parentRefs": parents, "rules": rules});
    [gateway, listeners, grant, tls, tcp]
        .into_iter()
        .map(|object| ("another kind of Gateway API", object, "traffic-kinds"))
}

fn cilium_kinds() -> impl Iterator<Item = Attempt> {
    let version = "cilium.io/v2";
    let mut envoy = object(version, "CiliumEnvoyConfig", DELEGATED, "tried");
    envoy["spec"] = json!({
        "services": [{"name": "web", "namespace": prefixed(APPS)}],
        "backendServices": [{"name": "web", "namespace": prefixed(APPS)}],
        "resources": [],
    });
    let mut clusterwide = envoy.clone();
    clusterwide["kind"] = "CiliumClusterwideEnvoyConfig".into();
    clusterwide["metadata"]
        .as_object_mut()
        .expect("metadata")
        .remove("namespace");
    let mut redirect = object(version, "CiliumLocalRedirectPolicy", DELEGATED, "tried");
    redirect["spec"] = json!({
        "redirectFrontend": {"serviceMatcher": {
            "serviceName": "web", "namespace": prefixed(DELEGATED),
        }},
        "redirectBackend": {
            "localEndpointSelector": {"matchLabels": {"app": "own"}},
            "toPorts": [{"port": "80", "protocol": "TCP"}],
        },
    });
    [envoy, clusterwide, redirect]
        .into_iter()
        .map(|object| ("a kind of Cilium", object, "traffic-kinds"))
}

/// Returns Ingresses that do not require ingress-nginx, because their annotations have no effect, or one that the
/// Gateway has anyway.
fn worthless_reasons() -> impl Iterator<Item = Attempt> {
    let of_nginx = [
        ("affinity", "none"),
        ("proxy-body-size", "100m"),
        ("proxy-body-size", "many"),
        ("ssl-redirect", "true"),
    ];
    let of_nginx = of_nginx.map(|(name, value)| (format!("{NGINX}/{name}"), value));
    let public = (
        "alb.ingress.kubernetes.io/scheme".to_owned(),
        "internet-facing",
    );
    of_nginx.into_iter().chain([public]).map(|(key, value)| {
        let ingress = nginx_ingress(DELEGATED, &host(), &json!({key: value}));
        ("a reason without effect", ingress, "translatable-ingress")
    })
}

/// Returns the annotations of an Ingress, and changes that add something or take protection away.
fn updates() -> [(&'static str, Value, Value); 5] {
    let of_nginx = |annotation: &str, value: &str| json!({format!("{NGINX}/{annotation}"): value});
    let target = "external-dns.alpha.kubernetes.io/target";
    [
        (
            "authentication",
            of_nginx("auth-url", "https://auth.example.org"),
            json!({format!("{NGINX}/auth-url"): null}),
        ),
        (
            "allowed-addresses",
            of_nginx("whitelist-source-range", "192.0.2.0/24"),
            of_nginx("whitelist-source-range", "0.0.0.0/0"),
        ),
        (
            "server-name",
            json!({}),
            of_nginx("from-to-www-redirect", "true"),
        ),
        (
            "redirect",
            of_nginx("permanent-redirect", &format!("https://portal.{DOMAIN}")),
            of_nginx("permanent-redirect", &format!("https://metrics.{DOMAIN}")),
        ),
        ("target", json!({}), json!({target: "192.0.2.66"})),
    ]
}
