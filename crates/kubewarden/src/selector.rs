//! Label selectors as manifests write them.

use std::collections::BTreeMap;

use serde::Deserialize;

/// `metav1.LabelSelector`. All requirements must match, so an empty selector matches everything.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct LabelSelector {
    match_labels: BTreeMap<String, String>,
    match_expressions: Vec<Requirement>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Requirement {
    key: String,
    operator: Operator,
    #[serde(default)]
    values: Vec<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

impl LabelSelector {
    /// Whether `labels` match every requirement. As in Kubernetes, `NotIn` matches if the label is not set.
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        let same = |(key, value): (&String, &String)| labels.get(key) == Some(value);
        self.match_labels.iter().all(same)
            && self.match_expressions.iter().all(|requirement| {
                let label = labels.get(&requirement.key);
                let listed = label.is_some_and(|label| requirement.values.contains(label));
                match requirement.operator {
                    Operator::In => listed,
                    Operator::NotIn => !listed,
                    Operator::Exists => label.is_some(),
                    Operator::DoesNotExist => label.is_none(),
                }
            })
    }

    /// Whether the selector uses labels other than the namespace's name, which only the manifest of the
    /// namespace contains.
    pub fn needs_namespace_labels(&self) -> bool {
        let known = |key: &String| key == NAMESPACE_NAME_LABEL;
        !(self.match_labels.keys().all(known)
            && self
                .match_expressions
                .iter()
                .all(|requirement| known(&requirement.key)))
    }
}

/// The label with the namespace's name, which Kubernetes sets on every namespace (since 1.21).
pub const NAMESPACE_NAME_LABEL: &str = "kubernetes.io/metadata.name";
