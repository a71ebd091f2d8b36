//! The filter `ExternalAuth`.
//!
//! It differs from NGINX's `auth_request`: Envoy sends the request's own method and path, the latter below a
//! prefix, not GET and a fixed path (`ExtAuthz.HttpService` in Envoy's API, `buildExtAuthzHTTPFilter` in Cilium's
//! `operator/pkg/model/translation/envoy_http_connection_manager.go`). So only Services that the settings name
//! qualify.

use admission::{Node, is_dns_label};

use crate::diagnostic::{Difference, differs, push_once};
use crate::features::{KnownAnnotations, is_token};
use crate::pattern;
use crate::text::{joined, split_once};
use crate::value::Value;
use crate::{Options, Translation};

/// Annotations that the filter has no equivalent for.
const UNSUPPORTED: &[&str] = &[
    "auth-method",
    "auth-proxy-set-headers",
    "auth-request-redirect",
    "auth-signin",
    "auth-snippet",
];

/// Returns the filter for `auth-url`.
///
/// # Errors
/// Returns why the URL cannot become a filter, as the predicate of a sentence.
pub(crate) fn filter(
    url: &str,
    annotations: &KnownAnnotations<'_>,
    node: Node<'_>,
    options: &Options<'_>,
    out: &mut Translation,
) -> Result<Value, &'static str> {
    const NO_SERVICE: &str = "is not the URL of a Service: `http://NAME.NAMESPACE.svc/PATH`";
    let rest = url.strip_prefix("http://").ok_or(NO_SERVICE)?;
    let end = rest.bytes().position(|b| b == b'/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).unwrap_or_default();
    let (host, port) = split_once(authority, b':').unwrap_or((authority, "80"));
    let port = port.parse().ok().filter(|port: &u16| *port > 0);
    let host = host.strip_suffix(".cluster.local").unwrap_or(host);
    let host = host.strip_suffix(".svc").ok_or(NO_SERVICE)?;
    let (service, namespace) = split_once(host, b'.').ok_or(NO_SERVICE)?;
    let is_service = is_dns_label(service) && is_dns_label(namespace);
    let port = port.filter(|_| is_service).ok_or(NO_SERVICE)?;
    let backend = joined(&[namespace, "/", service]);
    if !options.auth_backends.contains(&backend) {
        return Err("does not name one of `authBackends`");
    }
    let prefix = path.strip_suffix('/').unwrap_or(path);
    if !prefix.is_empty() && pattern::invalid(prefix).is_some() {
        return Err("has a query or a path that Gateway API does not allow");
    }
    for name in UNSUPPORTED {
        if let Some((_, node)) = annotations.get(name) {
            push_once(&mut out.untranslatable, node, &["a route cannot do this"]);
        }
    }
    let parts = [
        "the server gets the method and path of the request, the path below {}, and of its headers only Authorization and Cookie; its cookies do not reach the client",
        path,
    ];
    differs(&mut out.notes, node, Difference::AuthRequest, &parts);
    let parts = [
        "from other namespaces, a ReferenceGrant in {} must allow it",
        namespace,
    ];
    push_once(&mut out.notes, node, &parts);

    let mut headers = Vec::new();
    if let Some((names, node)) = annotations.get("auth-response-headers") {
        for name in names.split(',') {
            let name = name.trim_ascii();
            if is_token(name) && !headers.contains(&Value::text(name)) {
                headers.push(Value::text(name));
            }
        }
        let parts = [
            "a header that the server does not return reaches the app as the client sent it; NGINX removes it",
        ];
        push_once(&mut out.notes, node, &parts);
    }
    if headers.is_empty() {
        // An empty list would copy all headers into the request, even `Content-Length`.
        headers.push(Value::text("X-None"));
    }
    let http = Value::texts(&[("path", prefix)])
        .with("allowedHeaders", Value::List(vec![Value::text("Cookie")]))
        .with("allowedResponseHeaders", Value::List(headers));
    let backend = Value::texts(&[("name", service), ("namespace", namespace)])
        .with("port", Value::Number(port.into()));
    Ok(Value::texts(&[("protocol", "HTTP")])
        .with("backendRef", backend)
        .with("http", http))
}
