//! Cluster data collected from manifests.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use kubewarden::{ContextAwareResource, NAMESPACE_NAME_LABEL, Policy, kinds, labels};
use manifest::{Object, Problem};
use serde_json::{Map, Value, json};

use crate::policies::Policies;
use crate::snapshot::Snapshot;
use crate::{ingress, simulator};

/// The cluster as the manifests describe it: namespace labels for selectors, and objects for the look-ups of
/// context-aware policies.
#[derive(Debug)]
pub struct Context {
    /// Whether any policy selects namespaces by label.
    selects_by_labels: bool,
    /// The `contextAwareResources` of all policies.
    kinds: BTreeSet<ContextAwareResource>,
    /// Labels by namespace.
    namespaces: BTreeMap<String, BTreeMap<String, String>>,
    /// The namespaces of all objects.
    used_namespaces: BTreeSet<String>,
    cluster: Snapshot,
}

impl Context {
    /// Creates an empty context that collects the data needed by `policies`.
    pub fn new(policies: &Policies) -> Self {
        Self {
            selects_by_labels: policies.iter().any(selects_by_labels),
            kinds: policies
                .iter()
                .flat_map(|policy| policy.spec.context_aware_resources.iter().cloned())
                .collect(),
            namespaces: BTreeMap::new(),
            used_namespaces: BTreeSet::new(),
            cluster: Snapshot::new(),
        }
    }

    /// Reports whether any policy needs cluster data.
    pub fn is_needed(&self) -> bool {
        self.selects_by_labels || !self.kinds.is_empty()
    }

    /// Collects the data of one object.
    pub fn collect(&mut self, object: &Object) {
        if self.selects_by_labels {
            if object.kind() == "Namespace" {
                self.namespaces
                    .insert(object.name().to_owned(), labels(&object.value));
            } else {
                self.used_namespaces
                    .extend(simulator::namespace(&object.value));
            }
        }
        let (group, _) = kinds::group_version(object.api_version());
        // The API server serves an object in every version of its kind; a policy looks up one of them.
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
                add_name_label(fields);
            }
        }
        // An object without a name cannot be looked up. Its own row reports the problem.
        let _ = self.cluster.insert(value);
    }

    /// Returns a warning for each policy that selects by labels of namespaces missing from the manifests.
    pub fn warnings(&self, policies: &Policies) -> Vec<Problem> {
        let unknown: Vec<String> = self
            .used_namespaces
            .iter()
            .filter(|name| !self.namespaces.contains_key(*name))
            .map(|name| format!("`{name}`"))
            .collect();
        if unknown.is_empty() {
            return Vec::new();
        }
        let plural = if unknown.len() == 1 { "" } else { "s" };
        let warning = format!(
            "its namespaceSelector matches labels, but there is no manifest of namespace{plural} {}; assuming \
             no labels",
            unknown.join(", ")
        );
        let policies = policies.iter().filter(|policy| selects_by_labels(policy));
        policies.map(|policy| policy.warning(&warning)).collect()
    }

    /// Returns the labels of a namespace; empty if the manifests do not contain the namespace.
    pub(crate) fn namespace_labels(&self, namespace: &str) -> BTreeMap<String, String> {
        self.namespaces.get(namespace).cloned().unwrap_or_default()
    }

    /// Returns the objects that a context-aware policy looks up.
    pub(crate) fn cluster(&self, policy: &Policy) -> Cow<'_, Snapshot> {
        // Ingresses of one host are usually deployed together, and another one can only be missing.
        match policy.module_name() {
            ingress::MODULE => {
                let mut cluster = self.cluster.clone();
                cluster.mark_partial(ContextAwareResource::new("networking.k8s.io/v1", "Ingress"));
                Cow::Owned(cluster)
            }
            _ => Cow::Borrowed(&self.cluster),
        }
    }
}

fn selects_by_labels(policy: &Policy) -> bool {
    policy.spec.namespace_selector.needs_namespace_labels()
}

/// Adds the label with the name of the Namespace, as the API server does. Selectors match it.
fn add_name_label(namespace: &mut Map<String, Value>) {
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
