//! Validation of hostnames against the CRD and the domain of the Gateway.

use admission::{is_dns_label, is_dns_subdomain};

use crate::diagnostic::quote;
use crate::text::{contains_any, joined};

/// Returns why a route for `host` cannot be applied, as a message.
pub(crate) fn problem(host: &str, domain: Option<&str>) -> Option<String> {
    if let Some(placeholder) = domain.filter(|domain| is_placeholder(domain)) {
        let below = host.strip_suffix(placeholder);
        return match below.and_then(|below| below.strip_suffix('.')) {
            Some(label) if is_dns_label(label) => None,
            _ => problem(host, None),
        };
    }
    let wildcard = host.strip_prefix("*.");
    if !is_dns_subdomain(wildcard.unwrap_or(host)) || is_ipv4(host) {
        return Some(joined(&[
            quote(host).as_str(),
            " is not a valid hostname for a route",
        ]));
    }
    if let Some(rest) = wildcard {
        return Some(match Some(rest) == domain {
            true => joined(&[
                "`*.",
                rest,
                "` would claim every hostname in the domain; list the hostnames",
            ]),
            false => joined(&[
                "routes may not use wildcards: in a route, `*.",
                rest,
                "` matches any number of labels, not one; list the hostnames",
            ]),
        });
    }
    let domain = domain?;
    let below = match host.strip_suffix(domain) {
        Some("") => {
            return Some(joined(&[
                "`",
                host,
                "` is the domain itself; use a name below it",
            ]));
        }
        Some(rest) => rest.strip_suffix('.'),
        None => None,
    };
    match below {
        None => Some(joined(&[
            "`",
            host,
            "` is outside `",
            domain,
            "`, the domain of the Gateway's certificate and DNS",
        ])),
        Some(label) if contains_any(label, b".") => Some(joined(&[
            "`",
            host,
            "` is more than one label below `",
            domain,
            "`, so the Gateway's certificate does not cover it; use `",
            &dots_to_dashes(label),
            ".",
            domain,
            "`",
        ])),
        Some(_) => None,
    }
}

/// Whether the domain is a placeholder such as `${DOMAIN}`, which Argo CD replaces when it renders manifests
/// and policies.
fn is_placeholder(domain: &str) -> bool {
    domain.starts_with("${")
}

/// Whether a filter may use the host: it is in the domain, or the domain is unknown.
pub(crate) fn is_in_domain(host: &str, domain: Option<&str>) -> bool {
    domain.is_none_or(|domain| {
        let below = host.strip_suffix(domain);
        is_placeholder(domain)
            || below.is_some_and(|below| below.is_empty() || below.ends_with('.'))
    })
}

/// Whether the host is an IPv4 address. It matches the CRD's pattern, but the documentation of Gateway API
/// disallows it.
fn is_ipv4(host: &str) -> bool {
    let dots = host.bytes().filter(|b| *b == b'.').count();
    dots == 3 && host.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

fn dots_to_dashes(labels: &str) -> String {
    let dash = |c| if c == '.' { '-' } else { c };
    labels.chars().map(dash).collect()
}
