//! What is said of annotations that ingress-nginx does not know.

use admission::{distance, joined};
use ingress2route::{ANNOTATIONS, Diagnostic, PREFIX};

/// The sentence about one of them, with what its author may have meant.
pub(crate) fn sentence(unknown: &Diagnostic) -> String {
    let why = ": not known to ingress-nginx, which ignores it; ";
    match nearest(&unknown.path) {
        Some(name) => joined(&[&unknown.path, why, "did you mean `", name, "`?"]),
        None => joined(&[&unknown.path, why, "leave it out"]),
    }
}

/// The known annotation that is most like the one at `path`, where one is.
fn nearest(path: &str) -> Option<&'static str> {
    let key = path
        .strip_prefix("metadata.annotations[")?
        .strip_suffix(']')?;
    let name = key.strip_prefix(PREFIX)?;
    // Longer ones are like none; the distance of long texts takes long to tell.
    if name.len() > 63 {
        return None;
    }
    let known = ANNOTATIONS.iter().map(|known| known.name);
    let (near, name) = known
        .map(|known| (distance(known, name), known))
        .min_by_key(|(distance, _)| *distance)?;
    (near <= 2 + name.len() / 8).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn what_was_meant() {
        for (name, meant) in [
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
            assert_eq!(nearest(&path), meant, "{name}");
        }
        assert_eq!(nearest("metadata.annotations[auth-ulr]"), None);
    }
}
