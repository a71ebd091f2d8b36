//! Messages about annotations that ingress-nginx does not know.

use admission::{distance, joined};
use ingress2route::{ANNOTATIONS, Diagnostic, PREFIX};

/// Returns the message about an unknown annotation, with the most similar known one.
pub(crate) fn message(unknown: &Diagnostic) -> String {
    let problem = ": unknown to ingress-nginx, which ignores it; ";
    match nearest(&unknown.path) {
        Some(name) => joined(&[&unknown.path, problem, "did you mean `", name, "`?"]),
        None => joined(&[&unknown.path, problem, "remove it"]),
    }
}

/// Returns the known annotation most similar to the one at `path`, if any is similar.
fn nearest(path: &str) -> Option<&'static str> {
    let key = path
        .strip_prefix("metadata.annotations[")?
        .strip_suffix(']')?;
    let name = key.strip_prefix(PREFIX)?;
    // Names this long are similar to none, and the distance of long strings is expensive.
    if name.len() > 63 {
        return None;
    }
    let known = ANNOTATIONS.iter().map(|known| known.name);
    let (nearest, name) = known
        .map(|known| (distance(known, name), known))
        .min_by_key(|(distance, _)| *distance)?;
    (nearest <= 2 + name.len() / 8).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn suggests_similar_names() {
        for (name, expected) in [
            ("auth-ulr", Some("auth-url")),
            ("authurl", Some("auth-url")),
            ("Auth-Url", Some("auth-url")),
            ("AUTH-URL", None),
            ("rewrite-targets", Some("rewrite-target")),
            ("configuration-snippets", Some("configuration-snippet")),
            ("proxybodysize", Some("proxy-body-size")),
            ("k8tre-exempt", None),
            ("", None),
        ] {
            let path = format!("metadata.annotations[nginx.ingress.kubernetes.io/{name}]");
            assert_eq!(nearest(&path), expected, "{name}");
        }
        assert_eq!(nearest("metadata.annotations[auth-ulr]"), None);
    }
}
