//! Whether remote keys stay within their prefix.

/// Whether `key` is below `prefix`, however a provider reads it.
pub(crate) fn is_below(prefix: &str, key: &str) -> bool {
    // Vault and others clean paths: `team-a/../team-b/password` is another team's.
    key.starts_with(prefix) && !key.split('/').any(|part| part == "..")
}

/// Whether a regular expression (RE2) can match nothing but what begins with `prefix`: `^`, the prefix
/// letter by letter, and nothing that makes any of it optional. Says no where it is not plain to see.
pub(crate) fn is_anchored_below(prefix: &str, regex: &str) -> bool {
    let Some(mut rest) = regex.strip_prefix('^') else {
        return false;
    };
    for wanted in prefix.chars() {
        let escaped = rest.strip_prefix('\\');
        let is_letter = wanted.is_alphanumeric();
        let is_plain = is_letter || matches!(wanted, '-' | '/' | '_' | ':' | '@' | ' ');
        rest = match (escaped, rest.strip_prefix(wanted)) {
            // `\d` is a class, but `\/` is a slash.
            (Some(after), _) if !is_letter => match after.strip_prefix(wanted) {
                Some(after) => after,
                None => return false,
            },
            (None, Some(after)) if is_plain => after,
            _ => return false,
        };
    }
    !rest.starts_with(['*', '?', '{', '+']) && !rest.contains('|')
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
            (r"^team\-a\/db", true),
            ("team-a/", false),
            ("^team-a", false),
            ("^team-a/*", false),
            ("^team-a/?", false),
            ("^team-a/{0}", false),
            ("^team-a/|.*", false),
            ("(?i)^team-a/", false),
            (r"^\team-a/", false),
            ("^team.a/", false),
            ("", false),
        ] {
            assert_eq!(is_anchored_below("team-a/", regex), below, "{regex}");
        }
        assert!(is_anchored_below("a.b/", r"^a\.b/"));
        assert!(!is_anchored_below("a.b/", "^a.b/"));
    }
}
