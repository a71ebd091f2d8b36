//! Every input has a response, and its findings are ordered and the same in every run.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests"
)]

use admission::NoCluster;
use proptest::prelude::*;
use proptest::sample::select;
use secret_store_references::{Settings, evaluate};
use serde_json::{Value, json};

fn respond(kind: &str, spec: &Value, settings: &Value) -> Value {
    respond_to(kind, &spec.to_string(), settings)
}

fn respond_to(kind: &str, spec: &str, settings: &Value) -> Value {
    let group = match kind {
        "GeneratorState" => "generators.external-secrets.io",
        _ => "external-secrets.io",
    };
    let request = json!({
        "kind": {"group": group, "version": "v1", "kind": kind},
        "operation": "CREATE",
        "namespace": "research",
        "object": {"spec": "SPEC"},
    });
    let request = request.to_string().replace("\"SPEC\"", spec);
    let payload = format!(r#"{{"settings": {settings}, "request": {request}}}"#);
    let response = admission::validate::<Settings>(payload.as_bytes(), evaluate, &NoCluster);
    serde_json::from_slice(&response).expect("the response is JSON")
}

fn store() -> Value {
    json!({"kind": "ClusterSecretStore", "name": "secret-store"})
}

/// Parsers disagree about duplicate keys, so External Secrets might read the other one.
#[test]
fn duplicate_keys_are_rejected() {
    let right = r#"{"kind": "ClusterSecretStore", "name": "secret-store"}"#;
    for (spec, message) in [
        (
            format!(r#"{{"secretStoreRef": {right}, "secretStoreRef": {{"name": "own"}}, "data": []}}"#),
            "spec.secretStoreRef: is given twice [malformed-input]",
        ),
        (
            format!(r#"{{"data": [{{"sourceRef": {{"storeRef": {right}, "store\u0052ef": {right}}}}}]}}"#),
            "spec.data[0].sourceRef.storeRef: is given twice [malformed-input]",
        ),
        (
            r#"{"secretStoreRef": {"name": "secret-store", "kind": "ClusterSecretStore", "kind": null}}"#.to_owned(),
            "spec.secretStoreRef.kind: is given twice [malformed-input]",
        ),
    ] {
        let response = respond_to("ExternalSecret", &spec, &json!({}));
        assert_eq!(response["message"], message, "{spec}");
    }
}

/// An object full of errors cannot stall admission.
#[test]
fn checks_stop_after_a_hundred_errors() {
    let entry = json!({"remoteRef": {"key": "db"}, "sourceRef": {"storeRef": {"name": "vault"}}});
    for (entries, lines, more) in [
        (99, 99, "(and 98 more)"),
        (5_000, 100, "(and at least 99 more)"),
    ] {
        let spec = json!({"data": vec![entry.clone(); entries]});
        let response = respond("ExternalSecret", &spec, &json!({}));
        let message = response["message"].as_str().unwrap_or_default();
        assert_eq!(message.lines().count(), lines);
        let first = message.lines().next().unwrap_or_default();
        assert!(first.ends_with(more), "{first}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        Just(store()),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 4, |inner| {
        let key = select(vec![
            "secretStoreRef",
            "secretStoreRefs",
            "data",
            "dataFrom",
            "dataTo",
            "sourceRef",
            "storeRef",
            "generatorRef",
            "remoteRef",
            "extract",
            "find",
            "key",
            "kind",
            "name",
            "path",
            "regexp",
            "match",
            "remoteKey",
            "selector",
            "labelSelector",
            "provider",
            "conditions",
            "target",
            "template",
            "templateFrom",
            "manifest",
            "type",
            "tags",
            "metadata",
            "resource",
            "aws",
            "azurekv",
            "auth",
            "externalSecretSpec",
            "pushSecretSpec",
        ]);
        let key = key.prop_map(str::to_owned);
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(key, inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    /// No spec makes the policy panic, and the response is the same in every run.
    #[test]
    fn any_spec_has_one_response(
        kind in select(vec![
            "ExternalSecret", "ClusterExternalSecret", "PushSecret", "ClusterPushSecret", "SecretStore",
            "ClusterSecretStore", "GeneratorState",
        ]),
        spec in any_json(),
        allow in any::<bool>(),
    ) {
        let settings = json!({"allowPush": allow, "allowFind": allow, "keyPrefix": "{namespace}/"});
        let response = respond(kind, &spec, &settings);
        prop_assert_eq!(&response, &respond(kind, &spec, &settings));
        let accepted = response.get("accepted") == Some(&json!(true));
        prop_assert_eq!(response.get("message").is_none(), accepted);
    }

    /// Each wrong entry has a line, in the order of the entries.
    #[test]
    fn findings_are_ordered(entries in proptest::collection::vec(any::<bool>(), 1..30)) {
        let entry = |&is_wrong: &bool| {
            let mut store = store();
            if is_wrong {
                store = json!({"name": "vault"});
            }
            json!({"remoteRef": {"key": "db"}, "sourceRef": {"storeRef": store}})
        };
        let spec = json!({"data": entries.iter().map(entry).collect::<Vec<_>>()});
        let response = respond("ExternalSecret", &spec, &json!({}));
        let message = response.get("message").and_then(Value::as_str).unwrap_or_default();
        let paths: Vec<_> = message.lines().filter_map(|line| line.split(':').next()).collect();
        let indices = entries.iter().enumerate().filter(|(_, is_wrong)| **is_wrong);
        let expected: Vec<_> = indices
            .map(|(index, _)| format!("spec.data[{index}].sourceRef.storeRef"))
            .collect();
        prop_assert_eq!(paths, expected);
    }
}
