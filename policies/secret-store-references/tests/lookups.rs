//! The policy makes no look-up that cannot change the verdict, and as few as possible.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests"
)]

use std::cell::RefCell;

use admission::{Cluster, Query, QueryError};
use secret_store_references::{Settings, evaluate};
use serde_json::{Value, json};

/// A cluster with these objects that records look-ups.
struct RecordingCluster {
    objects: Vec<Value>,
    /// The error for look-ups of more than single objects.
    error: Option<QueryError>,
    lookups: RefCell<Vec<String>>,
}

impl Cluster for RecordingCluster {
    fn list(&self, query: &Query<'_>) -> Result<String, QueryError> {
        let Query { kind, fields, .. } = query;
        let (namespace, name) = (query.namespace.unwrap_or("*"), query.name.unwrap_or("*"));
        let lookup = format!("{kind} {namespace}/{name}: {}", fields.join(" "));
        self.lookups.borrow_mut().push(lookup);
        if let Some(error) = self.error.as_ref().filter(|_| query.name.is_none()) {
            return Err(error.clone());
        }
        let matches = |object: &&Value| {
            let metadata = &object["metadata"];
            object["kind"] == query.kind
                && query.name.is_none_or(|name| metadata["name"] == name)
                && query
                    .namespace
                    .is_none_or(|namespace| metadata["namespace"] == namespace)
        };
        let items: Vec<_> = self.objects.iter().filter(matches).collect();
        Ok(json!({"items": items}).to_string())
    }
}

fn cluster_store(name: &str, conditions: Value) -> Value {
    json!({
        "kind": "ClusterSecretStore",
        "metadata": {"name": name},
        "spec": {"conditions": conditions},
    })
}

fn by_labels() -> Value {
    json!([{"namespaceSelector": {"matchLabels": {"team": "genomics"}}}])
}

/// Stores with different conditions, a SecretStore, and a namespace.
fn cluster() -> RecordingCluster {
    RecordingCluster {
        objects: vec![
            cluster_store("a", by_labels()),
            cluster_store("b", by_labels()),
            cluster_store("by-regex", json!([{"namespaceRegexes": ["sea"]}])),
            cluster_store("open", json!([])),
            json!({"kind": "SecretStore", "metadata": {"name": "own", "namespace": "research"}}),
            json!({"kind": "Namespace", "metadata": {"name": "research", "labels": {"team": "genomics"}}}),
        ],
        error: None,
        lookups: RefCell::default(),
    }
}

/// The look-ups and the response for an object that refers to these stores.
fn evaluate_object(
    cluster: &RecordingCluster,
    kind: &str,
    stores: &[(&str, &str)],
) -> (Vec<String>, Value) {
    let entry = |&(kind, name): &(&str, &str)| {
        let store = json!({"kind": kind, "name": name});
        json!({"secretKey": "key", "remoteRef": {"key": "db"}, "sourceRef": {"storeRef": store}})
    };
    let mut spec = json!({"data": stores.iter().map(entry).collect::<Vec<_>>()});
    let allowed = ["a", "b", "by-regex", "open", "absent"];
    let allowed = allowed.map(|name| json!({"kind": "ClusterSecretStore", "name": name}));
    let own = json!([{"kind": "SecretStore", "name": "own"}]);
    let allowed = [allowed.as_slice(), own.as_array().expect("a list")].concat();
    let mut namespace = "research";
    if kind == "ClusterExternalSecret" {
        spec = json!({"externalSecretSpec": spec});
        namespace = "";
    }
    if kind == "PushSecret" {
        let store = |&(kind, name): &(&str, &str)| json!({"kind": kind, "name": name});
        spec = json!({"secretStoreRefs": stores.iter().map(store).collect::<Vec<_>>()});
    }
    let payload = json!({"settings": {"allowedStores": allowed}, "request": {
        "kind": {"group": "external-secrets.io", "version": "v1", "kind": kind},
        "operation": "CREATE",
        "namespace": namespace,
        "object": {"spec": spec},
    }});
    let response =
        admission::validate::<Settings>(payload.to_string().as_bytes(), evaluate, cluster);
    let response = serde_json::from_slice(&response).expect("the response is JSON");
    (cluster.lookups.take(), response)
}

const CLUSTER: &str = "ClusterSecretStore";
const FIELDS: &str = "metadata.name spec.conditions status.conditions";
const LABELS: &str = "Namespace */research: metadata.labels";

fn accepted() -> Value {
    json!({"accepted": true})
}

#[test]
fn one_store_is_requested_by_name_once() {
    let entries = [(CLUSTER, "open"), (CLUSTER, "open"), (CLUSTER, "open")];
    let (lookups, response) = evaluate_object(&cluster(), "ExternalSecret", &entries);
    assert_eq!(lookups, [format!("ClusterSecretStore */open: {FIELDS}")]);
    assert_eq!(response, accepted());
}

#[test]
fn several_stores_are_requested_together_and_the_namespace_once() {
    let entries = [(CLUSTER, "a"), (CLUSTER, "open"), (CLUSTER, "b")];
    let (lookups, response) = evaluate_object(&cluster(), "ExternalSecret", &entries);
    assert_eq!(
        lookups,
        [
            format!("ClusterSecretStore */*: {FIELDS}"),
            LABELS.to_owned()
        ]
    );
    assert_eq!(response, accepted());
}

#[test]
fn stores_are_requested_one_by_one_if_only_single_objects_are_known() {
    let cluster = RecordingCluster {
        error: Some(QueryError::Unavailable("not all are known".to_owned())),
        ..cluster()
    };
    let entries = [(CLUSTER, "a"), (CLUSTER, "b"), (CLUSTER, "absent")];
    let (lookups, response) = evaluate_object(&cluster, "ExternalSecret", &entries);
    let expected =
        ["*", "a", "b", "absent"].map(|it| format!("ClusterSecretStore */{it}: {FIELDS}"));
    let (stores, labels) = lookups.split_at(4);
    assert_eq!(stores, expected);
    assert_eq!(labels, [LABELS]);
    let warning = "spec.data[2].sourceRef.storeRef: ClusterSecretStore `absent` does not exist, so \
                   nothing syncs [missing-store]";
    assert_eq!(response["warnings"], json!([warning]));
}

#[test]
fn secret_stores_are_requested_in_the_namespace() {
    let (lookups, response) =
        evaluate_object(&cluster(), "ExternalSecret", &[("SecretStore", "own")]);
    assert_eq!(lookups, [format!("SecretStore research/own: {FIELDS}")]);
    assert_eq!(response, accepted());
}

#[test]
fn labels_are_not_requested_if_the_name_is_enough() {
    let (lookups, response) =
        evaluate_object(&cluster(), "ExternalSecret", &[(CLUSTER, "by-regex")]);
    assert_eq!(
        lookups,
        [format!("ClusterSecretStore */by-regex: {FIELDS}")]
    );
    assert_eq!(response, accepted());
}

#[test]
fn cluster_scoped_objects_need_no_namespace() {
    let entries = [(CLUSTER, "a"), ("SecretStore", "own")];
    let (lookups, response) = evaluate_object(&cluster(), "ClusterExternalSecret", &entries);
    assert_eq!(lookups, [format!("ClusterSecretStore */a: {FIELDS}")]);
    assert_eq!(response, accepted());
}

#[test]
fn rejected_references_are_not_looked_up() {
    let rejected = [(CLUSTER, "vault"), ("SecretStore", "a")];
    for (kind, stores) in [
        ("ExternalSecret", rejected.as_slice()),
        // PushSecrets are not allowed by default.
        ("PushSecret", &[(CLUSTER, "open")]),
    ] {
        let (lookups, response) = evaluate_object(&cluster(), kind, stores);
        assert_eq!(lookups, [""; 0], "{kind}");
        assert_eq!(response["accepted"], json!(false), "{kind}");
    }
}

#[test]
fn rejected_references_do_not_widen_the_look_up() {
    let entries = [(CLUSTER, "vault"), (CLUSTER, "open")];
    let (lookups, _) = evaluate_object(&cluster(), "ExternalSecret", &entries);
    assert_eq!(lookups, [format!("ClusterSecretStore */open: {FIELDS}")]);
}

#[test]
fn a_look_up_without_permission_is_not_repeated() {
    let cluster = RecordingCluster {
        error: Some(QueryError::NotPermitted("no".to_owned())),
        ..cluster()
    };
    let (lookups, response) = evaluate_object(
        &cluster,
        "ExternalSecret",
        &[(CLUSTER, "a"), (CLUSTER, "b")],
    );
    assert_eq!(lookups, [format!("ClusterSecretStore */*: {FIELDS}")]);
    let warning = |name| {
        format!(
            "not checked: existence, readiness and conditions of ClusterSecretStore `{name}` (the \
             policy may not list ClusterSecretStores) [not-checked]"
        )
    };
    assert_eq!(response["warnings"], json!([warning("a"), warning("b")]));
}
