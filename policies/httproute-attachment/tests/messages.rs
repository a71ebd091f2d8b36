//! What people read: sentences that stand alone, short enough for a terminal, whatever the object holds.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests"
)]

use admission::NoCluster;
use httproute_attachment::{Rule, Settings, evaluate};
use serde_json::{Value, json};

/// Terminals and events cut a message there.
const MAX_CHARS: usize = 200;

fn settings() -> Value {
    json!({
        "domain": "tre.university.example",
        "backends": [{"namespace": "jupyterhub", "services": ["jhub-auth-proxy", "guacamole-auth-proxy"]}],
    })
}

fn respond(kind: &str, object: &Value, settings: &Value) -> Value {
    let metadata = &object["metadata"];
    let payload = json!({"settings": settings, "request": {
        "kind": {"group": "gateway.networking.k8s.io", "version": "v1", "kind": kind},
        "operation": "CREATE",
        "name": metadata["name"],
        "namespace": metadata["namespace"],
        "object": object,
    }});
    let payload = payload.to_string();
    let response = admission::validate::<Settings>(payload.as_bytes(), evaluate, &NoCluster);
    serde_json::from_slice(&response).expect("the response is JSON")
}

/// Texts as short and as long as the API server lets them be, and worse.
fn texts() -> Vec<String> {
    vec![
        String::new(),
        "x".to_owned(),
        "a.b".to_owned(),
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
    ]
}

/// Every refusal that can be had by putting a text wherever one may stand.
fn refusals() -> Vec<(Value, Value)> {
    let mut refusals = Vec::new();
    for text in texts() {
        for namespace in ["jupyterhub", &"n".repeat(63)] {
            let mut specs = vec![json!({"useDefaultGateways": text}), json!({&text: 1})];
            for member in [
                "group",
                "kind",
                "name",
                "namespace",
                "port",
                "sectionName",
                &text,
            ] {
                specs.push(json!({"parentRefs": [{member: text}]}));
            }
            let mut backends = vec![json!({"name": "jhub-auth-proxy"})];
            for member in ["group", "kind", "name", "namespace", &text] {
                backends.push(json!({member: text}));
            }
            let mut filters = vec![
                json!({"type": text}),
                json!({"type": "ExtensionRef"}),
                json!({"type": "ExternalAuth"}),
                json!({"type": "CORS", "cors": {"allowOrigins": [format!("https://{text}")]}}),
                json!({"type": "URLRewrite", "urlRewrite": {"hostname": text}}),
                json!({"type": "RequestRedirect", "requestRedirect": {"hostname": text}}),
                json!({"type": "CORS", "requestHeaderModifier": {"set": [{"name": format!("X-Auth-{text}")}]}}),
            ];
            for backend in &backends {
                filters.push(
                    json!({"type": "RequestMirror", "requestMirror": {"backendRef": backend}}),
                );
            }
            specs.extend(
                backends
                    .iter()
                    .map(|it| json!({"rules": [{"backendRefs": [it]}]})),
            );
            specs.extend(
                filters
                    .iter()
                    .map(|it| json!({"rules": [{"filters": [it]}]})),
            );
            specs.extend(
                filters
                    .iter()
                    .map(|it| json!({"rules": [{"backendRefs": [{"filters": [it]}]}]})),
            );
            for spec in specs {
                let mut whole = json!({
                    "parentRefs": [{"name": "internal-gateway", "namespace": "gateway"}],
                    "hostnames": ["jupyter.tre.university.example"],
                    "rules": [],
                });
                for (key, value) in spec.as_object().expect("an object") {
                    whole[key] = value.clone();
                }
                let metadata = json!({
                    "name": "route",
                    "namespace": namespace,
                });
                let object = json!({"metadata": metadata, "spec": whole});
                let response = respond("HTTPRoute", &object, &settings());
                if response["accepted"] == json!(false) {
                    refusals.push((object, response));
                }
            }
        }
    }
    refusals
}

#[test]
fn first_lines_are_short_and_repeated_as_the_warning() {
    let refusals = refusals();
    for (object, response) in &refusals {
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
            message.starts_with("spec.") || message.starts_with("spec"),
            "{message}"
        );
    }
    assert!(refusals.len() > 500, "{} refusals", refusals.len());
}

/// A sentence says what to do: write, name, choose, leave out or ask.
#[test]
fn every_line_has_a_way_out_and_its_rule() {
    let ways = [
        "write ",
        "name ",
        "choose ",
        "leave it ",
        "add ",
        "use ",
        "none is",
    ];
    let names = Rule::ALL.map(|rule| format!("[{}]", rule.name()));
    let mut seen = 0;
    for (_, response) in refusals() {
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

#[test]
fn refused_kinds_say_what_to_write() {
    for kind in [
        "Gateway",
        "ListenerSet",
        "XListenerSet",
        "ReferenceGrant",
        "TLSRoute",
        "TCPRoute",
        "UDPRoute",
    ] {
        let object = json!({"metadata": {"name": "own", "namespace": "research"}, "spec": {}});
        let response = respond(kind, &object, &settings());
        let message = response["message"].as_str().expect("a message");
        assert!(message.chars().count() <= MAX_CHARS, "{message}");
        assert!(message.starts_with(&format!("kind: {kind} ")), "{message}");
        assert!(message.ends_with(" [kinds]"), "{message}");
    }
}
