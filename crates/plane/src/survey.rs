//! What the manifests tell of the cluster around them.

use std::collections::{BTreeMap, BTreeSet};

use manifest::{Object, Problem};
use serde_json::{Map, Value, json};
use snapshot::{ContextAwareResource, Snapshot};

use crate::evaluate::{self, Plane};
use crate::selector::NAMESPACE_NAME_LABEL;
use crate::{kinds, policy};

/// Takes note of manifests before any is judged: of namespaces, whose labels selectors go by, and of the
/// objects that context-aware modules may ask for.
#[derive(Debug)]
pub struct Survey {
    /// Whether a policy's namespace selector goes by labels.
    by_labels: bool,
    /// The kinds that policies name. Of others nothing is known: they may well be in the cluster.
    kinds: BTreeSet<ContextAwareResource>,
    namespaces: BTreeMap<String, BTreeMap<String, String>>,
    used: BTreeSet<String>,
    cluster: Snapshot,
}

impl Survey {
    pub(crate) fn of(plane: &Plane) -> Self {
        let policies = || plane.policies();
        let by_labels =
            |policy: &policy::Policy| policy.spec.namespace_selector.needs_more_than_the_name();
        Self {
            by_labels: policies().any(by_labels),
            kinds: policies()
                .flat_map(|policy| policy.spec.context_aware_resources.iter().cloned())
                .collect(),
            namespaces: BTreeMap::new(),
            used: BTreeSet::new(),
            cluster: Snapshot::new(),
        }
    }

    /// Whether there is anything to take note of.
    pub fn is_wanted(&self) -> bool {
        self.by_labels || !self.kinds.is_empty()
    }

    /// Takes note of an object.
    pub fn note(&mut self, object: &Object) {
        if self.by_labels {
            if object.kind() == "Namespace" {
                let labels = policy::labels(&object.value);
                self.namespaces.insert(object.name().to_owned(), labels);
            } else {
                self.used.extend(evaluate::namespace(&object.value));
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
            false => evaluate::namespace(&value),
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

    /// Whether a policy applies is a guess where no manifest tells the labels it goes by, and that is
    /// said.
    pub(crate) fn into_plane(self, plane: &mut Plane) -> Vec<Problem> {
        let unknown: Vec<String> = self
            .used
            .iter()
            .filter(|name| !self.namespaces.contains_key(*name))
            .map(|name| format!("`{name}`"))
            .collect();
        let mut warnings = Vec::new();
        if !unknown.is_empty() {
            let by_labels = |policy: &&policy::Policy| {
                policy.spec.namespace_selector.needs_more_than_the_name()
            };
            for policy in plane.policies().filter(by_labels) {
                warnings.push(policy.warning(&format!(
                    "its namespaceSelector goes by labels, and no manifest here tells those of {}; taken to \
                     have none",
                    unknown.join(", ")
                )));
            }
        }
        plane.namespaces = self.namespaces;
        plane.cluster = self.cluster;
        warnings
    }
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
