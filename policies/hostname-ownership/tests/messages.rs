//! What people read: sentences that stand alone, short enough for a terminal, whatever the object holds.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests"
)]

use admission::{Cluster, Query, QueryError};
use hostname_ownership::{Rule, Settings, evaluate};
use serde_json::{Value, json};

/// Terminals and events cut a message there.
const MAX_CHARS: usize = 200;

/// Settings with every kind of domain, with and without delegation.
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
    let payload = json!({"settings": settings, "request": {
        "kind": {"group": "gateway.networking.k8s.io", "version": "v1", "kind": "HTTPRoute"},
        "operation": "CREATE",
        "name": metadata["name"],
        "namespace": metadata["namespace"],
        "object": object,
    }});
    let payload = payload.to_string();
    let response = admission::validate::<Settings>(payload.as_bytes(), evaluate, &Owner);
    serde_json::from_slice(&response).expect("the response is JSON")
}

/// The route of another namespace with every host, under names as long as they may be.
struct Owner;

impl Cluster for Owner {
    fn list(&self, query: &Query<'_>) -> Result<String, QueryError> {
        let owner = json!({
            "metadata": {"namespace": "o".repeat(63), "name": "r".repeat(253)},
            "spec": {"hostnames": ["jupyter.tre.university.example"]},
        });
        let items = match query.kind {
            "GRPCRoute" => vec![owner],
            _ => Vec::new(),
        };
        Ok(json!({"items": items}).to_string())
    }
}

/// Texts as short and as long as the API server lets them be, and worse.
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

/// Every rejection that can be had by putting texts where hostnames may stand.
fn rejections() -> Vec<(Value, Value)> {
    let mut rejections = Vec::new();
    for settings in settings() {
        for namespace in ["jupyterhub", "elsewhere", &"n".repeat(63)] {
            let mut lists = vec![json!([])];
            for text in texts() {
                lists.push(json!([text]));
                lists.push(json!(["jupyter.tre.university.example", text]));
            }
            for hostnames in lists {
                for annotations in [
                    json!({}),
                    json!({"external-dns.kubernetes.io/hostname": "x"}),
                ] {
                    let object = json!({
                        "metadata": {"name": "route", "namespace": namespace, "annotations": annotations},
                        "spec": {"hostnames": hostnames},
                    });
                    let response = respond(&object, &settings);
                    if response["accepted"] == json!(false) {
                        rejections.push((object, response));
                    }
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
        let length = first.chars().count();
        assert!(
            length <= MAX_CHARS,
            "{length} characters: {first}\n{object}"
        );
        let warnings = response["warnings"].as_array().expect("warnings");
        assert_eq!(warnings.len(), 1, "{response}");
        let warning = warnings[0].as_str().expect("a string");
        assert!(!warning.contains(char::is_control), "{warning:?}");
        assert!(
            message.starts_with("spec.") || message.starts_with("metadata.annotations["),
            "{message}"
        );
    }
    assert!(rejections.len() > 500, "{} rejections", rejections.len());
}

/// A sentence says what to do: write, name, choose or ask.
#[test]
fn every_line_has_a_way_out_and_its_rule() {
    let ways = ["write ", "name ", "choose ", "it has ", "delegates"];
    let names = Rule::ALL.map(|rule| format!("[{}]", rule.name()));
    let mut seen = 0;
    for (_, response) in rejections() {
        let message = response["message"].as_str().expect("a message");
        for line in message.lines() {
            assert!(
                names.iter().any(|name| line.contains(name.as_str())),
                "{line}"
            );
            let (_, sentence) = line.split_once(": ").expect("a path");
            let way = sentence.split_once("; ").map_or("", |(_, way)| way);
            assert!(
                ways.iter()
                    .any(|it| way.starts_with(it) || way.contains(it)),
                "{line}"
            );
            seen += 1;
        }
    }
    assert!(seen > 500, "{seen} lines");
}
