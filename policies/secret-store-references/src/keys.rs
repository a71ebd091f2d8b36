//! Whether remote keys stay within their prefix.

/// Whether `key` is below `prefix`, however a provider reads it.
pub(crate) fn is_below(prefix: &str, key: &str) -> bool {
    // Vault and others clean paths: `team-a/../team-b/password` is another team's.
    key.starts_with(prefix) && !key.split('/').any(|part| part == "..")
}

/// Whether a regular expression (RE2) can match nothing but what begins with `prefix`: it begins with
/// [`anchored`], and nothing in it makes any of that optional. Says no where it is not plain to see.
pub(crate) fn is_anchored_below(prefix: &str, regex: &str) -> bool {
    regex
        .strip_prefix(anchored(prefix).as_str())
        .is_some_and(|rest| !rest.starts_with(['*', '?', '{', '+']) && !rest.contains('|'))
}

/// The regular expression of what begins with `prefix`.
pub(crate) fn anchored(prefix: &str) -> String {
    let mut regex = String::from("^");
    for c in prefix.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            regex.push('\\');
        }
        regex.push(c);
    }
    regex
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys() {
        for (key, below) in [
            ("team-a/db", true),
            ("team-a/", true),
            ("team-a/..b", true),
            ("team-ab/db", false),
            ("db", false),
            ("team-a/../team-b/db", false),
            ("team-a/..", false),
        ] {
            assert_eq!(is_below("team-a/", key), below, "{key}");
        }
    }

    #[test]
    fn regular_expressions() {
        for (regex, below) in [
            ("^team-a/", true),
            ("^team-a/.*$", true),
            ("team-a/", false),
            ("^team-a", false),
            ("^team-a/*", false),
            ("^team-a/?", false),
            ("^team-a/{0}", false),
            ("^team-a/|.*", false),
            ("(?i)^team-a/", false),
            ("^", false),
            ("", false),
        ] {
            assert_eq!(is_anchored_below("team-a/", regex), below, "{regex}");
        }
        assert_eq!(anchored(r"a.b\(c)/"), r"^a\.b\\\(c\)/");
        assert!(is_anchored_below("a.b/", r"^a\.b/"));
        assert!(!is_anchored_below("a.b/", "^a.b/"));
    }
}
