//! The similarity of names, for suggestions.

/// Returns the Levenshtein distance: the number of bytes to add, remove or change to turn `a` into `b`.
pub fn distance(a: &str, b: &str) -> usize {
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
    fn counts_the_changes_between_two_names() {
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
