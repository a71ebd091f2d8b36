//! Explains different results of a request by the differences that the translation reports.

use std::collections::BTreeSet;

use crate::client::{Request, Response};
use crate::compare::{Aspect, aspects, normalized};
use crate::corpus::Set;
use crate::requests::Probe;
use crate::run::Sides;

/// Codes of differences that do not depend on the Ingress. docs/ingress-nginx.md lists them; the translation does
/// not report them.
pub(crate) const GENERAL: [(&str, &str); 5] = [
    (
        "plain-http",
        "the gateway redirects all plain HTTP with 301; NGINX serves it, or redirects with 308",
    ),
    (
        "plain-http-port",
        "a port in `Host` keeps the gateway from redirecting plain HTTP: it returns 404",
    ),
    (
        "host-trailing-dot",
        "a trailing dot in `Host` is a 404 of the gateway; NGINX ignores it",
    ),
    (
        "redirect-port",
        "a redirect within the host keeps a port in `Host` in NGINX; the gateway redirects to its own port",
    ),
    (
        "missing-service",
        "without its Service, NGINX returns 503 and the gateway 500",
    ),
];

/// How many requests show the share of a canary.
const SAMPLE: usize = 300;
/// How much two shares of a sample may differ: more than five standard deviations.
const TOLERANCE: f64 = 0.2;

/// Returns the codes of the differences that explain the results; none if the results are equal.
///
/// # Errors
/// Returns what differs if nothing explains it.
pub(crate) async fn explain(
    sides: &mut Sides,
    set: &Set,
    codes: &BTreeSet<&'static str>,
    probe: &Probe,
    nginx: &Response,
    gateway: &Response,
) -> Result<BTreeSet<&'static str>, Vec<String>> {
    let differing = aspects(nginx, gateway);
    if differing.is_empty() {
        return Ok(BTreeSet::new());
    }
    if let Some(code) = general(set, &probe.request, nginx, gateway) {
        return Ok(BTreeSet::from([code]));
    }
    let request = &probe.request;
    if codes.contains("path-normalization")
        && nginx.status == 400
        && normalized(&request.path).is_none()
    {
        return Ok(BTreeSet::from(["path-normalization"]));
    }
    for (used, path) in equivalents(set, codes, &request.path) {
        let gateway = match path == request.path {
            true => gateway.clone(),
            false => {
                sides
                    .send(&Request {
                        path,
                        ..request.clone()
                    })
                    .await
                    .1
            }
        };
        let differing = aspects(nginx, &gateway);
        let explained = differing
            .iter()
            .map(|aspect| explained(aspect, codes, &used, request, nginx, &gateway));
        if let Some(more) = explained.collect::<Option<Vec<_>>>() {
            return Ok(used.into_iter().chain(more.into_iter().flatten()).collect());
        }
    }
    if differing.iter().all(|it| matches!(it, Aspect::Backend))
        && same_shares(sides, set, request).await
    {
        return Ok(BTreeSet::new());
    }
    Err(differing.iter().map(ToString::to_string).collect())
}

/// Explains a result by a difference that does not depend on the Ingress.
pub(crate) fn general(
    set: &Set,
    request: &Request,
    nginx: &Response,
    gateway: &Response,
) -> Option<&'static str> {
    let host = request.host.strip_suffix(":80").unwrap_or(&request.host);
    if !request.https {
        let redirect = format!("https://{}{}", host.to_ascii_lowercase(), request.path);
        return match (gateway.status, &gateway.location) {
            (301, Some(location)) if *location == redirect => Some("plain-http"),
            (404, None) if host != request.host => Some("plain-http-port"),
            _ => None,
        };
    }
    if host.ends_with('.') && gateway.status == 404 && gateway.seen.is_none() {
        return Some("host-trailing-dot");
    }
    if let Some((_, port)) = request.host.split_once(':')
        && nginx.status == gateway.status
        && let (Some(a), Some(b)) = (&nginx.location, &gateway.location)
        && a.replacen(&format!(":{port}/"), "/", 1) == *b
    {
        return Some("redirect-port");
    }
    let is_missing = set.services.is_empty() && (nginx.status, gateway.status) == (503, 500);
    is_missing.then_some("missing-service")
}

/// Returns the path, and paths that the gateway should treat as NGINX treats it, each with the codes of the
/// differences between the two.
pub(crate) fn equivalents(
    set: &Set,
    codes: &BTreeSet<&'static str>,
    path: &str,
) -> Vec<(BTreeSet<&'static str>, String)> {
    let mut out = vec![(BTreeSet::new(), path.to_owned())];
    if codes.contains("encoded-path") {
        // A `%` of an Ingress matches only an encoded one; other escapes are another character.
        for equivalent in [
            path.replace("%25", "%"),
            one_character_for_each_escape(path),
        ] {
            if equivalent != path {
                out.push((BTreeSet::from(["encoded-path"]), equivalent));
            }
        }
    }
    if codes.contains("path-normalization") {
        for (used, path) in out.clone() {
            let Some(normalized) = normalized(&path) else {
                continue;
            };
            // Escapes that a path must keep are one character for NGINX's regular expressions.
            let unescaped = one_character_for_each_escape(&normalized);
            for equivalent in [normalized, unescaped] {
                if equivalent != path {
                    let used = used.iter().copied().chain(["path-normalization"]).collect();
                    out.push((used, equivalent));
                }
            }
        }
    }
    if codes.contains("path-case") {
        for (used, path) in out.clone() {
            for cased in set.recased(&path) {
                let used = used.iter().copied().chain(["path-case"]).collect();
                out.push((used, cased));
            }
        }
    }
    out
}

/// Replaces escapes in a path by a character without a special meaning.
fn one_character_for_each_escape(path: &str) -> String {
    let (path, query) = path.split_at(path.find('?').unwrap_or(path.len()));
    let mut parts = path.split('%');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push('~');
        out.push_str(part.get(2..).unwrap_or_default());
    }
    out + query
}

/// Returns the codes of the differences that explain an aspect, if any do.
pub(crate) fn explained(
    aspect: &Aspect,
    codes: &BTreeSet<&'static str>,
    used: &BTreeSet<&'static str>,
    request: &Request,
    nginx: &Response,
    gateway: &Response,
) -> Option<BTreeSet<&'static str>> {
    let reported = |names: &[&'static str]| {
        let name = names.iter().find(|name| codes.contains(*name));
        name.map(|name| BTreeSet::from([*name]))
    };
    match aspect {
        // The backends got the two different paths.
        Aspect::Path if !used.is_empty() => Some(BTreeSet::new()),
        Aspect::Path => {
            let bare = |it: &Response| {
                it.seen
                    .as_ref()
                    .map(|it| it.path.trim_end_matches('/').to_owned())
            };
            match bare(nginx) == bare(gateway) {
                true => reported(&["rewrite-slash", "rewrite-normalization"]),
                false => reported(&["rewrite-normalization"]),
            }
        }
        Aspect::Location => {
            let bare = |it: &Response| {
                it.location
                    .as_ref()
                    .map(|it| it.split('?').next().unwrap_or_default().to_owned())
            };
            match (&gateway.location, bare(nginx) == bare(gateway)) {
                (Some(_), true) => reported(&["redirect-query"]),
                // The redirect contains the path of the request.
                (Some(_), false) if !used.is_empty() => Some(BTreeSet::new()),
                _ => None,
            }
        }
        Aspect::Status(..) | Aspect::Served(..) if request.method == "OPTIONS" => {
            reported(&["cors-preflight"])
        }
        _ => None,
    }
}

/// Whether both sides send the same share of requests to each backend. Of a set without a weight, one request
/// decides.
async fn same_shares(sides: &mut Sides, set: &Set, request: &Request) -> bool {
    if set.annotation("canary-weight").is_empty() {
        return false;
    }
    let mut shares = [0_usize; 2];
    let mut first = None;
    for _ in 0..SAMPLE {
        let (nginx, gateway) = sides.send(request).await;
        for (share, response) in shares.iter_mut().zip([nginx, gateway]) {
            let service = response.seen.map(|it| it.service);
            let first = first.get_or_insert_with(|| service.clone());
            *share += usize::from(service == *first);
        }
    }
    is_same_share(shares)
}

/// Whether two shares of a sample are the same.
pub(crate) fn is_same_share(shares: [usize; 2]) -> bool {
    shares[0].abs_diff(shares[1]) as f64 <= TOLERANCE * SAMPLE as f64
}
