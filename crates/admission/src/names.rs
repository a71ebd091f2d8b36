//! The syntax of names in Kubernetes.

/// Returns whether `name` is a DNS-1123 subdomain, as the names of most objects must be: lower-case letters,
/// digits, `-` and `.`, at most 253 characters (kubernetes.io, "Object Names and IDs").
pub fn is_dns_subdomain(name: &str) -> bool {
    name.len() <= 253 && name.split('.').all(is_part)
}

/// Returns whether `name` is a DNS-1123 label, as the names of namespaces must be: like a subdomain, but
/// without dots and with at most 63 characters.
pub fn is_dns_label(name: &str) -> bool {
    name.len() <= 63 && is_part(name)
}

fn is_part(part: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !part.is_empty() && !part.starts_with('-') && !part.ends_with('-') && part.bytes().all(allowed)
}

/// Returns whether `text` is a placeholder such as `${DOMAIN}`, which an Argo CD plugin replaces when it
/// renders K8TRE's manifests.
pub fn is_placeholder(text: &str) -> bool {
    let name = text
        .strip_prefix("${")
        .and_then(|rest| rest.strip_suffix('}'));
    name.is_some_and(|name| {
        let allowed = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
        !name.is_empty() && name.bytes().all(allowed)
    })
}
