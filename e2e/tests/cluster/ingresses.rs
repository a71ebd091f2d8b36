//! Ingresses. The rejection contains the HTTPRoute to apply instead.

use serde_json::{Value, json};

use crate::client::path;
use crate::cluster::TestCluster;
use crate::kubectl::{APPLY_COMMANDS, Terminal, kubectl, manifest};
use crate::policies::{DOMAIN, Mode, Profile};
use crate::prefix::prefixed;
use crate::scenario::{Requirement, Scenario};

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::new(
        "ingresses/httproute",
        "kubectl shows the HTTPRoute for a rejected Ingress, and that text can be applied unchanged",
        route_in_the_terminal,
    ),
    Scenario::new(
        "ingresses/requires-nginx",
        "an Ingress that requires ingress-nginx is accepted, and kubectl shows the reason",
        requires_nginx,
    )
    .requires(Requirement::OwnApiServer),
    Scenario::new(
        "ingresses/monitor",
        "a policy in mode monitor accepts the Ingress and shows only the warning",
        monitored,
    )
    .requires(Requirement::OwnApiServer),
];

/// The namespace to which the policies delegate the hostname of [`HOST`].
const NAMESPACE: &str = "keycloak";
const HOST: &str = "keycloak";

/// Returns the start of the rejection and of its warning.
fn rejection() -> String {
    let gateway = prefixed("gateway");
    format!("this Ingress can be expressed as an HTTPRoute on `{gateway}/internal-gateway`")
}

/// Returns an Ingress as charts render it: with TLS, and with the name of a Service port.
fn ingress(name: &str) -> Value {
    let host = format!("{HOST}.{DOMAIN}");
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": name,
            "namespace": prefixed(NAMESPACE),
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

fn prepare(cluster: &TestCluster) {
    cluster.namespace(NAMESPACE, &json!({}));
    let service = json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "keycloak", "namespace": prefixed(NAMESPACE)},
        "spec": {"ports": [{"name": "http", "port": 8080}]},
    });
    cluster.admin.apply(&service).accepted();
}

/// Returns the manifest at the end of the message.
fn shown_manifest(terminal: &Terminal) -> &str {
    let begin = terminal.errors.find("\napiVersion: ");
    let begin = begin.unwrap_or_else(|| panic!("no manifest in {}", terminal.errors));
    &terminal.errors[begin + 1..]
}

fn route_in_the_terminal(cluster: &mut TestCluster) {
    prepare(cluster);
    for (way, arguments) in APPLY_COMMANDS {
        let ingress = ingress(&format!("rejected-{way}"));
        let terminal = kubectl(cluster, arguments, &manifest(&ingress));
        assert!(!terminal.succeeded, "{way}: {terminal:#?}");
        assert!(
            terminal.errors.contains(&rejection()),
            "{way}: {terminal:#?}"
        );
        assert_eq!(cluster.admin.get(&path(&ingress)).status, 404, "{way}");

        let text = shown_manifest(&terminal);
        let applied = kubectl(cluster, &["apply", "-f", "-"], text).success();
        // One object, and no warning.
        assert_eq!(applied.errors, "", "{way}");
        let name = applied
            .output
            .strip_prefix("httproute.gateway.networking.k8s.io/");
        let name = name.and_then(|it| it.strip_suffix(" created\n"));
        let name = name.unwrap_or_else(|| panic!("{way}: {}", applied.output));
        let namespace = prefixed(NAMESPACE);
        let route =
            format!("/apis/gateway.networking.k8s.io/v1/namespaces/{namespace}/httproutes/{name}");
        let route = cluster.admin.get(&route).accepted();
        let spec = &route["spec"];
        assert_eq!(spec["hostnames"], json!([format!("{HOST}.{DOMAIN}")]));
        assert_eq!(spec["parentRefs"][0]["name"], "internal-gateway");
        assert_eq!(spec["parentRefs"][0]["namespace"], prefixed("gateway"));
        assert_eq!(spec["rules"].as_array().map(Vec::len), Some(1), "{spec:#}");
        let rule = &spec["rules"][0];
        assert_eq!(
            rule["matches"],
            json!([{"path": {"type": "PathPrefix", "value": "/"}}])
        );
        assert_eq!(rule["backendRefs"][0]["name"], "keycloak");
        // The port number comes from the Service in the cluster.
        assert_eq!(rule["backendRefs"][0]["port"], 8080);
    }
}

fn requires_nginx(cluster: &mut TestCluster) {
    prepare(cluster);
    let mut ingress = ingress("needs-nginx");
    ingress["metadata"]["annotations"]["nginx.ingress.kubernetes.io/configuration-snippet"] =
        "more_set_headers \"X-Frame-Options: DENY\";".into();
    let terminal = kubectl(cluster, &["apply", "-f", "-"], &manifest(&ingress)).success();
    let reason =
        "configuration-snippet]: is NGINX configuration, which ingress-nginx rejects by default";
    let retired = "ingress-nginx is retired: no releases and no security fixes since March 2026";
    assert!(terminal.errors.starts_with("Warning: "), "{terminal:#?}");
    assert!(terminal.errors.contains(reason), "{terminal:#?}");
    assert!(terminal.errors.contains(retired), "{terminal:#?}");
    let stored = cluster.admin.get(&path(&ingress)).accepted();
    assert_eq!(stored["spec"], ingress["spec"]);
    // It would keep its path from the Ingresses of later scenarios.
    cluster.admin.delete(&ingress).accepted();
}

fn monitored(cluster: &mut TestCluster) {
    prepare(cluster);
    cluster.install_in(Profile::K3s, Mode::Monitor);
    for (way, arguments) in APPLY_COMMANDS {
        let ingress = ingress(&format!("monitored-{way}"));
        let terminal = kubectl(cluster, arguments, &manifest(&ingress)).success();
        let lines: Vec<&str> = terminal.errors.lines().collect();
        assert!(lines[0].starts_with("Warning: "), "{way}: {terminal:#?}");
        assert!(lines[0].contains(&rejection()), "{way}: {terminal:#?}");
        // The mode monitor shows only the warning, without the route.
        assert_eq!(lines.len(), 1, "{way}: {terminal:#?}");
        let stored = cluster.admin.get(&path(&ingress)).accepted();
        assert_eq!(stored["spec"], ingress["spec"], "{way}");
        // It would keep its path from the next one.
        cluster.admin.delete(&ingress).accepted();
    }
    cluster.admin.create(&ingress("monitored")).accepted();
    cluster.install(Profile::K3s);
    // In the mode protect, the Ingress is rejected again. One that was accepted before may not lose its
    // certificate, but still be changed otherwise.
    cluster
        .developer
        .create(&ingress("monitored-no-more"))
        .rejected();
    let accepted = path(&ingress("monitored"));
    let plain = json!({"spec": {"tls": null}});
    let message = cluster.developer.merge(&accepted, &plain).rejected();
    assert!(message.contains("the update changes spec.tls"), "{message}");
    let labelled = json!({"metadata": {"labels": {"app": "keycloak"}}});
    cluster.developer.merge(&accepted, &labelled).accepted();
}
