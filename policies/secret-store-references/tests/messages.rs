//! What people read: one printable line, short enough for a terminal, that names the place and the way out.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests"
)]

use admission::{Cluster, NoCluster, Query, QueryError};
use secret_store_references::{Settings, evaluate};
use serde_json::{Value, json};

/// The API server sends longer warnings too, but this much is seen at a glance.
const LONGEST: usize = 120;
/// Of a message, events and terminals keep this much.
const KEPT: usize = 200;

/// A cluster that answers every question about stores with this one.
struct Only(Value);

impl Cluster for Only {
    fn list(&self, query: &Query<'_>) -> Result<String, QueryError> {
        match query.kind {
            "Namespace" => Err(QueryError::Unavailable("no".to_owned())),
            _ => Ok(json!({"items": [self.0]}).to_string()),
        }
    }
}

fn respond(kind: &str, spec: &Value, settings: &Value, cluster: &dyn Cluster) -> Value {
    let (spec, namespace) = match kind {
        "ClusterExternalSecret" => (json!({"externalSecretSpec": spec}), ""),
        "ClusterPushSecret" => (json!({"pushSecretSpec": spec}), ""),
        "ClusterSecretStore" => (spec.clone(), ""),
        _ => (spec.clone(), "research"),
    };
    let payload = json!({"settings": settings, "request": {
        "kind": {"group": "external-secrets.io", "version": "v1", "kind": kind},
        "operation": "CREATE",
        "namespace": namespace,
        "object": {"spec": spec},
    }});
    let payload = payload.to_string();
    let response = admission::validate::<Settings>(payload.as_bytes(), evaluate, cluster);
    serde_json::from_slice(&response).expect("the response is JSON")
}

fn warnings(response: &Value) -> Vec<String> {
    let warnings = response.get("warnings").cloned().unwrap_or(json!([]));
    serde_json::from_value(warnings).expect("strings")
}

/// References: to the plane's store, and wrong in every way.
fn references() -> Vec<Value> {
    let right = json!({"kind": "ClusterSecretStore", "name": "secret-store"});
    let mut references = vec![right, json!({}), json!({"kind": "ClusterSecretStore"})];
    for name in [
        "secret-store",
        "secrets-store",
        "azure-keyvault",
        "aws-parameters",
    ] {
        for kind in [
            None,
            Some("SecretStore"),
            Some("ClusterSecretStore"),
            Some("clustersecretstore"),
        ] {
            references.push(json!({"kind": kind, "name": name}));
        }
    }
    references
}

/// Generators of ESO, by kind.
const GENERATORS: [&str; 8] = [
    "ClusterGenerator",
    "ECRAuthorizationToken",
    "GithubAccessToken",
    "Password",
    "SSHKey",
    "VaultDynamicSecret",
    "Webhook",
    "",
];

/// Every response to specs with one reference, generator, key or search each, of every kind and under
/// several settings; with kind and spec.
fn all() -> Vec<(&'static str, Value, Value)> {
    let key = json!({"key": "genomics/db"});
    let mut reading = vec![json!({"data": [{"remoteRef": key}]})];
    let mut pushing = vec![json!({})];
    for reference in references() {
        let source = json!({"storeRef": reference});
        reading.push(json!({"secretStoreRef": reference, "data": [{"remoteRef": key}]}));
        reading.push(json!({"data": [{"remoteRef": key, "sourceRef": source}]}));
        reading.push(json!({"dataFrom": [{"extract": key, "sourceRef": source}]}));
        reading.push(json!({"dataFrom": [{"find": {"path": "genomics", "name": {"regexp": ".*"}}, "sourceRef": source}]}));
        pushing.push(json!({"secretStoreRefs": [reference], "dataTo": [{}]}));
        pushing.push(json!({"secretStoreRefs": [{"labelSelector": {}}], "dataTo": [{"storeRef": reference, "remoteKey": "genomics/db"}]}));
    }
    for kind in GENERATORS {
        let source = json!({"generatorRef": {"kind": kind, "name": "gen"}});
        reading.push(json!({"data": [{"sourceRef": source}]}));
        reading.push(json!({"dataFrom": [{"sourceRef": source}]}));
        reading.push(json!({"dataFrom": [{"extract": key, "sourceRef": source}]}));
        pushing.push(json!({"secretStoreRefs": [{}], "selector": source}));
    }
    let store = |status, conditions| {
        Only(json!({
            "metadata": {"name": "secret-store"},
            "spec": {"conditions": conditions},
            "status": {"conditions": [{"type": "Ready", "status": status, "reason": "InvalidProviderConfig"}]},
        }))
    };
    let clusters: [&dyn Cluster; 5] = [
        &NoCluster,
        &Only(json!({"metadata": {"name": "other"}})),
        &store("False", json!([])),
        &store("True", json!([{"namespaces": ["genomics"]}])),
        &store("True", json!([{"namespaceSelector": {}}])),
    ];
    let mut all = Vec::new();
    for settings in [
        json!({}),
        json!({"missingStore": "reject"}),
        json!({"allowPush": true, "allowFind": true, "keyPrefix": "{namespace}/"}),
        json!({"allowPush": true, "allowFind": true, "keyPrefix": "tre/"}),
    ] {
        for cluster in clusters {
            for (kind, specs) in [
                ("ExternalSecret", &reading),
                ("ClusterExternalSecret", &reading),
                ("PushSecret", &pushing),
                ("ClusterPushSecret", &pushing),
            ] {
                for spec in specs {
                    all.push((kind, spec.clone(), respond(kind, spec, &settings, cluster)));
                }
            }
        }
        for spec in [
            json!({}),
            json!({"provider": {"fortanix": {}}}),
            json!({"provider": {"aws": {}}}),
        ] {
            for kind in ["SecretStore", "ClusterSecretStore"] {
                all.push((
                    kind,
                    spec.clone(),
                    respond(kind, &spec, &settings, &NoCluster),
                ));
            }
        }
    }
    all
}

/// What is said of objects that pass is read by people who did nothing wrong.
#[test]
fn warnings_of_accepted_objects_fit_a_line() {
    let mut seen = 0;
    for (kind, spec, response) in all() {
        if response["accepted"] == json!(false) {
            continue;
        }
        for warning in warnings(&response) {
            // The price of a cluster-wide kind, whose paths are longer.
            let line = warning.replacen("externalSecretSpec.", "", 1);
            let length = line.replacen("pushSecretSpec.", "", 1).chars().count();
            assert!(
                length <= LONGEST,
                "{length} characters: {warning}\n{kind} {spec}"
            );
            seen += 1;
        }
    }
    assert!(seen > 50, "{seen} warnings");
}

/// A refusal says what to write instead, so it may be longer; the first line stands alone.
#[test]
fn refusals_name_the_place_and_the_way_out() {
    const WAYS_OUT: [&str; 11] = [
        "; write ",
        "; use ",
        "; name ",
        "; begin it with ",
        "; did you mean `",
        "; did you mean ClusterSecretStore `secret-store`?",
        "; allowed: ",
        "; refer to ",
        "; create it first",
        "; see its `spec.conditions`",
        "; `allowPush` is off",
    ];
    let mut seen = 0;
    for (kind, spec, response) in all() {
        if response["accepted"] == json!(true) {
            continue;
        }
        let message = response["message"].as_str().expect("a message");
        let first = message.lines().next().unwrap_or_default();
        assert_eq!(warnings(&response)[0], first);
        assert!(first.chars().count() <= KEPT, "{first}");
        for line in message.lines() {
            assert!(line.chars().count() <= 150, "{line}");
            assert!(
                line.starts_with("spec") || line.starts_with("metadata."),
                "{line}"
            );
            assert!(
                WAYS_OUT.iter().any(|it| line.contains(it)),
                "{line}\n{kind} {spec}"
            );
            seen += 1;
        }
    }
    assert!(seen > 1000, "{seen} refusals");
}

#[test]
fn every_line_is_printable() {
    for (kind, spec, response) in all() {
        for warning in warnings(&response) {
            assert!(!warning.is_empty(), "{kind} {spec}");
            assert!(!warning.contains(char::is_control), "{warning:?}");
            assert_eq!(warning.trim(), warning);
        }
    }
    // Names that no API server would take do not break out of their line either.
    let spec = json!({"secretStoreRef": {"name": "a\nb\u{1b}c"}});
    let response = respond("ExternalSecret", &spec, &json!({}), &NoCluster);
    assert_eq!(
        warnings(&response),
        [
            "spec.secretStoreRef: SecretStore `a b c` is not approved; use ClusterSecretStore `secret-store`"
        ]
    );
}
