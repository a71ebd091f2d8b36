//! Label and field selectors, as the API server reads them.

mod fields;
mod labels;

use serde_json::{Map, Value};

use fields::FieldSelector;
use labels::LabelSelector;

/// What a list call asks for.
#[derive(Debug, Default)]
pub struct Query {
    labels: LabelSelector,
    fields: FieldSelector,
}

/// Why a selector cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectorError {
    /// The API server could not read the label selector.
    #[error("unable to parse the label selector `{selector}`: {cause}")]
    Labels {
        /// As it was given.
        selector: String,
        /// What is wrong with it.
        cause: String,
    },
    /// Nor this field selector.
    #[error("unable to parse the field selector `{0}`: a term needs `=`, `==` or `!=`")]
    Fields(String),
    /// The field cannot be selected by.
    #[error(
        "field label not supported: {0} (offline, only metadata.name and metadata.namespace are)"
    )]
    Field(String),
}

impl Query {
    /// Reads both selectors; one that is missing or empty selects everything.
    ///
    /// # Errors
    /// When a selector cannot be used.
    pub fn parse(labels: Option<&str>, fields: Option<&str>) -> Result<Self, SelectorError> {
        Ok(Self {
            labels: LabelSelector::parse(labels.unwrap_or_default())?,
            fields: FieldSelector::parse(fields.unwrap_or_default())?,
        })
    }

    pub(crate) fn matches(
        &self,
        namespace: Option<&str>,
        name: &str,
        object: &Map<String, Value>,
    ) -> bool {
        let labels = object
            .get("metadata")
            .and_then(|metadata| metadata.get("labels"));
        let label = |key: &str| {
            labels
                .and_then(|labels| labels.get(key))
                .and_then(Value::as_str)
        };
        self.fields.matches(namespace, name) && self.labels.matches(label)
    }

    /// Whether nothing but an object named `name` can match.
    pub(crate) fn asks_only_for(&self, name: &str) -> bool {
        self.fields.demands(fields::Field::Name, name)
    }

    /// Whether nothing outside of `namespace` can match.
    pub(crate) fn pins_namespace(&self, namespace: Option<&str>) -> bool {
        self.fields
            .demands(fields::Field::Namespace, namespace.unwrap_or_default())
    }
}
