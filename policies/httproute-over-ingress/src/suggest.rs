//! Messages about annotations that ingress-nginx does not know.

use admission::{Finding, distance, joined};
use ingress2route::{ANNOTATIONS, Diagnostic, PREFIX};

admission::rule! {
    /// ingress-nginx does not know an annotation with its prefix.
    ///
    /// # What it checks
    /// Annotations that start with `nginx.ingress.kubernetes.io/` must be ones that ingress-nginx 1.15 knows.
    /// The message suggests the most similar name.
    ///
    /// # Why
    /// ingress-nginx ignores unknown annotations without a warning, so a typo silently disables authentication
    /// or a limit. Neither can an annotation without effect be the reason for using ingress-nginx.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata:
    ///   name: portal
    ///   namespace: backend
    ///   annotations:
    ///     nginx.ingress.kubernetes.io/auth-ulr: https://auth.k8tre.internal
    /// spec:
    ///   ingressClassName: nginx
    ///   rules:
    ///   - host: portal.k8tre.internal
    ///     http:
    ///       paths:
    ///       - path: /
    ///         pathType: Prefix
    ///         backend: {service: {name: portal, port: {number: 80}}}
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata:
    ///   name: portal
    ///   namespace: backend
    ///   annotations:
    ///     nginx.ingress.kubernetes.io/auth-url: https://auth.k8tre.internal
    /// spec:
    ///   ingressClassName: nginx
    ///   rules:
    ///   - host: portal.k8tre.internal
    ///     http:
    ///       paths:
    ///       - path: /
    ///         pathType: Prefix
    ///         backend: {service: {name: portal, port: {number: 80}}}
    /// ```
    pub UNKNOWN_ANNOTATION = "unknown-annotation";
}

/// The maximum length of a path in a finding. Kubernetes limits the name of an annotation to 63 characters.
const MAX_PATH_LENGTH: usize = 120;

/// Returns the finding about an unknown annotation, with the most similar known one.
pub(crate) fn finding(unknown: &Diagnostic) -> Finding {
    if unknown.path.len() > MAX_PATH_LENGTH {
        let problem =
            "one has a name longer than 63 characters, unknown to ingress-nginx; remove it";
        return UNKNOWN_ANNOTATION.finding("metadata.annotations", problem.to_owned());
    }
    let problem = "unknown to ingress-nginx, which ignores it; ";
    let message = match nearest(&unknown.path) {
        Some(name) => joined(&[problem, "did you mean `", name, "`?"]),
        None => joined(&[problem, "remove it"]),
    };
    UNKNOWN_ANNOTATION.finding(unknown.path.as_str(), message)
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
