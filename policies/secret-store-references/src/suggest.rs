//! What somebody may have meant.

use admission::distance;

use crate::settings::{AllowedStore, StoreKind};

/// The way out for a reference to a store that is not approved: the approved one that is most like it,
/// else those that there are.
pub(crate) fn instead(kind: StoreKind, name: &str, approved: &[&AllowedStore]) -> String {
    let named = |same: &dyn Fn(&str) -> bool| approved.iter().find(|store| same(&store.name));
    if let Some(other) = named(&|other| other == name) {
        return format!("did you mean `kind: {}`?", other.kind);
    }
    if let Some(near) = named(&|other| distance(other, name) <= 2.min(name.len() / 3)) {
        return match near.kind == kind {
            true => format!("did you mean `{}`?", near.name),
            false => format!("did you mean {} `{}`?", near.kind, near.name),
        };
    }
    let written = |store: &AllowedStore| format!("{} `{}`", store.kind, store.name);
    match approved {
        [] => "no store is approved here".to_owned(),
        [one] => format!("use {}", written(one)),
        [one, two] => format!("use {} or {}", written(one), written(two)),
        [one, two, more @ ..] => {
            let (one, two) = (written(one), written(two));
            format!("use {one}, {two} or one of {} more", more.len())
        }
    }
}
