//! Messages are complete sentences that fit in a terminal, whatever the object contains.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "test helpers may panic"
)]

use admission::{Cluster, Query, QueryError};
use hostname_ownership::{RULES, Settings, evaluate};
use serde_json::{Value, json};

/// An annotation with hostnames.
const ANNOTATION: &str = "external-dns.alpha.kubernetes.io/hostname";

/// The length after which terminals and events truncate a message.
const MAX_CHARS: usize = 200;

/// Settings with each kind of domain, with and without delegation.
fn settings() -> Vec<Value> {
    let delegation = json!([
        {"namespace": "jupyterhub", "hosts": ["jupyter", "guacamole", "notebooks"]},
        {"namespace": "n".repeat(63), "hosts": ["a"]},
    ]);
    let mut all = Vec::new();
    for domain in [
        json!("tre.university.example"),
        json!("${DOMAIN}"),
        Value::Null,
    ] {
        for delegation in [&json!([]), &delegation] {
            all.push(json!({"domain": domain, "delegation": delegation}));
        }
    }
    all
}

fn respond(object: &Value, settings: &Value) -> Value {
    let metadata = &object["metadata"];
    let api = object["apiVersion"].as_str().expect("an API version");
    let (group, version) = api.rsplit_once('/').unwrap_or(("", api));
    let payload = json!({"settings": settings, "request": {
        "kind": {"group": group, "version": version, "kind": object["kind"]},
        "operation": "CREATE",
        "name": metadata["name"],
        "namespace": metadata["namespace"],
        "object": object,
    }});
    let payload = payload.to_string();
    let response = admission::validate::<Settings>(payload.as_bytes(), evaluate, &OneRoute);
    serde_json::from_slice(&response).expect("the response is JSON")
}

/// A cluster with a route of another namespace, whose names are as long as possible.
struct OneRoute;

impl Cluster for OneRoute {
    fn list(&self, query: &Query<'_>) -> Result<String, QueryError> {
        let route = json!({
            "metadata": {"namespace": "o".repeat(63), "name": "r".repeat(253)},
            "spec": {"hostnames": ["jupyter.tre.university.example"]},
        });
        let items = match query.kind {
            "GRPCRoute" => vec![route],
            _ => Vec::new(),
        };
        Ok(json!({"items": items}).to_string())
    }
}

/// Texts as short and as long as the API server allows, and invalid ones.
fn texts() -> Vec<String> {
    vec![
        String::new(),
        "x".to_owned(),
        "a.b".to_owned(),
        "jupyter.tre.university.example".to_owned(),
        "*.jupyter.tre.university.example".to_owned(),
        "a.jupyter.tre.university.example".to_owned(),
        "tre.university.example".to_owned(),
        "gw.tre.university.example".to_owned(),
        format!("{}.tre.university.example", "l".repeat(63)),
        format!("{}.example.org", "l".repeat(63)),
        format!(
            "{}.{}.tre.university.example",
            "l".repeat(63),
            "m".repeat(63)
        ),
        "h".repeat(253),
        "\u{1b}[31m\nred".to_owned(),
        "é".repeat(99),
        "${DOMAIN}".to_owned(),
        "*.${DOMAIN}".to_owned(),
        "a.jupyter.${DOMAIN}".to_owned(),
        format!("{}.${{DOMAIN}}", "l".repeat(63)),
    ]
}

/// Returns objects of each kind with these hostnames.
fn objects(namespace: &str, hostnames: &[&str]) -> Vec<Value> {
    let metadata = json!({"name": "app", "namespace": namespace});
    let mut annotated = metadata.clone();
    annotated["annotations"] = json!({ANNOTATION: hostnames.join(",")});
    let rules: Vec<_> = hostnames.iter().map(|it| json!({"host": it})).collect();
    let endpoints: Vec<_> = hostnames.iter().map(|it| json!({"dnsName": it})).collect();
    vec![
        json!({
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "HTTPRoute",
            "metadata": metadata,
            "spec": {"hostnames": hostnames},
        }),
        json!({
            "apiVersion": "networking.k8s.io/v1",
            "kind": "Ingress",
            "metadata": metadata,
            "spec": {"rules": rules, "defaultBackend": {}},
        }),
        json!({"apiVersion": "v1", "kind": "Service", "metadata": annotated}),
        json!({
            "apiVersion": "externaldns.k8s.io/v1alpha1",
            "kind": "DNSEndpoint",
            "metadata": metadata,
            "spec": {"endpoints": endpoints},
        }),
    ]
}

/// Returns the rejections of objects with each text as a hostname, and the objects.
fn rejections() -> Vec<(Value, Value)> {
    let mut rejections = Vec::new();
    let texts = texts();
    for settings in settings() {
        for namespace in ["jupyterhub", "elsewhere", &"n".repeat(63)] {
            let mut lists = vec![vec![]];
            for text in &texts {
                lists.push(vec![text.as_str()]);
                lists.push(vec!["jupyter.tre.university.example", text]);
            }
            let objects = lists.iter().flat_map(|list| objects(namespace, list));
            for object in objects {
                let response = respond(&object, &settings);
                if response["accepted"] == json!(false) {
                    rejections.push((object, response));
                }
            }
        }
    }
    rejections
}

#[test]
fn first_lines_are_short_and_repeated_as_the_warning() {
    let rejections = rejections();
    for (object, response) in &rejections {
        let message = response["message"].as_str().expect("a message");
        let first = message.lines().next().unwrap_or_default();
        // The key of an annotation is part of the path.
        let length = first.replace(ANNOTATION, "").chars().count();
        assert!(
            length <= MAX_CHARS,
            "{length} characters: {first}\n{object}"
        );
        let warnings = response["warnings"].as_array().expect("warnings");
        let warnings: Vec<_> = warnings.iter().filter_map(Value::as_str).collect();
        assert_eq!(warnings[0], first);
        let is_skipped = |warning: &&str| warning.starts_with("not checked: ");
        assert!(warnings[1..].iter().all(is_skipped), "{response}");
        assert!(!warnings.concat().contains(char::is_control), "{response}");
        assert!(
            message.starts_with("spec.") || message.starts_with("metadata.annotations["),
            "{message}"
        );
    }
    assert!(rejections.len() > 500, "{} rejections", rejections.len());
}

/// A message ends with the fix, which starts with a verb, and the rule.
#[test]
fn every_line_has_a_fix_and_its_rule() {
    let fixes = ["write ", "name ", "choose ", "use ", "ask "];
    let ids: Vec<_> = RULES.iter().map(|rule| format!("[{}]", rule.id)).collect();
    let mut seen = 0;
    for (_, response) in rejections() {
        let message = response["message"].as_str().expect("a message");
        for line in message.lines() {
            assert!(ids.iter().any(|id| line.contains(id.as_str())), "{line}");
            let (_, sentence) = line.split_once(": ").expect("a path");
            let fix = sentence.split_once("; ").map_or("", |(_, fix)| fix);
            assert!(fixes.iter().any(|start| fix.starts_with(start)), "{line}");
            seen += 1;
        }
    }
    assert!(seen > 500, "{seen} lines");
}
