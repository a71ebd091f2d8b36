//! The features that the GatewayClass of the Gateway reports.

use admission::{Cluster, Malformed, Node, Query};
use ingress2route::PREFIX;

use crate::ingress::Ingress;
use crate::settings::Settings;

/// Returns the GatewayClass of the Gateway as a list, if the Ingress uses a feature that depends on it. The
/// settings decide if a look-up fails: not every cluster permits it.
pub(crate) fn class(
    settings: &Settings,
    ingress: &Ingress<'_>,
    cluster: &dyn Cluster,
) -> Option<String> {
    // Those of the features that have a name.
    let depends = |key: &str| {
        matches!(
            key.strip_prefix(PREFIX),
            Some("backend-protocol" | "enable-cors")
        )
    };
    ingress.annotations().find(|(key, _)| depends(key))?;
    let list = |kind, namespace, name, fields| {
        let query = Query {
            api_version: "gateway.networking.k8s.io/v1",
            kind,
            namespace,
            name: Some(name),
            fields,
        };
        cluster.list(&query).ok()
    };
    let gateway = &settings.gateway;
    let fields = &["spec.gatewayClassName"];
    let gateway = list("Gateway", Some(&gateway.namespace), &gateway.name, fields)?;
    let name = part(&gateway, "spec", "gatewayClassName")
        .ok()??
        .string()
        .ok()?;
    list("GatewayClass", None, &name, &["status.supportedFeatures"])
}

/// Returns the `status.supportedFeatures` of the class; empty if it reports none.
pub(crate) fn features(class: &str) -> Vec<Node<'_>> {
    let features = part(class, "status", "supportedFeatures");
    let features = features.ok().flatten().map(Node::array);
    features.and_then(Result::ok).unwrap_or_default()
}

/// Whether the features have the name.
pub(crate) fn has(features: &[Node<'_>], name: &str) -> bool {
    features.iter().any(|feature| {
        let reported = feature.object().and_then(|feature| feature.string("name"));
        reported.is_ok_and(|reported| reported.as_deref() == Some(name))
    })
}

/// Returns a field of the first object of a list.
fn part<'a>(list: &'a str, object: &str, field: &str) -> Result<Option<Node<'a>>, Malformed> {
    let items = Node::parse(list)?.object()?.array("items")?;
    match items.unwrap_or_default().first() {
        Some(item) => match item.object()?.object(object)? {
            Some(object) => object.get(field),
            None => Ok(None),
        },
        None => Ok(None),
    }
}
