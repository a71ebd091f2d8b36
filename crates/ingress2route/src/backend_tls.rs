//! BackendTLSPolicies for backends that NGINX reaches with TLS.
//!
//! NGINX verifies a backend only if `proxy-ssl-secret` is set and `proxy-ssl-verify` is `on`
//! (`annotations/proxyssl/main.go`); a BackendTLSPolicy always does, so its author must add what NGINX does not
//! need.

use admission::Node;

use crate::backend::Backend;
use crate::diagnostic::push_once;
use crate::features::{KnownAnnotations, RequestedFeatures};
use crate::routes::Group;
use crate::rule::Action;
use crate::text::joined;
use crate::value::Value;
use crate::{Kind, Route, Translation};

/// What the annotations say about TLS to backends.
#[derive(Debug)]
pub(crate) struct BackendTls<'a> {
    /// The name in the certificates, if it is given.
    hostname: Option<String>,
    /// The annotation `backend-protocol`.
    node: Node<'a>,
}

/// Reads the annotations that configure TLS to backends.
pub(crate) fn read<'a>(annotations: &KnownAnnotations<'a>, node: Node<'a>) -> BackendTls<'a> {
    let hostname = annotations.get("proxy-ssl-name");
    let hostname = hostname.map(|(hostname, _)| hostname.to_ascii_lowercase());
    BackendTls {
        hostname: hostname.filter(|hostname| admission::is_dns_subdomain(hostname)),
        node,
    }
}

/// Adds a BackendTLSPolicy for each Service of the routes.
pub(crate) fn add(
    features: &RequestedFeatures<'_>,
    groups: &[Group],
    namespace: &str,
    out: &mut Translation,
) {
    let Some(tls) = &features.backend_tls else {
        return;
    };
    let rules = groups.iter().flat_map(|group| group.rules.iter());
    for rule in rules {
        let backends = match &*rule.action {
            Action::Forward(backend, _) => vec![backend],
            Action::Split { main, canary, .. } => vec![main, canary],
            Action::Redirect(_) => continue,
        };
        for backend in backends {
            policy(backend, tls, namespace, out);
        }
    }
}

/// Adds the BackendTLSPolicy for a Service, unless there is one.
fn policy(backend: &Backend, tls: &BackendTls<'_>, namespace: &str, out: &mut Translation) {
    let name = joined(&[&backend.service, "-tls"]);
    let is_backend_tls = |route: &Route| route.kind == Kind::BackendTls && route.name == name;
    if out.routes.iter().any(is_backend_tls) {
        return;
    }
    let config_map = joined(&[&backend.service, "-ca"]);
    let default = joined(&[&backend.service, ".", namespace, ".svc"]);
    let hostname = tls.hostname.as_deref().unwrap_or(&default);
    let parts = [
        "the Gateway verifies backends: add ConfigMap {} with their CA as `ca.crt`; their certificate must be for {}",
        &config_map,
        hostname,
    ];
    push_once(&mut out.blockers, tls.node, &parts);
    // `group` is required, even if it is empty.
    let reference = |kind: &str, name: &str| {
        let members = [("group", ""), ("kind", kind), ("name", name)];
        vec![Value::Map(
            members.map(|(key, text)| (key, Value::text(text))).into(),
        )]
    };
    let validation = Value::texts(&[("hostname", hostname)]).with(
        "caCertificateRefs",
        Value::List(reference("ConfigMap", &config_map)),
    );
    let spec = Value::default()
        .with(
            "targetRefs",
            Value::List(reference("Service", &backend.service)),
        )
        .with("validation", validation);
    out.routes.push(Route {
        kind: Kind::BackendTls,
        name,
        namespace: Some(namespace.to_owned()).filter(|it| !it.is_empty()),
        spec,
    });
}
