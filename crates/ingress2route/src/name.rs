//! Names of routes: from the Ingress and the host, always a name that Kubernetes takes, and always the
//! same one.

use admission::is_dns_subdomain;

/// The longest name of an object.
const LONGEST: usize = 253;

/// `web` and `*.a.org` → `web-wildcard-a-org`. Without a host the Ingress's name.
pub(crate) fn of(ingress: &str, host: &str) -> String {
    let mut name = match is_dns_subdomain(ingress) {
        true => ingress.to_owned(),
        false => safe(ingress),
    };
    if name.is_empty() {
        name.push_str("ingress");
    }
    let (wildcard, host) = match host.strip_prefix('*') {
        Some(rest) => ("wildcard", rest),
        None => ("", host),
    };
    // Not by a placeholder for the domain, which has no name yet.
    let host = host.split('$').next().unwrap_or_default();
    for part in [wildcard, &safe(host)] {
        if !part.is_empty() {
            name.push('-');
            name.push_str(part);
        }
    }
    match name.len() > LONGEST {
        true => distinct(&name, &name),
        false => name,
    }
}

/// The name with a suffix, cut where it would be too long.
pub(crate) fn with(name: &str, suffix: &str) -> String {
    let end = LONGEST.saturating_sub(suffix.len() + 1).min(name.len());
    // Names are ASCII, so every place is the end of a character.
    let mut name = name.get(..end).unwrap_or_default().to_owned();
    while name.ends_with(['-', '.']) {
        name.pop();
    }
    name.push('-');
    name.push_str(suffix);
    name
}

/// A name for a route beside another of its name: `text` tells the two apart, such as the name of the
/// Ingress. Always the same one.
pub fn distinct(name: &str, text: &str) -> String {
    with(name, &hash(text))
}

/// Eight digits that tell a text from others (FNV-1a, 32 bits).
fn hash(text: &str) -> String {
    let hash = text.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    (0..8)
        .rev()
        .filter_map(|digit| char::from_digit((hash >> (4 * digit)) & 0xf, 16))
        .collect()
}

/// Letters, digits and dashes of the text, as a DNS label has them.
fn safe(text: &str) -> String {
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
