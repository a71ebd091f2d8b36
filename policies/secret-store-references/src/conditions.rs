//! `spec.conditions` of a ClusterSecretStore: the namespaces that it serves.
//!
//! Source: `shouldProcessSecret` in External Secrets' `pkg/controllers/secretstore`. Any item that
//! matches is enough, and within one any of its three fields.

use std::borrow::Cow;

use admission::{Malformed, Node, Object};
use regex_lite::Regex;

use crate::labels;

/// Why it cannot be told whether a store serves a namespace.
pub(crate) type Unclear = Cow<'static, str>;

/// Whether the conditions let `namespace` in. Its labels cost a question, so `ask` is called only where
/// they decide.
///
/// # Errors
/// When nothing that can be read lets it in, and there is something that cannot.
pub(crate) fn serve<'a>(
    conditions: &[Node<'_>],
    namespace: &str,
    ask: impl FnOnce() -> Result<Option<Object<'a>>, Unclear>,
) -> Result<bool, Unclear> {
    let unreadable = |_: Malformed| Unclear::from("its conditions cannot be read");
    let mut selectors = Vec::new();
    let mut unclear = None;
    for condition in conditions {
        let condition = condition.object().map_err(unreadable)?;
        for name in list(&condition, "namespaces").map_err(unreadable)? {
            if name == namespace {
                return Ok(true);
            }
        }
        for regex in list(&condition, "namespaceRegexes").map_err(unreadable)? {
            match Regex::new(&regex) {
                Ok(regex) if regex.is_match(namespace) => return Ok(true),
                Ok(_) => {}
                // External Secrets refuses stores with expressions that it cannot read.
                Err(_) => unclear = Some(format!("its expression `{regex}` cannot be read").into()),
            }
        }
        selectors.extend(condition.object("namespaceSelector").map_err(unreadable)?);
    }
    if !selectors.is_empty() {
        let labels = ask()?;
        for selector in &selectors {
            if labels::select(selector, labels.as_ref()).map_err(unreadable)? {
                return Ok(true);
            }
        }
    }
    match unclear {
        Some(unclear) => Err(unclear),
        None => Ok(conditions.is_empty()),
    }
}

/// The strings of a list, absent or not.
fn list<'a>(object: &Object<'a>, field: &str) -> Result<Vec<Cow<'a, str>>, Malformed> {
    let items = object.array(field)?.unwrap_or_default();
    items.into_iter().map(Node::string).collect()
}
