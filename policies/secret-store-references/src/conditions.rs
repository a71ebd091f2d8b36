//! `spec.conditions` of a ClusterSecretStore: the namespaces that it serves.
//!
//! Source: `shouldProcessSecret` in External Secrets' `pkg/controllers/secretstore`. Any item that
//! matches is enough, and within one any of its three fields.

use admission::{Malformed, Node, Object};
use regex_lite::Regex;

use crate::labels;

/// What conditions say of a namespace by its name.
pub(crate) enum ByName<'a> {
    Served,
    NotServed,
    /// It depends on the namespace's labels, which cost a question.
    Labels(Vec<Object<'a>>),
}

/// Whether the conditions let `namespace` in by its name. Expressions that cannot be read match nothing
/// and are added to `unreadable`.
///
/// # Errors
/// When a condition has another form than External Secrets gives it.
pub(crate) fn by_name<'a>(
    conditions: &[Node<'a>],
    namespace: &str,
    unreadable: &mut Vec<String>,
) -> Result<ByName<'a>, Malformed> {
    if conditions.is_empty() {
        return Ok(ByName::Served);
    }
    let mut selectors = Vec::new();
    for condition in conditions {
        let condition = condition.object()?;
        for name in condition.array("namespaces")?.unwrap_or_default() {
            if name.string()? == namespace {
                return Ok(ByName::Served);
            }
        }
        for regex in condition.array("namespaceRegexes")?.unwrap_or_default() {
            let regex = regex.string()?;
            match Regex::new(&regex) {
                Ok(regex) if regex.is_match(namespace) => return Ok(ByName::Served),
                Ok(_) => {}
                Err(_) => unreadable.push(regex.into_owned()),
            }
        }
        selectors.extend(condition.object("namespaceSelector")?);
    }
    Ok(match selectors.is_empty() {
        true => ByName::NotServed,
        false => ByName::Labels(selectors),
    })
}

/// Whether one of the selectors chooses a namespace with these labels. One that cannot be read matches
/// nothing and is added to `unreadable`.
pub(crate) fn by_labels(
    selectors: &[Object<'_>],
    labels: Option<&Object<'_>>,
    unreadable: &mut Vec<String>,
) -> bool {
    selectors.iter().any(|selector| {
        let chosen = labels::select(selector, labels);
        chosen.unwrap_or_else(|malformed| {
            unreadable.push(malformed.to_string());
            false
        })
    })
}
