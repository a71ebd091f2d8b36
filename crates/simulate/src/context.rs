//! What the manifests tell of the cluster around them.

use std::collections::{BTreeMap, BTreeSet};

use kubewarden::{ContextAwareResource, NAMESPACE_NAME_LABEL, Policy, kinds, labels};
use manifest::{Object, Problem};
use serde_json::{Map, Value, json};

use crate::policies::Policies;
use crate::simulator;
use crate::snapshot::Snapshot;

/// The cluster as far as manifests describe it: the namespaces, whose labels selectors match, and the objects
/// that context-aware policies look up.
#[derive(Debug)]
pub struct Context {
    /// Whether a policy's namespace selector matches labels.
    by_labels: bool,
    /// The kinds that policies name. Of others nothing is known: they may well be in the cluster.
    kinds: BTreeSet<ContextAwareResource>,
    /// Labels by namespace.
    namespaces: BTreeMap<String, BTreeMap<String, String>>,
    used: BTreeSet<String>,
    cluster: Snapshot,
}

impl Context {
    /// A context that collects what `policies` depend on.
    pub fn of(policies: &Policies) -> Self {
        Self {
            by_labels: policies.iter().any(selects_by_labels),
            kinds: policies
                .iter()
                .flat_map(|policy| policy.spec.context_aware_resources.iter().cloned())
                .collect(),
            namespaces: BTreeMap::new(),
            used: BTreeSet::new(),
            cluster: Snapshot::new(),
        }
    }

    /// Whether the policies depend on anything that manifests can tell.
    pub fn is_needed(&self) -> bool {
        self.by_labels || !self.kinds.is_empty()
    }

    /// Collects what an object tells.
    pub fn collect(&mut self, object: &Object) {
        if self.by_labels {
            if object.kind() == "Namespace" {
                self.namespaces
                    .insert(object.name().to_owned(), labels(&object.value));
            } else {
                self.used.extend(simulator::namespace(&object.value));
            }
        }
        let (group, _) = kinds::group_version(object.api_version());
        // The API server gives an object in every version of its kind; modules ask for one.
        let kind = self.kinds.iter().find(|kind| {
            kind.kind == object.kind() && kinds::group_version(&kind.api_version).0 == group
        });
        let Some(kind) = kind else {
            return;
        };
        let mut value = object.value.clone();
        let namespace = match kinds::is_cluster_scoped(group, &kind.kind) {
            true => None,
            false => simulator::namespace(&value),
        };
        if let Some(fields) = value.as_object_mut() {
            fields.insert("apiVersion".to_owned(), kind.api_version.clone().into());
            let metadata = fields.get_mut("metadata").and_then(|it| it.as_object_mut());
            if let (Some(metadata), Some(namespace)) = (metadata, namespace) {
                metadata.insert("namespace".to_owned(), namespace.into());
            }
            if group.is_empty() && kind.kind == "Namespace" {
                label_with_name(fields);
            }
        }
        // One without a name is no object that could be looked up; its own row says what is wrong.
        let _ = self.cluster.insert(value);
    }

    /// Warnings about policies that match by labels of namespaces which no manifest describes.
    pub fn warnings(&self, policies: &Policies) -> Vec<Problem> {
        let unknown: Vec<String> = self
            .used
            .iter()
            .filter(|name| !self.namespaces.contains_key(*name))
            .map(|name| format!("`{name}`"))
            .collect();
        if unknown.is_empty() {
            return Vec::new();
        }
        let warning = format!(
            "its namespaceSelector goes by labels, and no manifest here tells those of {}; taken to have none",
            unknown.join(", ")
        );
        let policies = policies.iter().filter(|policy| selects_by_labels(policy));
        policies.map(|policy| policy.warning(&warning)).collect()
    }

    /// The labels of a namespace, as far as they are known.
    pub(crate) fn labels_of(&self, namespace: &str) -> BTreeMap<String, String> {
        self.namespaces.get(namespace).cloned().unwrap_or_default()
    }

    /// The objects that context-aware policies look up.
    pub(crate) fn cluster(&self) -> &Snapshot {
        &self.cluster
    }
}

fn selects_by_labels(policy: &Policy) -> bool {
    policy.spec.namespace_selector.needs_namespace_labels()
}

/// Gives a Namespace the label with its name, as the API server does; selectors go by it.
fn label_with_name(namespace: &mut Map<String, Value>) {
    let metadata = namespace.get_mut("metadata").and_then(Value::as_object_mut);
    let Some(metadata) = metadata else {
        return;
    };
    let Some(name) = metadata.get("name").cloned() else {
        return;
    };
    let labels = metadata.entry("labels").or_insert_with(|| json!({}));
    if labels.is_null() {
        *labels = json!({});
    }
    if let Some(labels) = labels.as_object_mut() {
        labels.insert(NAMESPACE_NAME_LABEL.to_owned(), name);
    }
}
