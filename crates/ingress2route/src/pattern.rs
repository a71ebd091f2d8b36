//! Validation of paths against Gateway API, and conversion of NGINX's regular expressions to RE2.

use admission::Regex;

use crate::text::{contains, contains_any, joined};

/// Metacharacters of regular expressions, except the dot.
const META: &[u8] = br"\^$*+?()[]{}|";

/// The maximum length of a path in the CRD.
pub(crate) const MAX_PATH_LENGTH: usize = 1024;

/// Returns why the CRD rejects the path of an `Exact` or `PathPrefix` match, as the predicate of a sentence.
/// Source: the CEL rules of `HTTPPathMatch`.
pub(crate) fn invalid(path: &str) -> Option<&'static str> {
    const PARTS: [(&str, &str); 6] = [
        ("//", "contains `//`"),
        ("/./", "contains `/./`"),
        ("/../", "contains `/../`"),
        ("%2f", "contains `%2f`"),
        ("%2F", "contains `%2F`"),
        ("#", "contains `#`"),
    ];
    if !path.starts_with('/') {
        return Some("does not start with `/`");
    }
    if path.len() > MAX_PATH_LENGTH {
        return Some("is longer than 1024 characters");
    }
    if let Some((_, reason)) = PARTS.iter().find(|(part, _)| contains(path, part)) {
        return Some(reason);
    }
    if path.ends_with("/..") || path.ends_with("/.") {
        return Some("ends with `/.` or `/..`");
    }
    let bytes = path.as_bytes();
    let allowed = |(index, byte): (usize, &u8)| match byte {
        b'%' => {
            let hex = |after: usize| bytes.get(index + after).is_some_and(u8::is_ascii_hexdigit);
            hex(1) && hex(2)
        }
        byte => byte.is_ascii_alphanumeric() || b"-/._~!$&'()*+,;=:@".contains(byte),
    };
    match bytes.iter().enumerate().all(allowed) {
        true => None,
        false => Some("contains characters that must be percent-encoded"),
    }
}

/// Whether every controller matches the path literally: no character in it is special to any of them.
pub(crate) fn is_plain(path: &str) -> bool {
    path.bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"/._~-".contains(&b))
}

/// Whether the path contains metacharacters of regular expressions. A dot does not count: it is common in
/// paths, and no one means "any character" by it.
pub(crate) fn is_regex(path: &str) -> bool {
    contains_any(path, META)
}

/// Returns the literal prefix of everything that the expression matches, in lower case.
pub(crate) fn literal_prefix(regex: &str) -> String {
    let is_meta = |byte: &u8| *byte == b'.' || META.contains(byte);
    let mut head = String::new();
    for byte in regex.bytes() {
        match byte {
            // The repeated character may be absent.
            b'*' | b'?' | b'{' => {
                head.pop();
                break;
            }
            byte if is_meta(&byte) || !byte.is_ascii() => break,
            byte => head.push(byte.to_ascii_lowercase().into()),
        }
    }
    head
}

/// Returns the prefix that a path of NGINX matches, and its replacement, if `target` keeps the rest of the path:
/// `/a` and `/b` for `/a(/|$)(.*)` and `/b/$2`. An empty replacement removes the prefix.
pub(crate) fn prefix_rewrite<'a>(path: &'a str, target: &'a str) -> Option<(&'a str, &'a str)> {
    let prefix = path.strip_suffix("(/|$)(.*)")?;
    let replacement = target.strip_suffix("/$2")?;
    let is_prefix = prefix.len() > 1
        && !prefix.ends_with('/')
        && !is_regex(prefix)
        && invalid(prefix).is_none();
    (is_prefix && !contains_any(replacement, b"$")).then_some((prefix, replacement))
}

/// Converts a path of NGINX (PCRE, case-insensitive, anchored at the start) to an expression that matches the
/// same paths in Envoy (RE2, matches the whole path).
///
/// # Errors
/// Returns a diagnostic about the path if the two engines may differ, or if the expression is too large.
pub(crate) fn to_re2(path: &str) -> Result<String, &'static str> {
    let is_closed = ["(.*)", ".*", "$"].iter().any(|end| {
        let before = path.strip_suffix(end);
        // An odd number of backslashes escapes the ending, so it is literal.
        before.is_some_and(|it| (it.len() - it.trim_end_matches('\\').len()).is_multiple_of(2))
    });
    let end = match is_closed {
        true => "",
        false => ".*",
    };
    let text = joined(&["(?i)", path, end]);
    // ingress-nginx does not serve an Ingress with one of these characters in a path.
    let is_path = path.starts_with('/')
        && !contains_any(path, b" \"'<>#`")
        // Otherwise, a backslash at its end would escape the ending.
        && Regex::read(path).is_some();
    match Regex::read(&text).filter(|regex| is_path && !regex.is_loose) {
        Some(regex) if regex.fits() && text.len() <= MAX_PATH_LENGTH => Ok(text),
        Some(_) => Err("the Gateway does not accept a regular expression as large as {}"),
        None => Err("{} may match other paths in the Gateway (RE2) than in NGINX (PCRE)"),
    }
}

#[cfg(test)]
mod tests {
    use super::{invalid, literal_prefix, prefix_rewrite, to_re2};

    #[test]
    fn converts_expressions_that_both_engines_interpret_alike() {
        for (path, expected) in [
            ("/api/.*", Some("(?i)/api/.*")),
            ("/api/v[0-9]+", Some("(?i)/api/v[0-9]+.*")),
            ("/(a|b)$", Some("(?i)/(a|b)$")),
            ("/x(/|$)(.*)", Some("(?i)/x(/|$)(.*)")),
            (r"/\d+\.json$", Some(r"(?i)/\d+\.json$")),
            // An escaped ending is literal, so the path stays open.
            (r"/price\$", Some(r"(?i)/price\$.*")),
            (r"/price\\$", Some(r"(?i)/price\\$")),
            (r"/a\.*", Some(r"(?i)/a\.*.*")),
            (r"/a\\.*", Some(r"(?i)/a\\.*")),
            ("/(?:a|b)/.*?", Some("(?i)/(?:a|b)/.*?.*")),
            ("/[a-z]{3}", Some("(?i)/[a-z]{3}.*")),
            // Look-around, back references, possessive repetition, flags, anchors, Unicode classes.
            ("/(?!admin).*", None),
            ("/(?=a)", None),
            ("/(?<=a)b", None),
            (r"/(a)\1", None),
            ("/a++", None),
            ("/a*+", None),
            ("/(?i)a", None),
            ("/a^b", None),
            (r"/\p{L}", None),
            (r"/\bx", None),
            // Alternatives outside a group may start anywhere in the path.
            ("/a|b", None),
            // Not a valid expression.
            ("/a(", None),
            ("/a)", None),
            ("/[a", None),
            ("/[[:alpha:]]", None),
            ("/(*)", None),
            ("/(|*)", None),
            (r"/\", None),
            ("a.*", None),
            ("/a b.*", None),
        ] {
            assert_eq!(to_re2(path).ok().as_deref(), expected, "{path}");
        }
    }

    #[test]
    fn rejects_expressions_that_envoy_rejects() {
        assert!(to_re2(&format!("/{}", "a".repeat(84))).is_ok());
        for path in [
            format!("/{}", "a".repeat(85)),
            "/v4/advisory/[0-9a-z-]{36}/clone$".to_owned(),
        ] {
            let error = to_re2(&path).unwrap_err();
            assert!(error.contains("as large as"), "{error}");
        }
    }

    #[test]
    fn replaces_a_prefix_only_if_the_target_keeps_the_rest() {
        for (path, target, expected) in [
            ("/a(/|$)(.*)", "/$2", Some(("/a", ""))),
            ("/a(/|$)(.*)", "/b/$2", Some(("/a", "/b"))),
            ("/a/b(/|$)(.*)", "/c/d/$2", Some(("/a/b", "/c/d"))),
            ("/a(/|$)(.*)", "/b$2", None),
            ("/a(/|$)(.*)", "/b/$1", None),
            ("/a(/|$)(.*)", "/$1/$2", None),
            ("/a(/|$)(.*)", "/b", None),
            ("/a/(.*)", "/b/$2", None),
            ("/(/|$)(.*)", "/b/$2", None),
            ("/a/(/|$)(.*)", "/b/$2", None),
            ("/a+(/|$)(.*)", "/b/$2", None),
            ("/a//b(/|$)(.*)", "/b/$2", None),
        ] {
            assert_eq!(prefix_rewrite(path, target), expected, "{path} {target}");
        }
    }

    #[test]
    fn returns_the_literal_prefix_of_an_expression() {
        for (regex, expected) in [
            ("/API/.*", "/api/"),
            ("/ab?c", "/a"),
            ("/ab+c", "/ab"),
            (r"/a\.b", "/a"),
            ("/(a|b)", "/"),
            ("/a", "/a"),
        ] {
            assert_eq!(literal_prefix(regex), expected, "{regex}");
        }
    }

    #[test]
    fn rejects_the_same_paths_as_the_crd() {
        for path in [
            "", "a", "/a//b", "/a/./b", "/a/../b", "/a%2fb", "/a%2Fb", "/a#b", "/a/..", "/a/.",
            "/a b", "/a%", "/a%4", "/a%zz", "/é", "/a\"b", "/{a}", "/a|b", "/a[b]", "/a^", "/a?b",
            "/a\\b",
        ] {
            assert!(invalid(path).is_some(), "{path}");
        }
        for path in [
            "/",
            "/a",
            "/a/",
            "/a.b/..c/.d",
            "/%20",
            "/a:b@c!$&'()*+,;=~_-",
        ] {
            assert_eq!(invalid(path), None, "{path}");
        }
        assert_eq!(invalid(&format!("/{}", "a".repeat(1023))), None);
        assert!(invalid(&format!("/{}", "a".repeat(1024))).is_some());
    }
}
