//! What the cluster is asked: nothing where that settles nothing, and never more than it takes.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests"
)]

use std::cell::RefCell;

use admission::{Cluster, Query, QueryError};
use secret_store_references::{Settings, evaluate};
use serde_json::{Value, json};

/// A cluster with these objects, and what it was asked.
struct Recorded {
    objects: Vec<Value>,
    /// Why it does not answer questions for more than single objects.
    refusal: Option<QueryError>,
    asked: RefCell<Vec<String>>,
}

impl Cluster for Recorded {
    fn list(&self, query: &Query<'_>) -> Result<String, QueryError> {
        let Query { kind, fields, .. } = query;
        let (namespace, name) = (query.namespace.unwrap_or("*"), query.name.unwrap_or("*"));
        let question = format!("{kind} {namespace}/{name}: {}", fields.join(" "));
        self.asked.borrow_mut().push(question);
        if let Some(refusal) = self.refusal.as_ref().filter(|_| query.name.is_none()) {
            return Err(refusal.clone());
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

/// Three stores that serve namespaces by labels, a SecretStore, and a namespace.
fn cluster() -> Recorded {
    Recorded {
        objects: vec![
            cluster_store("a", by_labels()),
            cluster_store("b", by_labels()),
            cluster_store("by-regex", json!([{"namespaceRegexes": ["sea"]}])),
            cluster_store("open", json!([])),
            json!({"kind": "SecretStore", "metadata": {"name": "own", "namespace": "research"}}),
            json!({"kind": "Namespace", "metadata": {"name": "research", "labels": {"team": "genomics"}}}),
        ],
        refusal: None,
        asked: RefCell::default(),
    }
}

/// What is asked, and the response, for an object with an entry from each of these stores.
fn ask(cluster: &Recorded, kind: &str, stores: &[(&str, &str)]) -> (Vec<String>, Value) {
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
    (cluster.asked.take(), response)
}

const CLUSTER: &str = "ClusterSecretStore";
const FIELDS: &str = "metadata.name spec.conditions status.conditions";
const LABELS: &str = "Namespace */research: metadata.labels";

fn accepted() -> Value {
    json!({"accepted": true})
}

#[test]
fn one_store_is_asked_for_by_name_however_often_it_is_named() {
    let entries = [(CLUSTER, "open"), (CLUSTER, "open"), (CLUSTER, "open")];
    let (asked, response) = ask(&cluster(), "ExternalSecret", &entries);
    assert_eq!(asked, [format!("ClusterSecretStore */open: {FIELDS}")]);
    assert_eq!(response, accepted());
}

#[test]
fn several_stores_are_one_question_and_the_namespace_another() {
    let entries = [(CLUSTER, "a"), (CLUSTER, "open"), (CLUSTER, "b")];
    let (asked, response) = ask(&cluster(), "ExternalSecret", &entries);
    assert_eq!(
        asked,
        [
            format!("ClusterSecretStore */*: {FIELDS}"),
            LABELS.to_owned()
        ]
    );
    assert_eq!(response, accepted());
}

#[test]
fn each_is_asked_for_where_only_single_objects_are_known() {
    let cluster = Recorded {
        refusal: Some(QueryError::Unavailable("not all are known".to_owned())),
        ..cluster()
    };
    let entries = [(CLUSTER, "a"), (CLUSTER, "b"), (CLUSTER, "absent")];
    let (asked, response) = ask(&cluster, "ExternalSecret", &entries);
    let expected =
        ["*", "a", "b", "absent"].map(|it| format!("ClusterSecretStore */{it}: {FIELDS}"));
    let (stores, labels) = asked.split_at(4);
    assert_eq!(stores, expected);
    assert_eq!(labels, [LABELS]);
    let warning = "spec.data[2].sourceRef.storeRef: ClusterSecretStore `absent` does not exist; \
                   nothing syncs until it does";
    assert_eq!(response["warnings"], json!([warning]));
}

#[test]
fn secret_stores_are_looked_for_in_the_namespace() {
    let (asked, response) = ask(&cluster(), "ExternalSecret", &[("SecretStore", "own")]);
    assert_eq!(asked, [format!("SecretStore research/own: {FIELDS}")]);
    assert_eq!(response, accepted());
}

#[test]
fn labels_are_not_asked_for_where_the_name_is_enough() {
    let (asked, response) = ask(&cluster(), "ExternalSecret", &[(CLUSTER, "by-regex")]);
    assert_eq!(asked, [format!("ClusterSecretStore */by-regex: {FIELDS}")]);
    assert_eq!(response, accepted());
}

#[test]
fn a_cluster_wide_object_has_no_namespace_to_ask_about() {
    let entries = [(CLUSTER, "a"), ("SecretStore", "own")];
    let (asked, response) = ask(&cluster(), "ClusterExternalSecret", &entries);
    assert_eq!(asked, [format!("ClusterSecretStore */a: {FIELDS}")]);
    assert_eq!(response, accepted());
}

#[test]
fn nothing_is_asked_of_references_that_are_refused() {
    let refused = [(CLUSTER, "vault"), ("SecretStore", "a")];
    for (kind, stores) in [
        ("ExternalSecret", refused.as_slice()),
        // PushSecrets are not allowed here, whatever they refer to.
        ("PushSecret", &[(CLUSTER, "open")]),
    ] {
        let (asked, response) = ask(&cluster(), kind, stores);
        assert_eq!(asked, [""; 0], "{kind}");
        assert_eq!(response["accepted"], json!(false), "{kind}");
    }
}

#[test]
fn refused_ones_do_not_widen_the_question_about_the_others() {
    let entries = [(CLUSTER, "vault"), (CLUSTER, "open")];
    let (asked, _) = ask(&cluster(), "ExternalSecret", &entries);
    assert_eq!(asked, [format!("ClusterSecretStore */open: {FIELDS}")]);
}

#[test]
fn a_refused_question_is_not_asked_again() {
    let cluster = Recorded {
        refusal: Some(QueryError::NotPermitted("no".to_owned())),
        ..cluster()
    };
    let (asked, response) = ask(
        &cluster,
        "ExternalSecret",
        &[(CLUSTER, "a"), (CLUSTER, "b")],
    );
    assert_eq!(asked, [format!("ClusterSecretStore */*: {FIELDS}")]);
    let warning = |name| {
        format!(
            "not checked: whether ClusterSecretStore `{name}` exists, is ready and serves the \
             namespace: the policy may not ask"
        )
    };
    assert_eq!(response["warnings"], json!([warning("a"), warning("b")]));
}
