//! Paths: what Gateway API takes, and regular expressions that NGINX and the gateway read alike.

use crate::text::{has, has_any, joined};

/// Characters that mean something in a regular expression, but for the dot.
const META: &[u8] = br"\^$*+?()[]{}|";

/// The longest path that the CRD takes.
const LONGEST: usize = 1024;

/// Why the CRD refuses the path of an `Exact` or `PathPrefix` match, as the predicate of a sentence.
/// Source: the CEL rules of `HTTPPathMatch`.
pub(crate) fn refused(path: &str) -> Option<&'static str> {
    const PARTS: [(&str, &str); 6] = [
        ("//", "holds `//`"),
        ("/./", "holds `/./`"),
        ("/../", "holds `/../`"),
        ("%2f", "holds `%2f`"),
        ("%2F", "holds `%2F`"),
        ("#", "holds `#`"),
    ];
    if !path.starts_with('/') {
        return Some("does not begin with `/`");
    }
    if path.len() > LONGEST {
        return Some("is longer than 1024 characters");
    }
    if let Some((_, why)) = PARTS.iter().find(|(part, _)| has(path, part)) {
        return Some(why);
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
        false => Some("holds characters that must be percent-encoded"),
    }
}

/// Whether every controller takes the path for itself: no character in it means something to any of them.
pub(crate) fn is_plain(path: &str) -> bool {
    path.bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"/._~-".contains(&b))
}

/// Whether the path is more than its own text where ingress-nginx reads it as a regular expression. A dot
/// alone makes none: paths hold dots, and nobody means any character by them.
pub(crate) fn is_regex(path: &str) -> bool {
    has_any(path, META)
}

/// The text that everything begins with that the expression matches, in lower case.
pub(crate) fn head(regex: &str) -> String {
    let is_meta = |byte: &u8| *byte == b'.' || META.contains(byte);
    let mut head = String::new();
    for byte in regex.bytes() {
        match byte {
            // What may be repeated may be missing.
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

/// The expression with which Envoy (RE2, the whole path) matches what NGINX does with `path` (PCRE, without
/// regard to case, from the beginning of the path): `None` where the two engines may differ.
pub(crate) fn whole(path: &str) -> Option<String> {
    if !path.starts_with('/') || !is_common(path) {
        return None;
    }
    let end = match path.ends_with('$') || path.ends_with(".*") || path.ends_with("(.*)") {
        true => "",
        false => ".*",
    };
    let whole = joined(&["(?i)", path, end]);
    (whole.len() <= LONGEST).then_some(whole)
}

/// Whether PCRE and RE2 read the expression alike: literals, `.`, classes, groups, alternatives in groups
/// and greedy or lazy repetition. Look-around, back references, possessive repetition and flags are not
/// in RE2; of the rest nobody needs to know.
fn is_common(regex: &str) -> bool {
    let mut rest = regex.as_bytes();
    let mut depth = 0_u32;
    // Whether something stands here that can be repeated.
    let mut atom = false;
    while let [first, after @ ..] = rest {
        rest = after;
        match (first, rest) {
            (b'\\', [escaped, after @ ..])
                if b"dDwWsS".contains(escaped) || escaped.is_ascii_punctuation() =>
            {
                rest = after;
                atom = true;
            }
            (b'[', _) => match class_end(rest) {
                Some(after) => {
                    rest = after;
                    atom = true;
                }
                None => return false,
            },
            (b'(', [b'?', b':', after @ ..]) => {
                rest = after;
                depth += 1;
                atom = false;
            }
            (b'(', [b'?', ..]) => return false,
            (b'(', _) => {
                depth += 1;
                atom = false;
            }
            (b')', _) if depth > 0 => {
                depth -= 1;
                atom = true;
            }
            (b'|', _) if depth > 0 => atom = false,
            (b'*' | b'+' | b'?', _) if atom => {
                // Lazy or not, the same paths match.
                if let [b'?', after @ ..] = rest {
                    rest = after;
                }
                atom = false;
            }
            (b'$', _) => atom = false,
            (byte, _) if byte.is_ascii_alphanumeric() || b"./-_~%:@!&,;=".contains(byte) => {
                atom = true;
            }
            _ => return false,
        }
    }
    depth == 0
}

/// What follows a class whose first bracket is read; `None` where it holds more than plain characters.
fn class_end(class: &[u8]) -> Option<&[u8]> {
    let inner = class.strip_prefix(b"^").unwrap_or(class);
    let end = inner.iter().position(|byte| *byte == b']')?;
    let (members, after) = inner.split_at_checked(end)?;
    let is_plain =
        |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~%/:@!,;=+*$()|?".contains(byte);
    (!members.is_empty() && members.iter().all(is_plain)).then(|| after.get(1..))?
}

#[cfg(test)]
mod tests {
    use super::{head, refused, whole};

    #[test]
    fn expressions_that_both_engines_read_alike() {
        for (path, expected) in [
            ("/api/.*", Some("(?i)/api/.*")),
            ("/api/v[0-9]+", Some("(?i)/api/v[0-9]+.*")),
            ("/(a|b)$", Some("(?i)/(a|b)$")),
            ("/x(/|$)(.*)", Some("(?i)/x(/|$)(.*)")),
            (r"/\d+\.json$", Some(r"(?i)/\d+\.json$")),
            ("/(?:a|b)/.*?", Some("(?i)/(?:a|b)/.*?.*")),
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
            // Alternatives outside a group begin anywhere in the path.
            ("/a|b", None),
            // Not an expression at all.
            ("/a(", None),
            ("/a)", None),
            ("/[a", None),
            ("/[[:alpha:]]", None),
            ("/a{2}", None),
            ("/(*)", None),
            ("/(|*)", None),
            (r"/\", None),
            ("a.*", None),
            ("/a b.*", None),
        ] {
            assert_eq!(whole(path).as_deref(), expected, "{path}");
        }
        assert_eq!(
            whole(&format!("/{}", "a".repeat(1017))).unwrap().len(),
            1024
        );
        assert_eq!(whole(&format!("/{}", "a".repeat(1018))), None);
    }

    #[test]
    fn the_beginning_of_an_expression() {
        for (regex, expected) in [
            ("/API/.*", "/api/"),
            ("/ab?c", "/a"),
            ("/ab+c", "/ab"),
            (r"/a\.b", "/a"),
            ("/(a|b)", "/"),
            ("/a", "/a"),
        ] {
            assert_eq!(head(regex), expected, "{regex}");
        }
    }

    #[test]
    fn paths_that_the_crd_refuses() {
        for path in [
            "", "a", "/a//b", "/a/./b", "/a/../b", "/a%2fb", "/a%2Fb", "/a#b", "/a/..", "/a/.",
            "/a b", "/a%", "/a%4", "/a%zz", "/é", "/a\"b", "/{a}", "/a|b", "/a[b]", "/a^", "/a?b",
            "/a\\b",
        ] {
            assert!(refused(path).is_some(), "{path}");
        }
        for path in [
            "/",
            "/a",
            "/a/",
            "/a.b/..c/.d",
            "/%20",
            "/a:b@c!$&'()*+,;=~_-",
        ] {
            assert_eq!(refused(path), None, "{path}");
        }
        assert_eq!(refused(&format!("/{}", "a".repeat(1023))), None);
        assert!(refused(&format!("/{}", "a".repeat(1024))).is_some());
    }
}
