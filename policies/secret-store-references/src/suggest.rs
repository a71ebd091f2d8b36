//! Suggestions for references to stores that are not allowed.

use admission::distance;

use crate::settings::{AllowedStore, StoreKind};

/// Returns the fix for a reference to a store that is not allowed: the allowed store with the most similar
/// name, or a list of allowed stores.
pub(crate) fn instead(kind: StoreKind, name: &str, allowed: &[&AllowedStore]) -> String {
    let find = |matches: &dyn Fn(&str) -> bool| allowed.iter().find(|store| matches(&store.name));
    if let Some(other) = find(&|other| other == name) {
        return format!("use `kind: {}`", other.kind);
    }
    if let Some(near) = find(&|other| distance(other, name) <= 2.min(name.len() / 3)) {
        return match near.kind == kind {
            true => format!("did you mean `{}`?", near.name),
            false => format!("use {} `{}`", near.kind, near.name),
        };
    }
    let write = |store: &AllowedStore| format!("{} `{}`", store.kind, store.name);
    match allowed {
        [] => "no store is allowed here".to_owned(),
        [one] => format!("use {}", write(one)),
        [one, two] => format!("use {} or {}", write(one), write(two)),
        [one, two, more @ ..] => {
            let (one, two) = (write(one), write(two));
            format!("use {one}, {two} or one of {} more", more.len())
        }
    }
}
