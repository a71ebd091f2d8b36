//! `spec.conditions` of a ClusterSecretStore, which select the namespaces that it serves.
//!
//! Source: `shouldProcessSecret` in External Secrets' `pkg/controllers/secretstore`. One condition that matches
//! is enough, and so is one of its three fields.

use std::borrow::Cow;

use admission::{Malformed, Node, Object};
use regex_lite::Regex;

use crate::labels::{self, unreadable};

/// Why the conditions could not be checked.
pub(crate) type Reason = Cow<'static, str>;

/// Returns whether the conditions select `namespace`. Calls `labels`, which looks up the labels of the
/// namespace, only if the result depends on them.
///
/// # Errors
/// Returns an error if no condition that can be read selects the namespace, but another condition might.
pub(crate) fn select<'a>(
    conditions: &[Node<'_>],
    namespace: &str,
    labels: impl Fn() -> Result<Option<Object<'a>>, Reason>,
) -> Result<bool, Reason> {
    let mut selectors = Vec::new();
    let mut unknown = None;
    for condition in conditions {
        let condition = condition.object().map_err(unreadable)?;
        for name in strings(&condition, "namespaces").map_err(unreadable)? {
            if name == namespace {
                return Ok(true);
            }
        }
        for regex in strings(&condition, "namespaceRegexes").map_err(unreadable)? {
            match Regex::new(&regex) {
                Ok(regex) if regex.is_match(namespace) => return Ok(true),
                Ok(_) => {}
                // RE2, which External Secrets uses, may support it.
                Err(_) => {
                    let reason = format!("regular expression `{regex}` is not supported");
                    unknown = Some(reason.into());
                }
            }
        }
        selectors.extend(condition.object("namespaceSelector").map_err(unreadable)?);
    }
    for selector in &selectors {
        match labels::select(selector, namespace, &labels) {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(reason) => unknown = Some(reason),
        }
    }
    match unknown {
        Some(reason) => Err(reason),
        None => Ok(conditions.is_empty()),
    }
}

/// Returns the strings in a list, which may be missing.
fn strings<'a>(object: &Object<'a>, field: &str) -> Result<Vec<Cow<'a, str>>, Malformed> {
    let items = object.array(field)?.unwrap_or_default();
    items.into_iter().map(Node::string).collect()
}
