//! Whatever an object holds, there is an answer; its findings are ordered and the same in every run.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests are tests"
)]

use admission::{Cluster, NoCluster, Query, Unanswered};
use proptest::prelude::*;
use proptest::sample::select;
use secret_store_references::{Settings, evaluate};
use serde_json::{Value, json};

/// The policy is not granted its look-ups.
struct Forbidden;

impl Cluster for Forbidden {
    fn list(&self, _: &Query<'_>) -> Result<String, Unanswered> {
        Err(Unanswered::NotPermitted("no".to_owned()))
    }
}

/// Nobody may be asked.
struct Silent;

impl Cluster for Silent {
    fn list(&self, query: &Query<'_>) -> Result<String, Unanswered> {
        panic!("asked for {query:?}");
    }
}

fn respond(kind: &str, spec: &Value, settings: &Value, cluster: &dyn Cluster) -> Value {
    let payload = json!({"settings": settings, "request": {
        "kind": {"group": "external-secrets.io", "version": "v1", "kind": kind},
        "operation": "CREATE",
        "namespace": "research",
        "object": {"spec": spec},
    }});
    let payload = payload.to_string();
    let response = admission::validate::<Settings>(payload.as_bytes(), evaluate, cluster);
    serde_json::from_slice(&response).expect("the response is JSON")
}

fn store() -> Value {
    json!({"kind": "ClusterSecretStore", "name": "secret-store"})
}

#[test]
fn not_permitted_has_words_of_its_own() {
    let spec = json!({"secretStoreRef": store(), "data": [{"remoteRef": {"key": "db"}}]});
    let warning = |cluster: &dyn Cluster| {
        let response = respond("ExternalSecret", &spec, &json!({}), cluster);
        response.get("warnings").cloned()
    };
    let what = "not checked: whether ClusterSecretStores exist, are ready and serve the namespace";
    let said = |why: &str| Some(json!([format!("{what}: {why}")]));
    assert_eq!(warning(&Forbidden), said("the policy may not list them"));
    assert_eq!(warning(&NoCluster), said("the cluster gave no answer"));
}

#[test]
fn nothing_is_asked_of_refused_references() {
    let refused = json!({"secretStoreRef": {"name": "secret-store"}, "data": [{}]});
    let response = respond("ExternalSecret", &refused, &json!({}), &Silent);
    assert_eq!(response.get("accepted"), Some(&json!(false)));
    let pushed = json!({"secretStoreRefs": [store()]});
    let response = respond("PushSecret", &pushed, &json!({}), &Silent);
    assert_eq!(response.get("accepted"), Some(&json!(false)));
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
    /// The SDK would trap on a panic; and output must not depend on chance.
    #[test]
    fn any_spec_has_one_answer(
        kind in select(vec![
            "ExternalSecret", "ClusterExternalSecret", "PushSecret", "ClusterPushSecret", "SecretStore",
            "ClusterSecretStore",
        ]),
        spec in any_json(),
        allow in any::<bool>(),
    ) {
        let settings = json!({"allowPush": allow, "allowFind": allow, "keyPrefix": "{namespace}/"});
        let response = respond(kind, &spec, &settings, &NoCluster);
        prop_assert_eq!(&response, &respond(kind, &spec, &settings, &NoCluster));
        let accepted = response.get("accepted") == Some(&json!(true));
        prop_assert_eq!(response.get("message").is_none(), accepted);
    }

    /// One line for each entry, in their order.
    #[test]
    fn findings_are_ordered(wrong in proptest::collection::vec(any::<bool>(), 1..30)) {
        let entry = |&wrong: &bool| {
            let mut store = store();
            if wrong {
                store = json!({"name": "vault"});
            }
            json!({"remoteRef": {"key": "db"}, "sourceRef": {"storeRef": store}})
        };
        let spec = json!({"data": wrong.iter().map(entry).collect::<Vec<_>>()});
        let response = respond("ExternalSecret", &spec, &json!({}), &NoCluster);
        let message = response.get("message").and_then(Value::as_str).unwrap_or_default();
        let places: Vec<_> = message.lines().filter_map(|line| line.split(':').next()).collect();
        let indices = wrong.iter().enumerate().filter(|(_, wrong)| **wrong);
        let expected: Vec<_> = indices
            .map(|(index, _)| format!("spec.data[{index}].sourceRef.storeRef"))
            .collect();
        prop_assert_eq!(places, expected);
    }
}
