//! Ingresses, whose refusal is the HTTPRoute to apply in their place.

use serde_json::{Value, json};

use crate::Scenario;
use crate::client::path;
use crate::kubectl::{Terminal, WAYS, kubectl, manifest};
use crate::own::own;
use crate::plane::Plane;
use crate::policies::{DOMAIN, Mode, Profile};

pub(crate) const SCENARIOS: [Scenario; 1] = [(
    "who applies an Ingress sees the HTTPRoute in the terminal, and that text applies as it stands",
    route_in_the_terminal,
)];

/// These store Ingresses, on which the controller of a cluster of others would act.
pub(crate) const STORED: [Scenario; 2] = [
    (
        "an Ingress that only NGINX can serve is let in, and the terminal says what forces it",
        nginx_needed,
    ),
    (
        "a policy in mode monitor lets the Ingress in and shows the warning alone",
        monitored,
    ),
];

/// The namespace to which K8TRE's policies give [`HOST`].
const NAMESPACE: &str = "keycloak";
const HOST: &str = "keycloak";

/// How the refusal begins, which is its warning too.
fn refusal() -> String {
    let gateway = own("gateway");
    format!("this Ingress can be an HTTPRoute on `{gateway}/internal-gateway`")
}

/// As a chart brings it: TLS of its own, and a port by the name that its Service gives it.
fn ingress(name: &str) -> Value {
    let host = format!("{HOST}.{DOMAIN}");
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": name,
            "namespace": own(NAMESPACE),
            "annotations": {"nginx.ingress.kubernetes.io/ssl-redirect": "true"},
        },
        "spec": {
            "ingressClassName": "nginx",
            "tls": [{"hosts": [host], "secretName": "keycloak-tls"}],
            "rules": [{
                "host": host,
                "http": {"paths": [{
                    "path": "/",
                    "pathType": "Prefix",
                    "backend": {"service": {"name": "keycloak", "port": {"name": "http"}}},
                }]},
            }],
        },
    })
}

fn prepare(plane: &Plane) {
    plane.namespace(NAMESPACE, &json!({}));
    let service = json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "keycloak", "namespace": own(NAMESPACE)},
        "spec": {"ports": [{"name": "http", "port": 8080}]},
    });
    plane.admin.apply(&service).accepted();
}

/// What a person selects with the mouse: all from the manifest's first line on.
fn manifest_in(terminal: &Terminal) -> &str {
    let begin = terminal.errors.find("\napiVersion: ");
    let begin = begin.unwrap_or_else(|| panic!("no manifest in {}", terminal.errors));
    &terminal.errors[begin + 1..]
}

fn route_in_the_terminal(plane: &mut Plane) {
    prepare(plane);
    for (way, arguments) in WAYS {
        let ingress = ingress(&format!("refused-{way}"));
        let terminal = kubectl(plane, arguments, &manifest(&ingress));
        assert!(!terminal.succeeded, "{way}: {terminal:#?}");
        assert!(terminal.errors.contains(&refusal()), "{way}: {terminal:#?}");
        assert_eq!(plane.admin.get(&path(&ingress)).status, 404, "{way}");

        let text = manifest_in(&terminal);
        let applied = kubectl(plane, &["apply", "-f", "-"], text).success();
        // One object, of which nothing is to be said.
        assert_eq!(applied.errors, "", "{way}");
        let name = applied
            .output
            .strip_prefix("httproute.gateway.networking.k8s.io/");
        let name = name.and_then(|it| it.strip_suffix(" created\n"));
        let name = name.unwrap_or_else(|| panic!("{way}: {}", applied.output));
        let namespace = own(NAMESPACE);
        let route =
            format!("/apis/gateway.networking.k8s.io/v1/namespaces/{namespace}/httproutes/{name}");
        let route = plane.admin.get(&route).accepted();
        let spec = &route["spec"];
        assert_eq!(spec["hostnames"], json!([format!("{HOST}.{DOMAIN}")]));
        assert_eq!(spec["parentRefs"][0]["name"], "internal-gateway");
        assert_eq!(spec["parentRefs"][0]["namespace"], own("gateway"));
        assert_eq!(spec["rules"].as_array().map(Vec::len), Some(1), "{spec:#}");
        let rule = &spec["rules"][0];
        assert_eq!(
            rule["matches"],
            json!([{"path": {"type": "PathPrefix", "value": "/"}}])
        );
        assert_eq!(rule["backendRefs"][0]["name"], "keycloak");
        // The number of the port that the Ingress names, from the Service in the cluster.
        assert_eq!(rule["backendRefs"][0]["port"], 8080);
    }
}

fn nginx_needed(plane: &mut Plane) {
    prepare(plane);
    let mut ingress = ingress("needs-nginx");
    ingress["metadata"]["annotations"]["nginx.ingress.kubernetes.io/configuration-snippet"] =
        "more_set_headers \"X-Frame-Options: DENY\";".into();
    let terminal = kubectl(plane, &["apply", "-f", "-"], &manifest(&ingress)).success();
    let told = "configuration-snippet]: forces NGINX: is NGINX configuration";
    assert!(terminal.errors.starts_with("Warning: "), "{terminal:#?}");
    assert!(terminal.errors.contains(told), "{terminal:#?}");
    let stored = plane.admin.get(&path(&ingress)).accepted();
    assert_eq!(stored["spec"], ingress["spec"]);
}

fn monitored(plane: &mut Plane) {
    prepare(plane);
    plane.install_in(Profile::K3s, Mode::Monitor);
    for (way, arguments) in WAYS {
        let ingress = ingress(&format!("monitored-{way}"));
        let terminal = kubectl(plane, arguments, &manifest(&ingress)).success();
        let lines: Vec<&str> = terminal.errors.lines().collect();
        assert!(lines[0].starts_with("Warning: "), "{way}: {terminal:#?}");
        assert!(lines[0].contains(&refusal()), "{way}: {terminal:#?}");
        // Not the route: of a refusal that is none only the warning is left.
        assert_eq!(lines.len(), 1, "{way}: {terminal:#?}");
        let stored = plane.admin.get(&path(&ingress)).accepted();
        assert_eq!(stored["spec"], ingress["spec"], "{way}");
    }
    plane.install(Profile::K3s);
    // The same is refused again, and what was let in meanwhile can still be mended.
    plane.person.create(&ingress("monitored-no-more")).refused();
    let mut mended = plane
        .admin
        .get(&path(&ingress("monitored-create")))
        .accepted();
    mended["spec"]["tls"] = json!([]);
    plane.person.replace(&mended).accepted();
}
