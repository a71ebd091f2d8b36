//! Looks up the other Ingresses that ingress-nginx serves.
//!
//! ingress-nginx merges the Ingresses of a host from all namespaces, so the query is not limited to one. The
//! policy server keeps one watch for each query (`reflector.rs` in Kubewarden's `policy-evaluator`): a query of
//! all namespaces shares that of hostname-ownership, and one for each namespace would add a watch per namespace.

use admission::{
    AdmissionRequest, Cluster, Finding, Malformed, NOT_CHECKED, Node, Object, Query, QueryError,
    joined,
};
use ingress2route::Class;

use crate::settings::Settings;

/// Lists the Ingresses of all namespaces.
pub(crate) fn list(cluster: &dyn Cluster) -> Result<String, Finding> {
    let query = Query {
        api_version: "networking.k8s.io/v1",
        kind: "Ingress",
        fields: &[
            "metadata.annotations",
            "metadata.creationTimestamp",
            "metadata.name",
            "metadata.namespace",
            "spec",
        ],
        namespace: None,
        name: None,
    };
    cluster.list(&query).map_err(|error| {
        not_checked(match error {
            QueryError::NotPermitted(_) => "the policy may not list Ingresses",
            QueryError::Unavailable(_) => "no cluster data for Ingresses",
        })
    })
}

/// Returns the Ingresses of a list that the same ingress-nginx may serve, except the one of the request.
pub(crate) fn read<'a>(
    settings: &Settings,
    request: &AdmissionRequest<'_>,
    class: &Class<'_>,
    list: &'a str,
) -> Result<Vec<Object<'a>>, Finding> {
    let siblings = || -> Result<_, Malformed> {
        let mut siblings = Vec::new();
        let items = Node::parse(list)?.object()?.array("items")?;
        for item in items.unwrap_or_default() {
            let item = item.object()?;
            let other = Class::read(&item)?;
            let is_same = is_named(&item, "namespace", &request.namespace)?
                && is_named(&item, "name", &request.name)?;
            if !is_same && settings.serves(&other) && other.is_compatible(class) {
                siblings.push(item);
            }
        }
        Ok(siblings)
    };
    siblings().map_err(|_| not_checked("the list of Ingresses cannot be read"))
}

fn is_named(item: &Object<'_>, field: &str, value: &str) -> Result<bool, Malformed> {
    Ok(match item.object("metadata")? {
        Some(metadata) => metadata.string(field)?.as_deref() == Some(value),
        None => false,
    })
}

fn not_checked(why: &str) -> Finding {
    let parts = [
        "not checked: whether other Ingresses of the host change what the paths match (",
        why,
        ")",
    ];
    NOT_CHECKED.finding("", joined(&parts))
}
