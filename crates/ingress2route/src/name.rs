//! Names of routes, derived from the Ingress and the host: valid in Kubernetes and deterministic.

use admission::is_dns_subdomain;

/// The maximum length of an object's name.
const MAX_NAME_LENGTH: usize = 253;

/// Returns the name of a route: `web` and `*.a.org` give `web-wildcard-a-org`. Without a host, it is the
/// Ingress's name.
pub(crate) fn route_name(ingress: &str, host: &str) -> String {
    let mut name = match is_dns_subdomain(ingress) {
        true => ingress.to_owned(),
        false => to_dns_label(ingress),
    };
    if name.is_empty() {
        name.push_str("ingress");
    }
    let (wildcard, host) = match host.strip_prefix('*') {
        Some(rest) => ("wildcard", rest),
        None => ("", host),
    };
    // A placeholder for the domain has no value yet.
    let host = host.split('$').next().unwrap_or_default();
    for part in [wildcard, &to_dns_label(host)] {
        if !part.is_empty() {
            name.push('-');
            name.push_str(part);
        }
    }
    match name.len() > MAX_NAME_LENGTH {
        true => disambiguate(&name, &name),
        false => name,
    }
}

/// Returns the name with a suffix, truncated to the maximum length.
pub(crate) fn with_suffix(name: &str, suffix: &str) -> String {
    let end = MAX_NAME_LENGTH
        .saturating_sub(suffix.len() + 1)
        .min(name.len());
    // Names are ASCII, so every index is a character boundary.
    let mut name = name.get(..end).unwrap_or_default().to_owned();
    while name.ends_with(['-', '.']) {
        name.pop();
    }
    name.push('-');
    name.push_str(suffix);
    name
}

/// Returns a name for a route whose name is already used: `name` with a hash of `text`, such as the name of
/// the Ingress.
pub fn disambiguate(name: &str, text: &str) -> String {
    with_suffix(name, &hash(text))
}

/// Returns the FNV-1a hash of the text, as eight hexadecimal digits.
fn hash(text: &str) -> String {
    let hash = text.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    (0..8)
        .rev()
        .filter_map(|digit| char::from_digit((hash >> (4 * digit)) & 0xf, 16))
        .collect()
}

/// Converts the text to a DNS label: letters in lower case, digits, everything else as dashes.
fn to_dns_label(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' => out.push(byte.into()),
            b'A'..=b'Z' => out.push(byte.to_ascii_lowercase().into()),
            _ if out.is_empty() => {}
            _ => out.push('-'),
        }
    }
    while out.ends_with('-') {
        out.pop();
    }
    out
}
