//! Label selectors.

use admission::{Malformed, Object};

/// Returns whether a selector matches an object with these labels. `{}` matches every object.
///
/// Source: `LabelSelectorAsSelector` in `k8s.io/apimachinery/pkg/apis/meta/v1`.
///
/// # Errors
/// Returns an error if the selector cannot be read, or has an expression that Kubernetes would reject.
pub(crate) fn matches(
    selector: &Object<'_>,
    labels: Option<&Object<'_>>,
) -> Result<bool, Malformed> {
    let label = |key: &str| match labels {
        Some(labels) => labels.string(key),
        None => Ok(None),
    };
    if let Some(wanted) = selector.object("matchLabels")? {
        for (key, value) in wanted.iter() {
            if label(key)? != Some(value.string()?) {
                return Ok(false);
            }
        }
    }
    for expression in selector.array("matchExpressions")?.unwrap_or_default() {
        let fields = expression.object()?;
        let key = fields.string("key")?.unwrap_or_default();
        let found = label(&key)?;
        let values = fields.array("values")?.unwrap_or_default();
        let mut is_listed = false;
        for value in &values {
            is_listed |= found == Some(value.string()?);
        }
        let is_match = match (fields.string("operator")?.as_deref(), values.is_empty()) {
            (Some("In"), false) => is_listed,
            (Some("NotIn"), false) => !is_listed,
            (Some("Exists"), true) => found.is_some(),
            (Some("DoesNotExist"), true) => found.is_none(),
            _ => return Err(fields.malformed("operator", "is not valid for these values")),
        };
        if !is_match {
            return Ok(false);
        }
    }
    Ok(true)
}
