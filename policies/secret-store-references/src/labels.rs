//! Label selectors of Kubernetes' API.

use admission::{Malformed, Object};

/// Whether a selector chooses an object with these labels; `{}` chooses every object.
///
/// Source: `LabelSelectorAsSelector` in `k8s.io/apimachinery/pkg/apis/meta/v1`.
///
/// # Errors
/// When it cannot be read, or has an expression that Kubernetes does not know.
pub(crate) fn select(
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
        let mut listed = false;
        for value in &values {
            listed |= found == Some(value.string()?);
        }
        let holds = match (fields.string("operator")?.as_deref(), values.is_empty()) {
            (Some("In"), false) => listed,
            (Some("NotIn"), false) => !listed,
            (Some("Exists"), true) => found.is_some(),
            (Some("DoesNotExist"), true) => found.is_none(),
            _ => return Err(fields.malformed("operator", "is none that Kubernetes knows")),
        };
        if !holds {
            return Ok(false);
        }
    }
    Ok(true)
}
