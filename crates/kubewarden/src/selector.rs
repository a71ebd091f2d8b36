//! Label selectors in their object form.

use std::collections::BTreeMap;

use serde::Deserialize;

/// `metav1.LabelSelector`: all of its requirements must hold, so an empty one selects everything.
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
    /// Whether `labels` meet every requirement. As in Kubernetes, `NotIn` holds where the label is
    /// absent.
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

    /// Whether it asks for labels that only a manifest of the namespace could tell.
    pub fn needs_more_than_the_name(&self) -> bool {
        let known = |key: &String| key == NAMESPACE_NAME_LABEL;
        !(self.match_labels.keys().all(known)
            && self
                .match_expressions
                .iter()
                .all(|requirement| known(&requirement.key)))
    }
}

/// The label that Kubernetes puts on every namespace (since 1.21), with its name.
pub const NAMESPACE_NAME_LABEL: &str = "kubernetes.io/metadata.name";
