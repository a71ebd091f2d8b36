//! Determines what an update changes.

use std::borrow::Cow;

use admission::{Malformed, Node};
use ingress2route::{PREFIX, other_controller};

use crate::ingress::{Entry, Ingress};

/// The annotation that adds hosts to those of the rules.
const ALIAS: &str = "nginx.ingress.kubernetes.io/server-alias";

/// Whether an update changes nothing that the policy checks, only other metadata such as labels or finalizers.
/// Such an update passes even if the settings have changed since the Ingress was accepted. The API server
/// serializes the old and the new object alike, so comparing their text is enough.
///
/// # Errors
/// Returns an error if `spec` is a duplicate key.
pub(crate) fn is_unchanged(new: &Ingress<'_>, old: &Ingress<'_>) -> Result<bool, Malformed> {
    Ok(spec(new)? == spec(old)? && new.class == old.class && annotations(new).eq(annotations(old)))
}

fn spec<'a>(ingress: &Ingress<'a>) -> Result<Option<&'a str>, Malformed> {
    Ok(ingress.root.get("spec")?.map(Node::text))
}

/// Returns the annotations that Ingress controllers read.
fn annotations<'i>(ingress: &'i Ingress<'_>) -> impl Iterator<Item = (&'i str, &'i str)> {
    let all = ingress.annotations();
    all.filter(|(key, _)| {
        let prefix = key.split('/').next().unwrap_or_default();
        key.starts_with(PREFIX) || other_controller(prefix).is_some()
    })
    .map(|(key, node)| (key, node.text()))
}

/// Whether an update adds routing that the old object did not have: a host, a path, an alias, a default backend
/// or another class.
///
/// # Errors
/// Returns an error if a field of either object has the wrong type.
pub(crate) fn adds_routing(new: &Ingress<'_>, old: &Ingress<'_>) -> Result<bool, Malformed> {
    if !new.class.names().eq(old.class.names()) {
        return Ok(true);
    }
    let (aliases, old_aliases) = (aliases(new)?, aliases(old)?);
    let mut aliases = aliases.split(',').map(str::trim);
    if aliases.any(|alias| !old_aliases.split(',').any(|old| old.trim() == alias)) {
        return Ok(true);
    }
    let old_entries = old.entries()?;
    let is_new = |entry: &Entry<'_>| {
        !old_entries
            .iter()
            .any(|old| old.routes_same_requests(entry))
    };
    Ok(new.entries()?.iter().any(is_new))
}

fn aliases<'a>(ingress: &Ingress<'a>) -> Result<Cow<'a, str>, Malformed> {
    Ok(match &ingress.annotations {
        Some(annotations) => annotations.string(ALIAS)?.unwrap_or_default(),
        None => Cow::default(),
    })
}
