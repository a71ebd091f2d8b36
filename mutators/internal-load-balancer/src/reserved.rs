//! Addresses that only one namespace may request.

use admission::{AdmissionRequest, Finding, Malformed, Node, Object};

use crate::load_balancer::{GATEWAY_PATH, METADATA_PATH, is_unchanged, object_at};
use crate::settings::Settings;
use crate::vendor::REQUESTS;

admission::rule! {
    /// The object requests an address of another namespace.
    ///
    /// # What it checks
    /// Only the namespace that has an address in the setting `reservedAddresses` may request it: with
    /// `spec.clusterIP`, `spec.clusterIPs` or `spec.loadBalancerIP` of a Service of any type, `spec.addresses` of
    /// a Gateway, or an annotation of Azure, MetalLB or Cilium. An update may keep a request, unless the type or
    /// class changes.
    ///
    /// # Why
    /// On Azure, a Service that requests the address of the Gateway shares it, and gets the traffic of its own
    /// ports. Elsewhere, the first Service that requests an address gets it: while kare-dns is missing, another
    /// Service could take its address and answer for every name of the domain.
    ///
    /// # Example
    /// ```yaml
    /// # settings of internal-load-balancer: {provider: metallb, reservedAddresses: [{namespace: kare-dns, addresses: [10.43.0.53]}]}
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: portal, namespace: portal}
    /// spec:
    ///   clusterIP: 10.43.0.53
    ///   ports: [{port: 53}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// # settings of internal-load-balancer: {provider: metallb, reservedAddresses: [{namespace: kare-dns, addresses: [10.43.0.53]}]}
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: portal, namespace: portal}
    /// spec:
    ///   ports: [{port: 53}]
    /// ```
    pub RESERVED_ADDRESSES = "reserved-addresses";
}

/// Returns the first request for an address that is reserved for another namespace. An existing object may keep its
/// requests, since the API server may have assigned a cluster IP before it was reserved. If its type or class
/// changes, it may not: a controller that ignored the requests may now read them.
///
/// # Errors
/// Returns an error if a field with addresses has the wrong type.
pub(crate) fn check(
    settings: &Settings,
    request: &AdmissionRequest<'_>,
    object: Node<'_>,
) -> Result<Option<Finding>, Malformed> {
    if settings.reserved_addresses.is_empty() {
        return Ok(None);
    }
    let root = object.object()?;
    let old = request.old_object()?.map(Node::object).transpose()?;
    let kinds: [&[&str]; 2] = [&["spec", "type"], &["spec", "gatewayClassName"]];
    let kept = match old {
        Some(old) if is_unchanged(&root, Some(&old), &kinds)? => requests(&old)?,
        _ => Vec::new(),
    };
    for node in requests(&root)? {
        let addresses = node.string()?;
        if let Some((address, owner)) = settings.reserved_in(&addresses, &request.namespace) {
            let path = node.path();
            let mut kept = kept.iter();
            if !kept.any(|old| old.text() == node.text() && old.path() == path) {
                let message = format!("`{address}` is reserved for namespace `{owner}`; remove it");
                return Ok(Some(RESERVED_ADDRESSES.finding(path, message)));
            }
        }
    }
    Ok(None)
}

/// Returns the fields and annotations that request addresses, whatever the kind of the object is. A secondary
/// Service on Azure shares the frontend with the address that it requests (`serviceOwnsFrontendIP` in
/// `pkg/provider/azure_loadbalancer.go`); the namespace does not matter. Cilium copies
/// `spec.addresses` and the annotations of a Gateway (`GatewayAPI` in `operator/pkg/model/ingestion/gateway.go`), and
/// some annotations of an Ingress (`operator/pkg/ingress/ingress_reconcile.go`), to the Service that it creates.
pub(crate) fn requests<'a>(root: &Object<'a>) -> Result<Vec<Node<'a>>, Malformed> {
    let mut requests = Vec::new();
    let fields: [&[&str]; 3] = [&["spec"], &METADATA_PATH, &GATEWAY_PATH];
    for fields in fields {
        let Some(object) = object_at(root, fields)? else {
            continue;
        };
        for (key, value) in object.iter() {
            match key {
                _ if value.is_null() => {}
                "clusterIPs" | "addresses" if fields.len() == 1 => {
                    for item in value.array()? {
                        match key {
                            "addresses" => requests.extend(item.object()?.get("value")?),
                            _ => requests.push(item),
                        }
                    }
                }
                key if REQUESTS.contains(&key) => requests.push(value),
                _ => {}
            }
        }
    }
    Ok(requests)
}
