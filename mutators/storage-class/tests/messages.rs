//! Messages are one printable line, short enough for a terminal.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests"
)]

use admission::NoCluster;
use serde_json::{Value, json};
use storage_class::{Settings, evaluate};

/// The API server sends longer warnings too, but this much can be read at a glance.
const MAX_CHARS: usize = 120;

/// The classes that come with azure, aws and k3s, and the K8TRE classes.
const CLASSES: [&str; 20] = [
    "rwo-default",
    "rwx-default",
    "default",
    "managed",
    "managed-csi",
    "managed-csi-premium",
    "managed-premium",
    "azurefile",
    "azurefile-csi",
    "azurefile-csi-premium",
    "azurefile-premium",
    "azureblob-fuse-premium",
    "azureblob-nfs-premium",
    "gp2",
    "gp3",
    "ebs-sc",
    "efs-sc",
    "local-path",
    "longhorn",
    "longhorn-static",
];

/// The classes that may be the default of a cluster.
const DEFAULTS: [&str; 6] = [
    "rwx-default",
    "default",
    "managed-csi",
    "gp2",
    "local-path",
    "longhorn",
];

const MODES: [&str; 4] = [
    "ReadWriteOnce",
    "ReadOnlyMany",
    "ReadWriteMany",
    "ReadWriteOncePod",
];

fn claim(mode: &str, class: Option<&str>, more: Value) -> Value {
    let mut spec = json!({"accessModes": [mode]});
    if let Some(class) = class {
        spec["storageClassName"] = json!(class);
    }
    if let (Value::Object(spec), Value::Object(more)) = (&mut spec, more) {
        spec.extend(more);
    }
    json!({"metadata": {"name": "data"}, "spec": spec})
}

fn respond(settings: &Value, object: &Value, old_object: Option<&Value>) -> Value {
    let payload = json!({"settings": settings, "request": {
        "kind": {"group": "", "version": "v1", "kind": "PersistentVolumeClaim"},
        "operation": if old_object.is_some() { "UPDATE" } else { "CREATE" },
        "object": object,
        "oldObject": old_object,
    }});
    let payload = payload.to_string();
    let response = admission::validate::<Settings>(payload.as_bytes(), evaluate, &NoCluster);
    serde_json::from_slice(&response).expect("the response is JSON")
}

fn warnings(response: &Value) -> Vec<String> {
    let warnings = response.get("warnings").cloned().unwrap_or(json!([]));
    serde_json::from_value(warnings).expect("strings")
}

/// Claims of every mode and class, created or updated, with the response to each.
fn claims_and_responses() -> Vec<(Value, Value)> {
    let mut all = Vec::new();
    let other_fields = [
        json!({}),
        json!({"volumeMode": "Block"}),
        json!({"dataSourceRef": {"kind": "PersistentVolumeClaim", "name": "source"}}),
    ];
    for mode in MODES {
        for class in CLASSES.map(Some).into_iter().chain([None]) {
            for more in &other_fields {
                let object = claim(mode, class, more.clone());
                for settings in [
                    json!({}),
                    json!({"unknownClass": "reject"}),
                    json!({"clusterDefaultClass": class.filter(|class| DEFAULTS.contains(class))}),
                ] {
                    all.push((object.clone(), respond(&settings, &object, None)));
                }
                for old_class in ["rwo-default", "rwx-default"] {
                    let old = claim(mode, Some(old_class), more.clone());
                    all.push((object.clone(), respond(&json!({}), &object, Some(&old))));
                }
            }
        }
    }
    all
}

#[test]
fn warnings_of_accepted_claims_fit_a_line() {
    let mut seen = 0;
    for (claim, response) in claims_and_responses() {
        if response["accepted"] == json!(false) {
            continue;
        }
        for warning in warnings(&response) {
            assert!(
                warning.chars().count() <= MAX_CHARS,
                "{} characters: {warning}\n{claim}",
                warning.chars().count()
            );
            seen += 1;
        }
    }
    assert!(seen > 500, "{seen} warnings");
}

/// Events and terminals cut a rejection after 200 characters.
#[test]
fn rejections_start_with_the_path_and_the_fix() {
    let mut seen = 0;
    for (claim, response) in claims_and_responses() {
        if response["accepted"] == json!(true) {
            continue;
        }
        let message = response["message"].as_str().expect("a message");
        assert_eq!(warnings(&response), [message]);
        let start: String = message.chars().take(200).collect();
        assert!(start.starts_with("spec."), "{message}");
        assert!(start.contains("; use "), "{message}\n{claim}");
        seen += 1;
    }
    assert!(seen > 100, "{seen} rejections");
}

#[test]
fn every_line_is_printable() {
    for (claim, response) in claims_and_responses() {
        for warning in warnings(&response) {
            assert!(!warning.is_empty(), "{claim}");
            assert!(!warning.contains(char::is_control), "{warning:?}");
            assert_eq!(warning.trim(), warning);
        }
    }
    // Neither do names that the API server would reject.
    let response = respond(
        &json!({}),
        &claim("ReadWriteOnce", Some("g\np\u{1b}3"), json!({})),
        None,
    );
    assert_eq!(
        warnings(&response),
        [
            "spec.storageClassName: `g p 3` is not a K8TRE class; replaced with `rwo-default` [unknown-class]"
        ]
    );
}

/// A claim gets at most one warning. It ends in `[rule]`.
fn rule(response: &Value) -> Option<String> {
    let warnings = warnings(response);
    assert!(warnings.len() <= 1, "{warnings:?}");
    let (_, rule) = warnings.first()?.rsplit_once(" [").expect("a rule");
    Some(rule.trim_end_matches(']').to_owned())
}

#[test]
fn audit_annotations_name_the_rule_and_both_classes() {
    let mut seen = 0;
    for (claim, response) in claims_and_responses() {
        let annotations = response.get("audit_annotations");
        let rule = rule(&response);
        let Some(mutated) = response.get("mutated_object") else {
            let expected = rule.map(|rule| json!({"rules": rule}));
            assert_eq!(annotations, expected.as_ref());
            continue;
        };
        let class = |claim: &Value| {
            claim["spec"]["storageClassName"]
                .as_str()
                .unwrap_or("none")
                .to_owned()
        };
        let change = format!("{} -> {}", class(&claim), class(mutated));
        let expected = json!({"rules": rule.expect("a warning"), "storage-class": change});
        assert_eq!(annotations, Some(&expected));
        seen += 1;
    }
    assert!(seen > 100, "{seen} mutations");
}

#[test]
fn classes_are_an_object() {
    let read = |text| admission::read_settings::<Settings>(text).map(drop);
    assert_eq!(
        read(r#"{"classes":["fast","shared"]}"#),
        Err("setting `classes`: must be an object, not an array".to_owned())
    );
    assert_eq!(read(r#"{"classes":{"ReadWriteOnce":"fast"}}"#), Ok(()));
}
