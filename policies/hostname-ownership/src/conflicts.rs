//! Checks for hostnames that routes of other namespaces have.

use std::borrow::Cow;

use admission::{Cluster, Findings, Malformed, Node, Query, QueryError, excerpt};

use crate::published::{Hostname, KINDS};

admission::rule! {
    /// A route of another namespace has the hostname.
    ///
    /// # What it checks
    /// No HTTPRoute or GRPCRoute of another namespace may have one of the route's hostnames. The policy lists
    /// both kinds in the cluster, and only if no other rule rejects the route. If it cannot list a kind, it
    /// accepts the route with a warning.
    ///
    /// # Why
    /// Of two HTTPRoutes with the same hostname, Gateway API prefers the older one (`HTTPRouteRule`: "Proceed
    /// with ties"), and it accepts only one of an HTTPRoute and a GRPCRoute. So an old route that adds a
    /// hostname takes its traffic from a newer route. Two routes that are created at the same time do not see
    /// each other; only the rule `delegation` prevents that conflict.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   hostnames: [jupyter.k8tre.internal]
    ///   rules: [{backendRefs: [{name: portal, port: 80}]}]
    /// ---
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: jupyter, namespace: jupyterhub}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   hostnames: [jupyter.k8tre.internal]
    ///   rules: [{backendRefs: [{name: jhub-auth-proxy, port: 80}]}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   hostnames: [portal.k8tre.internal]
    ///   rules: [{backendRefs: [{name: portal, port: 80}]}]
    /// ---
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: jupyter, namespace: jupyterhub}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   hostnames: [jupyter.k8tre.internal]
    ///   rules: [{backendRefs: [{name: jhub-auth-proxy, port: 80}]}]
    /// ```
    pub TAKEN_HOSTNAMES = "taken-hostnames";
}

/// Rejects the hostnames that routes of other namespaces have, with one query for each kind of route. Warns if
/// a query fails.
pub(crate) fn check(
    hostnames: &[Hostname<'_>],
    namespace: &str,
    cluster: &dyn Cluster,
    findings: &mut Findings,
) {
    if hostnames.is_empty() {
        return;
    }
    let mut lists = Vec::new();
    let mut failure = None;
    for kind in KINDS {
        let query = Query {
            api_version: "gateway.networking.k8s.io/v1",
            kind,
            namespace: None,
            name: None,
            fields: &["metadata.name", "metadata.namespace", "spec.hostnames"],
        };
        match cluster.list(&query) {
            Ok(text) => lists.push((kind, text)),
            Err(QueryError::NotPermitted(_)) => {
                failure = failure.or(Some(format!("the policy may not list {kind}s")));
            }
            Err(QueryError::Unavailable(_)) => {
                failure = failure.or(Some(format!("no cluster data for {kind}s")));
            }
        }
    }
    let mut routes = Vec::new();
    for (kind, text) in &lists {
        match routes_outside(namespace, kind, text) {
            Ok(found) => routes.extend(found),
            Err(_) => failure = failure.or(Some(format!("the list of {kind}s cannot be read"))),
        }
    }
    for (node, hostname) in hostnames {
        if let Some(route) = routes.iter().find(|route| route.has(hostname)) {
            findings.reject_field(
                TAKEN_HOSTNAMES,
                *node,
                "",
                format!(
                    "`{}` is taken by {} `{}/{}`; choose another host",
                    excerpt(hostname),
                    route.kind,
                    excerpt(&route.namespace),
                    excerpt(&route.name)
                ),
            );
        }
    }
    if let Some(failure) = failure {
        findings.not_checked("whether other namespaces have these hostnames", &failure);
    }
}

/// A route of another namespace.
struct Route<'a> {
    kind: &'a str,
    namespace: Cow<'a, str>,
    name: Cow<'a, str>,
    hostnames: Vec<Cow<'a, str>>,
}

impl Route<'_> {
    fn has(&self, hostname: &str) -> bool {
        let mut hostnames = self.hostnames.iter();
        hostnames.any(|other| other.eq_ignore_ascii_case(hostname))
    }
}

/// Reads the routes of a list that are not in `namespace`.
fn routes_outside<'a>(
    namespace: &str,
    kind: &'a str,
    text: &'a str,
) -> Result<Vec<Route<'a>>, Malformed> {
    let mut routes = Vec::new();
    let list = Node::parse(text)?.object()?;
    for item in list.array("items")?.unwrap_or_default() {
        let item = item.object()?;
        let (Some(metadata), Some(spec)) = (item.object("metadata")?, item.object("spec")?) else {
            continue;
        };
        let route_namespace = metadata.string("namespace")?.unwrap_or_default();
        if route_namespace == namespace {
            continue;
        }
        let hostnames = spec.array("hostnames")?.unwrap_or_default();
        routes.push(Route {
            kind,
            namespace: route_namespace,
            name: metadata.string("name")?.unwrap_or_default(),
            hostnames: hostnames
                .into_iter()
                .map(Node::string)
                .collect::<Result<_, _>>()?,
        });
    }
    Ok(routes)
}
