//! What somebody may have meant.

use crate::settings::{AllowedStore, StoreKind};

/// The way out for a reference to a store that is not approved: the approved one that is most like it,
/// else those that there are.
pub(crate) fn instead<'a>(
    kind: StoreKind,
    kind_is_written: bool,
    name: &str,
    approved: impl Iterator<Item = &'a AllowedStore> + Clone,
) -> String {
    if approved.clone().any(|store| store.name == name) {
        let other = match kind {
            StoreKind::ClusterSecretStore => StoreKind::SecretStore,
            StoreKind::SecretStore => StoreKind::ClusterSecretStore,
        };
        let rule = match kind_is_written {
            true => "",
            false => ", which an omitted kind means",
        };
        return format!("{rule}; did you mean `kind: {other}`?");
    }
    let near = approved
        .clone()
        .find(|store| distance(&store.name, name) <= 2);
    if let Some(near) = near {
        return match near.kind == kind {
            true => format!("; did you mean `{}`?", near.name),
            false => format!("; did you mean {} `{}`?", near.kind, near.name),
        };
    }
    let mut names = approved.map(|store| format!("{} `{}`", store.kind, store.name));
    match (names.next(), names.next(), names.count()) {
        (None, ..) => "; no store is approved here".to_owned(),
        (Some(one), None, _) => format!("; use {one}"),
        (Some(one), Some(two), 0) => format!("; use {one} or {two}"),
        (Some(one), Some(two), more) => format!("; use {one}, {two} or one of {more} more"),
    }
}

/// How many letters must be added, removed or changed to make `b` of `a` (Levenshtein's distance).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.bytes().enumerate() {
        let mut diagonal = i;
        let mut before = i + 1;
        let mut next = vec![before];
        for (right, &above) in b.bytes().zip(row.iter().skip(1)) {
            let changed = diagonal + usize::from(left != right);
            before = changed.min(above + 1).min(before + 1);
            next.push(before);
            diagonal = above;
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn distances() {
        for (a, b, expected) in [
            ("secret-store", "secret-store", 0),
            ("secret-store", "secrets-store", 1),
            ("secret-store", "secretstore", 1),
            ("secret-store", "secert-store", 2),
            ("", "abc", 3),
            ("abc", "", 3),
        ] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }
}
