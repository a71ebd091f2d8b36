//! Kinds that apps do not need and that would bypass the rules for routes.

use admission::{Findings, Verdict};

use crate::settings::Settings;

admission::rule! {
    /// A Gateway, ListenerSet, ReferenceGrant, TLSRoute, TCPRoute or UDPRoute is outside the platform's
    /// namespaces.
    ///
    /// # What it checks
    /// Gateways, ListenerSets, XListenerSets, ReferenceGrants, TLSRoutes, TCPRoutes and UDPRoutes may only be
    /// in the namespaces of the setting `platformNamespaces`.
    ///
    /// # Why
    /// A Gateway of an app is a second entry point beside the internal Gateway. A ListenerSet adds listeners
    /// with their own hostnames and certificates to a Gateway. A ReferenceGrant lets other namespaces use
    /// Services and Secrets. The Gateway cannot inspect or authenticate the traffic of TLSRoutes, TCPRoutes and
    /// UDPRoutes.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: Gateway
    /// metadata: {name: own-gateway, namespace: backend}
    /// spec:
    ///   gatewayClassName: cilium
    ///   listeners: [{name: http, protocol: HTTP, port: 80}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   rules: [{backendRefs: [{name: portal, port: 80}]}]
    /// ```
    pub GATEWAY_KINDS = "gateway-kinds";
}

/// Rejects these kinds outside the platform's namespaces. Accepts other kinds.
pub(crate) fn check(settings: &Settings, kind: &str, namespace: &str) -> Verdict {
    let fix = match kind {
        "Gateway" | "ListenerSet" | "XListenerSet" => "attach an HTTPRoute to the internal Gateway",
        "ReferenceGrant" => "create the route in the namespace of its Service",
        "TLSRoute" | "TCPRoute" | "UDPRoute" => "write an HTTPRoute or a GRPCRoute",
        _ => return Verdict::accept(),
    };
    let mut findings = Findings::without(settings.disabled_rules());
    if !settings.is_platform(namespace) {
        let message = format!("only platform namespaces may have {kind}s; {fix} instead");
        findings.reject(GATEWAY_KINDS, "kind", message);
    }
    findings.verdict()
}
