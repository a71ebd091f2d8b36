//! Label selectors.

use std::borrow::Cow;

use admission::{Malformed, Object};

use crate::conditions::Reason;

/// The label with the name of a namespace. The API server sets it again on every change.
///
/// Source: `SetDefaults_Namespace` in `pkg/apis/core/v1/defaults.go` of Kubernetes.
const NAME: &str = "kubernetes.io/metadata.name";

/// Returns whether a selector selects a namespace. `{}` selects every namespace. Calls `labels`, which looks up
/// the labels of the namespace, only if the name does not decide.
///
/// # Errors
/// Returns an error if the selector or the labels cannot be read.
pub(crate) fn select<'n>(
    selector: &Object<'_>,
    namespace: &str,
    labels: impl FnOnce() -> Result<Option<Object<'n>>, Reason>,
) -> Result<bool, Reason> {
    let mut others = Vec::new();
    for requirement in requirements(selector).map_err(unreadable)? {
        match requirement.key.as_ref() {
            NAME if !requirement.accepts(Some(namespace)) => return Ok(false),
            NAME => {}
            _ => others.push(requirement),
        }
    }
    if others.is_empty() {
        return Ok(true);
    }
    let labels = labels()?;
    for requirement in others {
        let found = labels
            .as_ref()
            .map(|labels| labels.string(&requirement.key));
        let found = found.transpose().map_err(unreadable)?.flatten();
        if !requirement.accepts(found.as_deref()) {
            return Ok(false);
        }
    }
    Ok(true)
}

pub(crate) fn unreadable(_: Malformed) -> Reason {
    "they cannot be read".into()
}

/// A requirement for one label.
struct Requirement<'a> {
    key: Cow<'a, str>,
    /// The values that the label may have; empty for any value.
    values: Vec<Cow<'a, str>>,
    /// Whether it must not have one of them.
    is_negated: bool,
}

impl Requirement<'_> {
    fn accepts(&self, found: Option<&str>) -> bool {
        let is_listed = |found| self.values.is_empty() || self.values.iter().any(|it| it == found);
        found.is_some_and(is_listed) != self.is_negated
    }
}

/// Returns the requirements of a selector, all of which must be met.
///
/// Source: `LabelSelectorAsSelector` in `k8s.io/apimachinery/pkg/apis/meta/v1`.
///
/// # Errors
/// Returns an error if the selector cannot be read, or has an expression that Kubernetes would reject.
fn requirements<'a>(selector: &Object<'a>) -> Result<Vec<Requirement<'a>>, Malformed> {
    let mut requirements = Vec::new();
    if let Some(wanted) = selector.object("matchLabels")? {
        for (key, value) in wanted.iter() {
            requirements.push(Requirement {
                key: key.to_owned().into(),
                values: vec![value.string()?],
                is_negated: false,
            });
        }
    }
    for expression in selector.array("matchExpressions")?.unwrap_or_default() {
        let fields = expression.object()?;
        let mut values = Vec::new();
        for value in fields.array("values")?.unwrap_or_default() {
            values.push(value.string()?);
        }
        let is_negated = match (fields.string("operator")?.as_deref(), values.is_empty()) {
            (Some("In"), false) | (Some("Exists"), true) => false,
            (Some("NotIn"), false) | (Some("DoesNotExist"), true) => true,
            _ => return Err(fields.malformed("operator", "is not valid for these values")),
        };
        requirements.push(Requirement {
            key: fields.string("key")?.unwrap_or_default(),
            values,
            is_negated,
        });
    }
    Ok(requirements)
}
