//! Messages are printable lines, short enough for a terminal, with the path, the fix and the rule.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests"
)]

use admission::{Cluster, NoCluster, Query, QueryError};
use secret_store_references::{Settings, evaluate};
use serde_json::{Value, json};

/// The API server sends longer warnings too, but this much can be read at a glance.
const MAX_WARNING_CHARS: usize = 120;
/// Events and terminals cut the first line of a message after this many characters.
const MAX_MESSAGE_CHARS: usize = 200;

/// A cluster in which this store is the only object.
struct OneStore(Value);

impl Cluster for OneStore {
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
    let group = match kind {
        "GeneratorState" | "VaultDynamicSecret" => "generators.external-secrets.io",
        _ => "external-secrets.io",
    };
    let payload = json!({"settings": settings, "request": {
        "kind": {"group": group, "version": "v1", "kind": kind},
        "userInfo": {"username": "developer"},
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

/// References to K8TRE's store, and wrong references of every kind.
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

/// Kinds of generators.
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

/// Responses to objects of every kind with one reference, generator, key or find each, under several settings;
/// with kind and spec.
fn responses() -> Vec<(&'static str, Value, Value)> {
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
    let template = json!({"type": "kubernetes.io/service-account-token", "templateFrom": [{"target": "metadata"}]});
    reading.push(json!({"target": {"manifest": {"kind": "ConfigMap"}, "template": template}}));
    reading.push(json!({"target": {"template": template}}));
    reading.push(json!({"dataFrom": [{"find": {"tags": {}}}]}));
    pushing.push(json!({"template": template, "data": [{"metadata": {}}]}));
    let store = |status, conditions| {
        OneStore(json!({
            "metadata": {"name": "secret-store"},
            "spec": {"conditions": conditions},
            "status": {"conditions": [{"type": "Ready", "status": status, "reason": "InvalidProviderConfig"}]},
        }))
    };
    let clusters: [&dyn Cluster; 5] = [
        &NoCluster,
        &OneStore(json!({"metadata": {"name": "other"}})),
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
        json!({
            "allowPush": true, "allowFind": true, "restrictStores": false,
            "keyPrefixes": [{"namespace": "research", "prefixes": ["{namespace}/", "shared/", "tre/"]}],
        }),
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
            json!({"provider": {"azurekv": {"authType": "ManagedIdentity"}}}),
        ] {
            for kind in [
                "ClusterSecretStore",
                "GeneratorState",
                "SecretStore",
                "VaultDynamicSecret",
            ] {
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

#[test]
fn warnings_of_accepted_objects_fit_a_line() {
    let mut seen = 0;
    for (kind, spec, response) in responses() {
        if response["accepted"] == json!(false) {
            continue;
        }
        for warning in warnings(&response) {
            // The paths of cluster-scoped kinds are longer.
            let line = warning.replacen("externalSecretSpec.", "", 1);
            let length = line.replacen("pushSecretSpec.", "", 1).chars().count();
            assert!(
                length <= MAX_WARNING_CHARS,
                "{length} characters: {warning}\n{kind} {spec}"
            );
            seen += 1;
        }
    }
    assert!(seen > 50, "{seen} warnings");
}

/// A line without the rule at its end, which the number of other lines may follow.
fn without_rule(line: &str) -> String {
    let (text, rest) = line.rsplit_once(" [").expect("a rule");
    let (_, more) = rest.split_once(']').expect("a rule");
    format!("{text}{more}")
}

/// Rejections are longer, since they contain the fix.
#[test]
fn rejections_contain_the_path_and_the_fix() {
    const FIXES: [&str; 10] = [
        "; set ",
        "; use ",
        "; name ",
        "; remove it",
        "; begin it with ",
        "; did you mean `",
        "; allowed: ",
        "; create it first",
        "; see its `spec.conditions`",
        "; the setting `allowPush` is false",
    ];
    let mut seen = 0;
    for (kind, spec, response) in responses() {
        if response["accepted"] == json!(true) {
            continue;
        }
        let message = response["message"].as_str().expect("a message");
        let first = message.lines().next().unwrap_or_default();
        assert_eq!(warnings(&response)[0], first);
        assert!(first.chars().count() <= MAX_MESSAGE_CHARS, "{first}");
        for line in message.lines() {
            assert!(without_rule(line).chars().count() <= 150, "{line}");
            assert!(
                ["spec", "metadata.", "kind"]
                    .iter()
                    .any(|it| line.starts_with(it)),
                "{line}"
            );
            assert!(
                FIXES.iter().any(|it| line.contains(it)),
                "{line}\n{kind} {spec}"
            );
            seen += 1;
        }
    }
    assert!(seen > 1000, "{seen} rejections");
}

#[test]
fn every_line_is_printable() {
    for (kind, spec, response) in responses() {
        for warning in warnings(&response) {
            assert!(!warning.is_empty(), "{kind} {spec}");
            assert!(!warning.contains(char::is_control), "{warning:?}");
            assert_eq!(warning.trim(), warning);
        }
    }
    // Neither do names that the API server would reject.
    let spec = json!({"secretStoreRef": {"name": "a\nb\u{1b}c"}});
    let response = respond("ExternalSecret", &spec, &json!({}), &NoCluster);
    assert_eq!(
        warnings(&response),
        [
            "spec.secretStoreRef: `a b c` is not allowed; use ClusterSecretStore `secret-store` [store-not-allowed]"
        ]
    );
}
