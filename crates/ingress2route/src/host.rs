//! Hosts: what the CRD and the plane take.

use admission::{is_dns_label, is_dns_subdomain};

use crate::finding::shown;
use crate::text::{has_any, joined};

/// What keeps a route for `host` from being applied, as a sentence.
pub(crate) fn obstacle(host: &str, domain: Option<&str>) -> Option<String> {
    if let Some(placeholder) = domain.filter(|domain| is_placeholder(domain)) {
        let above = host.strip_suffix(placeholder);
        return match above.and_then(|above| above.strip_suffix('.')) {
            Some(label) if is_dns_label(label) => None,
            _ => obstacle(host, None),
        };
    }
    let wildcard = host.strip_prefix("*.");
    if !is_dns_subdomain(wildcard.unwrap_or(host)) || is_address(host) {
        return Some(joined(&[
            shown(host).as_str(),
            " is no host name that a route takes",
        ]));
    }
    if let Some(rest) = wildcard {
        return Some(match Some(rest) == domain {
            true => joined(&[
                "`*.",
                rest,
                "` would claim every host of the plane; name the hosts",
            ]),
            false => joined(&[
                "routes may not claim a wildcard, and their `*.",
                rest,
                "` is any number of labels, an Ingress's one; name the hosts",
            ]),
        });
    }
    let domain = domain?;
    let below = match host.strip_suffix(domain) {
        Some("") => {
            return Some(joined(&[
                "`",
                host,
                "` is the plane's domain itself; choose a name below it",
            ]));
        }
        Some(rest) => rest.strip_suffix('.'),
        None => None,
    };
    match below {
        None => Some(joined(&[
            "`",
            host,
            "` is outside of `",
            domain,
            "`, where the Gateway's certificate and DNS end",
        ])),
        Some(label) if has_any(label, b".") => Some(joined(&[
            "`",
            host,
            "` is more than one label below `",
            domain,
            "`, which the Gateway's certificate does not cover; write `",
            &dashed(label),
            ".",
            domain,
            "`",
        ])),
        Some(_) => None,
    }
}

/// `${DOMAIN}`, which Argo CD fills in when it renders manifests and policies.
fn is_placeholder(domain: &str) -> bool {
    domain.starts_with("${")
}

/// Whether a filter may name the host: in the plane's domain, as far as that is known.
pub(crate) fn is_inside(host: &str, domain: Option<&str>) -> bool {
    domain.is_none_or(|domain| {
        let above = host.strip_suffix(domain);
        is_placeholder(domain)
            || above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
    })
}

/// An IPv4 address has the form of a name, and Gateway API refuses it in words only.
fn is_address(host: &str) -> bool {
    let dots = host.bytes().filter(|b| *b == b'.').count();
    dots == 3 && host.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

fn dashed(labels: &str) -> String {
    let dash = |c| if c == '.' { '-' } else { c };
    labels.chars().map(dash).collect()
}
