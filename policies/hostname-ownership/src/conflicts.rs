//! Checks for names that objects of other namespaces publish.

use std::borrow::Cow;

use admission::{Cluster, Findings, Malformed, Node, Query, QueryError, excerpt};

use crate::hostnames::DELEGATION;
use crate::published::{KINDS, Kind, Name, Text};
use crate::settings::Settings;

admission::rule! {
    /// An object of another namespace publishes the hostname.
    ///
    /// # What it checks
    /// No HTTPRoute, GRPCRoute, Ingress, Service or DNSEndpoint of another namespace may publish one of the
    /// object's hostnames. A wildcard, or an object without hosts, conflicts with every hostname that it
    /// matches, except those that the setting `delegation` assigns to the object's namespace. The policy lists
    /// these kinds in the cluster, and only if no other rule rejects the object. If it cannot list a kind, it
    /// accepts the object with a warning.
    ///
    /// # Why
    /// Of two HTTPRoutes with the same hostname, Gateway API prefers the older one (`HTTPRouteRule`: "Proceed
    /// with ties"), and it accepts only one of an HTTPRoute and a GRPCRoute. Of two objects of other kinds,
    /// ExternalDNS keeps the current DNS record, or prefers the lower address (`plan/conflict.go`). So an
    /// object can take the traffic of another. Two objects that are created at the same time do not see each
    /// other; only the rule `delegation` prevents that conflict.
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

/// Rejects the names that objects of other namespaces publish, with one query for each kind. Warns if a query
/// fails.
pub(crate) fn check(
    settings: &Settings,
    namespace: &str,
    names: &[Name<'_>],
    cluster: &dyn Cluster,
    findings: &mut Findings,
) {
    let mut lists = Vec::new();
    let mut failure = None;
    for kind in KINDS {
        match list(kind, cluster) {
            Ok(text) => lists.push((kind, text)),
            // There are no objects of the kind, such as DNSEndpoints.
            Err(error) if error.is_not_installed() => {}
            Err(error) => failure = failure.or(Some(reason(kind, &error))),
        }
    }
    let mut owners = Vec::new();
    for (kind, text) in &lists {
        let mut is_read = true;
        match items(text) {
            // One object that cannot be read must not hide the others.
            Ok(items) => {
                for item in items {
                    match owner(settings, namespace, kind, item) {
                        Ok(owner) => owners.extend(owner),
                        Err(_) => is_read = false,
                    }
                }
            }
            Err(_) => is_read = false,
        }
        if !is_read {
            let why = format!("the list of {} cannot be read", plural(kind));
            failure = failure.or(Some(why));
        }
    }
    // If there is a delegation, every name here is delegated to the namespace.
    let is_delegated = !settings.delegation.is_empty() && findings.is_enabled(DELEGATION);
    let mut reported = Vec::new();
    for name in names {
        let mine = pattern(&name.text);
        // Several fields may have the same name.
        if findings.is_full() || reported.contains(&mine) {
            continue;
        }
        let problem = |owner: &Owner<'_>| owner.problem(&mine, is_delegated);
        if let Some(problem) = owners.iter().find_map(problem) {
            let text = match &name.text {
                Text::Host(text) => text,
                Text::AllHosts(_) => "*",
            };
            let message = format!("`{}` {problem}", excerpt(text));
            findings.reject_field(TAKEN_HOSTNAMES, name.node, name.field, message);
            reported.push(mine);
        }
    }
    if let Some(why) = failure {
        findings.not_checked("whether other namespaces have these hostnames", &why);
    }
}

/// Lists the objects of a kind in all namespaces.
fn list(kind: &Kind, cluster: &dyn Cluster) -> Result<String, QueryError> {
    let mut fields = vec![
        "metadata.annotations",
        "metadata.name",
        "metadata.namespace",
    ];
    fields.extend(kind.fields);
    let query = Query {
        api_version: kind.api_version,
        kind: kind.name,
        namespace: None,
        name: None,
        fields: &fields,
    };
    cluster.list(&query)
}

fn reason(kind: &Kind, error: &QueryError) -> String {
    match error {
        QueryError::NotPermitted(_) => format!("the policy may not list {}", plural(kind)),
        QueryError::Unavailable(_) => format!("no cluster data for {}", plural(kind)),
    }
}

fn plural(kind: &Kind) -> String {
    match kind.name.strip_suffix('s') {
        Some(_) => format!("{}es", kind.name),
        None => format!("{}s", kind.name),
    }
}

/// An object of another namespace that publishes names.
struct Owner<'a> {
    kind: &'static Kind,
    namespace: Cow<'a, str>,
    name: Cow<'a, str>,
    patterns: Vec<String>,
}

impl Owner<'_> {
    /// Returns the conflict between the hosts that `mine` matches and this object, as the predicate of a
    /// sentence with what to do.
    fn problem(&self, mine: &str, is_delegated: bool) -> Option<String> {
        let (relation, fix) = self.patterns.iter().find_map(|theirs| match theirs {
            theirs if theirs == mine => Some(("is taken by", "choose another host")),
            theirs if covers(theirs, mine) => {
                (!is_delegated).then_some(("is covered by", "choose another host"))
            }
            theirs => covers(mine, theirs).then_some(("covers a host of", "name each host")),
        })?;
        let id = format!("{}/{}", self.namespace, self.name);
        let kind = self.kind.name;
        Some(format!("{relation} {kind} `{}`; {fix}", excerpt(&id)))
    }
}

/// Returns a name in the form in which names are compared, with `*` for all hosts.
fn pattern(text: &Text<'_>) -> String {
    match text {
        Text::Host(text) => text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase(),
        Text::AllHosts(_) => "*".to_owned(),
    }
}

/// Returns whether `pattern` matches every host that `other` matches. A wildcard matches any number of labels,
/// as in Gateway API.
fn covers(pattern: &str, other: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(suffix) => other.ends_with(suffix),
        None => pattern == other,
    }
}

/// Returns the items of a list.
fn items(list: &str) -> Result<Vec<Node<'_>>, Malformed> {
    let items = Node::parse(list)?.object()?.array("items")?;
    Ok(items.unwrap_or_default())
}

/// Reads an object of a list; `None` if it is in `namespace` or exempt, or publishes no names.
fn owner<'a>(
    settings: &Settings,
    namespace: &str,
    kind: &'static Kind,
    item: Node<'a>,
) -> Result<Option<Owner<'a>>, Malformed> {
    let item = item.object()?;
    let metadata = item
        .object("metadata")?
        .ok_or_else(|| item.malformed("metadata", "is missing"))?;
    let text = |field| metadata.string(field).map(Option::unwrap_or_default);
    let (owner_namespace, name) = (text("namespace")?, text("name")?);
    if owner_namespace == namespace || settings.is_exempt(&owner_namespace, &name) {
        return Ok(None);
    }
    let names = kind.names(settings, &item)?;
    Ok((!names.is_empty()).then(|| Owner {
        kind,
        namespace: owner_namespace,
        name,
        patterns: names.iter().map(|name| pattern(&name.text)).collect(),
    }))
}
