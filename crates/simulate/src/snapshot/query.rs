//! Label and field selectors with the API server's syntax.

mod fields;
mod labels;

use serde_json::{Map, Value};

use fields::FieldSelector;
use labels::LabelSelector;

/// The selectors of a list call.
#[derive(Debug, Default)]
pub struct Query {
    labels: LabelSelector,
    fields: FieldSelector,
}

/// An invalid selector.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectorError {
    /// The label selector has a syntax error.
    #[error("unable to parse the label selector `{selector}`: {cause}")]
    Labels {
        /// The selector.
        selector: String,
        /// The syntax error.
        cause: String,
    },
    /// The field selector has a syntax error.
    #[error("unable to parse the field selector `{0}`: a term needs `=`, `==` or `!=`")]
    Fields(String),
    /// Field selectors do not support this field.
    #[error(
        "field label not supported: {0} (offline, only metadata.name and metadata.namespace are)"
    )]
    Field(String),
}

impl Query {
    /// Parses both selectors. A missing or empty selector matches everything.
    ///
    /// # Errors
    /// Returns an error if a selector is invalid.
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

    /// Reports whether the query matches only objects with this name.
    pub(crate) fn requires_name(&self, name: &str) -> bool {
        self.fields.requires(fields::Field::Name, name)
    }

    /// Reports whether the query matches only objects in this namespace.
    pub(crate) fn requires_namespace(&self, namespace: Option<&str>) -> bool {
        self.fields
            .requires(fields::Field::Namespace, namespace.unwrap_or_default())
    }
}
