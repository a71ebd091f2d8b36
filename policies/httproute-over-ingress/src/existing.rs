//! What an update changes.

use std::borrow::Cow;

use admission::{Malformed, Node};
use ingress2route::{PREFIX, other_controller};

use crate::ingress::{Ingress, Place};

/// The annotation by which one Ingress has more hosts than its rules say.
const ALIAS: &str = "nginx.ingress.kubernetes.io/server-alias";

/// Whether an update leaves what decides as it is: other metadata alone, such as labels or a finalizer, or
/// what was admitted under other settings. The API server writes old and new object alike.
///
/// # Errors
/// When the spec is given twice.
pub(crate) fn is_unchanged(new: &Ingress<'_>, old: &Ingress<'_>) -> Result<bool, Malformed> {
    Ok(spec(new)? == spec(old)? && new.class == old.class && annotations(new).eq(annotations(old)))
}

fn spec<'a>(ingress: &Ingress<'a>) -> Result<Option<&'a str>, Malformed> {
    Ok(ingress.root.get("spec")?.map(Node::text))
}

/// Annotations that a controller reads.
fn annotations<'i>(ingress: &'i Ingress<'_>) -> impl Iterator<Item = (&'i str, &'i str)> {
    let all = ingress.annotations();
    all.filter(|(key, _)| {
        let prefix = key.split('/').next().unwrap_or_default();
        key.starts_with(PREFIX) || other_controller(prefix).is_some()
    })
    .map(|(key, node)| (key, node.text()))
}

/// Whether an update lets in what was not let in before: a host, a path, another class.
///
/// # Errors
/// When a part of either has the wrong type.
pub(crate) fn adds(new: &Ingress<'_>, old: &Ingress<'_>) -> Result<bool, Malformed> {
    if !new.class.names().eq(old.class.names()) {
        return Ok(true);
    }
    let (aliases, aliases_before) = (aliases(new)?, aliases(old)?);
    let mut aliases = aliases.split(',').map(str::trim);
    if aliases.any(|alias| !aliases_before.split(',').any(|old| old.trim() == alias)) {
        return Ok(true);
    }
    let before = old.places()?;
    let is_new = |place: &Place<'_>| !before.iter().any(|old| old.is(place));
    Ok(new.places()?.iter().any(is_new))
}

fn aliases<'a>(ingress: &Ingress<'a>) -> Result<Cow<'a, str>, Malformed> {
    Ok(match &ingress.annotations {
        Some(annotations) => annotations.string(ALIAS)?.unwrap_or_default(),
        None => Cow::default(),
    })
}
