//! What somebody may have meant.

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
