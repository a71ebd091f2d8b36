//! Kinds that move traffic and that would bypass the rules for routes.

use admission::{Findings, Verdict};

use crate::settings::Settings;
use crate::{EXPERIMENTAL_GROUP, GROUP};

admission::rule! {
    /// A kind that moves traffic is outside the platform's namespaces.
    ///
    /// # What it checks
    /// Gateways, ListenerSets, XListenerSets, ReferenceGrants, TLSRoutes, TCPRoutes, UDPRoutes,
    /// CiliumEnvoyConfigs and CiliumLocalRedirectPolicies may only be in the namespaces of the setting
    /// `platformNamespaces`. CiliumClusterwideEnvoyConfigs have no namespace and are always rejected.
    ///
    /// # Why
    /// A Gateway of an app is a second entry point beside the internal Gateway. A ListenerSet adds listeners
    /// with their own hostnames and certificates to a Gateway. A ReferenceGrant lets other namespaces use
    /// Services and Secrets. The Gateway cannot inspect or authenticate the traffic of TLSRoutes, TCPRoutes and
    /// UDPRoutes. A CiliumEnvoyConfig can send traffic to Services of every namespace, and a
    /// CiliumClusterwideEnvoyConfig can also take it from them. A CiliumLocalRedirectPolicy sends the traffic
    /// for a Service or an address to pods of its author.
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
    pub TRAFFIC_KINDS = "traffic-kinds";
}

/// The kinds that this rule rejects, by API group, with what to do instead. Every cluster of K8TRE has them:
/// Cilium's operator installs all of its CRDs (`CustomResourceDefinitionList` in
/// `pkg/k8s/apis/cilium.io/client/register.go`), and its agents read CiliumEnvoyConfigs of every namespace if
/// Gateway API is enabled (`enable-envoy-config` in `templates/cilium-configmap.yaml` of its chart).
/// `backendServices` of a CiliumEnvoyConfig may name another namespace
/// (`Service.Namespace` in `pkg/k8s/apis/cilium.io/v2/cec_types.go`).
const KINDS: &[(&str, &[&str], &str)] = &[
    (GROUP, &["Gateway", "ListenerSet"], ATTACH_A_ROUTE),
    (EXPERIMENTAL_GROUP, &["XListenerSet"], ATTACH_A_ROUTE),
    (
        GROUP,
        &["ReferenceGrant"],
        "create the route in the namespace of its Service",
    ),
    (GROUP, &["TLSRoute", "TCPRoute", "UDPRoute"], WRITE_A_ROUTE),
    (
        CILIUM_GROUP,
        &["CiliumEnvoyConfig", "CiliumClusterwideEnvoyConfig"],
        WRITE_A_ROUTE,
    ),
    (
        CILIUM_GROUP,
        &["CiliumLocalRedirectPolicy"],
        "select the pods with a Service",
    ),
];

const CILIUM_GROUP: &str = "cilium.io";
const ATTACH_A_ROUTE: &str = "attach an HTTPRoute to the internal Gateway";
const WRITE_A_ROUTE: &str = "write an HTTPRoute or a GRPCRoute";

/// Rejects these kinds outside the platform's namespaces. Accepts other kinds.
pub(crate) fn check(settings: &Settings, group: &str, kind: &str, namespace: &str) -> Verdict {
    let mut findings = Findings::without(settings.disabled_rules());
    let row = KINDS
        .iter()
        .find(|(of_group, kinds, _)| *of_group == group && kinds.contains(&kind));
    if let Some((_, _, fix)) = row
        && !settings.is_platform(namespace)
    {
        let message = format!("{kind} is only for the platform; {fix} instead");
        findings.reject(TRAFFIC_KINDS, "kind", message);
    }
    findings.verdict()
}
