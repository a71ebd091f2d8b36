//! The filter `CORS`.
//!
//! Source: `annotations/cors/main.go` of ingress-nginx, and `CORS` and `buildCorsOriginRegex` in its template.

use admission::{Node, is_dns_subdomain};

use crate::diagnostic::{Difference, differs, push_once};
use crate::features::{KnownAnnotations, check_domain, is_token};
use crate::text::{consists_of, contains, contains_any, joined, split_once};
use crate::value::Value;
use crate::{Options, Translation};

const DEFAULT_METHODS: &str = "GET, PUT, POST, DELETE, PATCH, OPTIONS";
const DEFAULT_HEADERS: &str = "DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization";
const DEFAULT_MAX_AGE: u32 = 1_728_000;

/// The methods that the CRD allows.
const METHODS: &str = " GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH ";

/// The maximum length of the lists in the CRD.
const MAX_ITEMS: usize = 64;

/// Returns the filter for an Ingress with `enable-cors`, the annotation `node`.
pub(crate) fn filter(
    annotations: &KnownAnnotations<'_>,
    node: Node<'_>,
    options: &Options<'_>,
    out: &mut Translation,
) -> Value {
    let parts = [
        "the Gateway answers preflight requests of any origin with 200; NGINX answers all OPTIONS requests of \
         allowed origins with 204, and forwards others",
    ];
    differs(&mut out.notes, node, Difference::CorsPreflight, &parts);
    let value = |name, default| annotations.get(name).unwrap_or((default, node));
    let (origins, at) = value("cors-allow-origin", "*");
    let origins = list(origins, at, out, &|origin, out| {
        check_origin(origin, at, options, out)
    });
    let any_origin = origins
        .first()
        .is_some_and(|origin| *origin == Value::text("*"));
    let allows_credentials = !matches!(
        value("cors-allow-credentials", "").0,
        "0" | "f" | "F" | "false" | "FALSE" | "False"
    );
    if any_origin && allows_credentials {
        // Envoy would answer with the origin of the request, so that any site could use the credentials.
        let parts = [
            "allows no credentials: with the origin `*`, browsers do not send them in NGINX either",
        ];
        push_once(&mut out.notes, at, &parts);
    }
    let (methods, at) = value("cors-allow-methods", DEFAULT_METHODS);
    let methods = list(methods, at, out, &|method, out| {
        let is_known = contains(METHODS, &joined(&[" ", method, " "]));
        known(is_known, method, at, out)
    });
    let (headers, at) = value("cors-allow-headers", DEFAULT_HEADERS);
    let headers = list(headers, at, out, &|name, out| {
        known(is_token(name), name, at, out)
    });
    let (exposed, at) = value("cors-expose-headers", "");
    let exposed = list(exposed, at, out, &|name, out| {
        known(is_token(name), name, at, out)
    });
    // A negative number disables caching; the CRD requires at least a second.
    let max_age = value("cors-max-age", "").0;
    let max_age = match max_age.strip_prefix('-') {
        Some(_) => 1,
        None => max_age.parse().unwrap_or(DEFAULT_MAX_AGE).clamp(1, 1 << 30),
    };
    let mut cors = Value::default().with("allowOrigins", Value::List(origins));
    if allows_credentials && !any_origin {
        cors = cors.with("allowCredentials", Value::True);
    }
    cors.with("allowMethods", Value::List(methods))
        .with("allowHeaders", Value::List(headers))
        .with("exposeHeaders", Value::List(exposed))
        .with("maxAge", Value::Number(max_age))
}

/// Returns the distinct items of a list, separated by commas or spaces, that `is_valid` accepts; or `*` if it is
/// among them.
fn list(
    text: &str,
    node: Node<'_>,
    out: &mut Translation,
    is_valid: &dyn Fn(&str, &mut Translation) -> bool,
) -> Vec<Value> {
    let mut items = Vec::new();
    for item in text.split([',', ' ']) {
        let value = Value::text(item);
        if item.is_empty() || items.contains(&value) || !is_valid(item, out) {
            continue;
        }
        if item == "*" {
            return vec![value];
        }
        items.push(value);
    }
    if items.len() > MAX_ITEMS {
        items.truncate(MAX_ITEMS);
        push_once(&mut out.untranslatable, node, &["lists more than 64 items"]);
    }
    items
}

/// Adds a diagnostic unless the item is one that the CRD allows.
fn known(is_known: bool, item: &str, node: Node<'_>, out: &mut Translation) -> bool {
    if !is_known {
        let parts = ["a route cannot allow {}", item];
        push_once(&mut out.untranslatable, node, &parts);
    }
    is_known
}

/// Whether a route can allow the origin: `https://a.org`, `https://*.a.org:8443` or `*`.
fn check_origin(
    origin: &str,
    node: Node<'_>,
    options: &Options<'_>,
    out: &mut Translation,
) -> bool {
    let rest = origin
        .strip_prefix("https://")
        .or(origin.strip_prefix("http://"));
    let host = rest.unwrap_or_default();
    let (host, port) = split_once(host, b':').unwrap_or((host, "1"));
    let name = host.strip_prefix("*.").unwrap_or(host);
    let is_port = (1..=5).contains(&port.len()) && consists_of(port, "0123456789");
    if origin != "*" && !(is_dns_subdomain(name) && is_port) {
        let parts = [
            "{} is not an origin such as `https://app.example.org`; fix or remove it",
            origin,
        ];
        push_once(&mut out.blockers, node, &parts);
        return false;
    }
    let name = if origin == "*" { origin } else { name };
    let problem = "routes may allow only origins in";
    check_domain(Some(name), node, problem, options, out);
    if contains_any(host, b"*") {
        let parts = [
            "{} also allows names with more labels; in NGINX, `*` is one",
            origin,
        ];
        differs(&mut out.notes, node, Difference::CorsOrigin, &parts);
    }
    true
}
