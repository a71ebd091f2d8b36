//! Messages are complete sentences that fit in a terminal, whatever the object contains.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "test helpers may panic"
)]

use admission::NoCluster;
use httproute_attachment::{RULES, Settings, evaluate};
use serde_json::{Value, json};

/// The length after which terminals and events truncate a message.
const MAX_CHARS: usize = 200;

fn settings() -> Value {
    json!({
        "domain": "tre.university.example",
        "backends": [{"namespace": "jupyterhub", "services": ["jhub-auth-proxy", "guacamole-auth-proxy"]}],
    })
}

fn respond(kind: &str, object: &Value, settings: &Value) -> Value {
    respond_to("gateway.networking.k8s.io", kind, object, settings)
}

fn respond_to(group: &str, kind: &str, object: &Value, settings: &Value) -> Value {
    let metadata = &object["metadata"];
    let payload = json!({"settings": settings, "request": {
        "kind": {"group": group, "version": "v1", "kind": kind},
        "operation": "CREATE",
        "name": metadata["name"],
        "namespace": metadata["namespace"],
        "object": object,
    }});
    let payload = payload.to_string();
    let response = admission::validate::<Settings>(payload.as_bytes(), evaluate, &NoCluster);
    serde_json::from_slice(&response).expect("the response is JSON")
}

/// Texts as short and as long as the API server allows, and invalid ones.
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

/// Returns the rejections of routes with a text in every field that can have one, and their routes.
fn rejections() -> Vec<(Value, Value)> {
    let mut rejections = Vec::new();
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
                json!({"type": "CORS", "responseHeaderModifier": {"set": [{"name": format!("Access-Control-{text}")}]}}),
                json!({"type": "CORS", "responseHeaderModifier": {"set": [{"name": "X-A", "value": text}], "remove": [text]}}),
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
        let length = first.chars().count();
        assert!(
            length <= MAX_CHARS,
            "{length} characters: {first}\n{object}"
        );
        let warnings = response["warnings"].as_array().expect("warnings");
        assert_eq!(warnings.len(), 1, "{response}");
        let warning = warnings[0].as_str().expect("a string");
        assert_eq!(warning, first);
        assert!(!warning.contains(char::is_control), "{warning:?}");
        assert!(
            message.starts_with("spec.") || message.starts_with("spec"),
            "{message}"
        );
    }
    assert!(rejections.len() > 500, "{} rejections", rejections.len());
}

/// A message ends with the fix, which starts with a verb, and the rule.
#[test]
fn every_line_has_a_fix_and_its_rule() {
    let fixes = [
        "write ",
        "name ",
        "remove ",
        "add ",
        "use ",
        "route to ",
        "leave it to the auth proxy",
        "this namespace allows no Service",
    ];
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

#[test]
fn other_kinds_are_rejected_with_a_fix() {
    let gateway_api = "gateway.networking.k8s.io";
    for (group, kind) in [
        (gateway_api, "Gateway"),
        (gateway_api, "ListenerSet"),
        ("gateway.networking.x-k8s.io", "XListenerSet"),
        (gateway_api, "ReferenceGrant"),
        (gateway_api, "TLSRoute"),
        (gateway_api, "TCPRoute"),
        (gateway_api, "UDPRoute"),
        ("cilium.io", "CiliumEnvoyConfig"),
        ("cilium.io", "CiliumClusterwideEnvoyConfig"),
        ("cilium.io", "CiliumLocalRedirectPolicy"),
    ] {
        let object = json!({"metadata": {"name": "own", "namespace": "research"}, "spec": {}});
        let response = respond_to(group, kind, &object, &settings());
        let message = response["message"].as_str().expect("a message");
        assert!(message.chars().count() <= MAX_CHARS, "{message}");
        let start = format!("kind: {kind} is only for the platform; ");
        assert!(message.starts_with(&start), "{message}");
        assert!(message.ends_with(" [traffic-kinds]"), "{message}");
    }
}
