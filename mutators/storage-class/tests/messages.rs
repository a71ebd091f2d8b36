//! What people read: one printable line, short enough for a terminal, the same in every run.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests"
)]

use admission::NoCluster;
use serde_json::{Value, json};
use storage_class::{Settings, evaluate};

/// The API server sends longer warnings too, but this much is seen at a glance.
const LONGEST: usize = 120;

/// Names of the classes that come with azure, aws and k3s, and K8TRE's own.
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

/// Those of them that a cluster may have as its default.
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

/// Every response to a claim of every mode and class, new or applied again; with its claim.
fn all() -> Vec<(Value, Value)> {
    let mut all = Vec::new();
    let ties = [
        json!({}),
        json!({"volumeMode": "Block"}),
        json!({"dataSourceRef": {"kind": "VolumeSnapshot"}}),
    ];
    for mode in MODES {
        for class in CLASSES.map(Some).into_iter().chain([None]) {
            for more in &ties {
                let object = claim(mode, class, more.clone());
                for settings in [
                    json!({}),
                    json!({"unknownClass": "reject"}),
                    json!({"clusterDefaultClass": class.filter(|class| DEFAULTS.contains(class))}),
                ] {
                    all.push((object.clone(), respond(&settings, &object, None)));
                }
                for stored in ["rwo-default", "rwx-default"] {
                    let old = claim(mode, Some(stored), more.clone());
                    all.push((object.clone(), respond(&json!({}), &object, Some(&old))));
                }
            }
        }
    }
    all
}

#[test]
fn warnings_of_changes_fit_a_line() {
    let mut seen = 0;
    for (claim, response) in all() {
        if response["accepted"] == json!(false) {
            continue;
        }
        for warning in warnings(&response) {
            assert!(
                warning.chars().count() <= LONGEST,
                "{} characters: {warning}\n{claim}",
                warning.chars().count()
            );
            seen += 1;
        }
    }
    assert!(seen > 500, "{seen} warnings");
}

/// A rejection says what to write instead, so it may be longer; 200 characters of it survive.
#[test]
fn rejections_name_the_place_and_the_class_to_write() {
    let mut seen = 0;
    for (claim, response) in all() {
        if response["accepted"] == json!(true) {
            continue;
        }
        let message = response["message"].as_str().expect("a message");
        assert_eq!(warnings(&response), [message]);
        let start: String = message.chars().take(200).collect();
        assert!(start.starts_with("spec."), "{message}");
        assert!(start.contains("; write "), "{message}\n{claim}");
        seen += 1;
    }
    assert!(seen > 100, "{seen} rejections");
}

#[test]
fn every_line_is_printable() {
    for (claim, response) in all() {
        for warning in warnings(&response) {
            assert!(!warning.is_empty(), "{claim}");
            assert!(!warning.contains(char::is_control), "{warning:?}");
            assert_eq!(warning.trim(), warning);
        }
    }
    // Class names that no API server would take do not break out of their line either.
    let response = respond(
        &json!({}),
        &claim("ReadWriteOnce", Some("g\np\u{1b}3"), json!({})),
        None,
    );
    assert_eq!(
        warnings(&response),
        [
            "spec.storageClassName: `g p 3` is not a K8TRE class; replaced by `rwo-default` for ReadWriteOnce"
        ]
    );
}

/// The API server prefixes the keys with the webhook's name and a slash.
#[test]
fn changes_are_annotated_with_both_classes() {
    let mut seen = 0;
    for (claim, response) in all() {
        let annotations = response.get("audit_annotations").and_then(Value::as_object);
        let Some(mutated) = response.get("mutated_object") else {
            assert_eq!(annotations, None);
            continue;
        };
        let annotations = annotations.expect("a change is annotated");
        assert!(
            annotations.keys().all(|key| !key.contains('/')),
            "{annotations:?}"
        );
        let class = |claim: &Value| {
            claim["spec"]["storageClassName"]
                .as_str()
                .unwrap_or("none")
                .to_owned()
        };
        let change = format!("{} -> {}", class(&claim), class(mutated));
        assert_eq!(annotations.get("storage-class"), Some(&json!(change)));
        seen += 1;
    }
    assert!(seen > 100, "{seen} changes");
}

#[test]
fn settings_are_objects_all_the_way_down() {
    let read = |text| admission::read_settings::<Settings>(text).map(drop);
    assert_eq!(
        read(r#"{"classes":["fast","shared"]}"#),
        Err("setting `classes`: must be an object, not an array".to_owned())
    );
    assert_eq!(read(r#"{"classes":{"ReadWriteOnce":"fast"}}"#), Ok(()));
}
