//! Options of the translation.

use crate::capability::{Capabilities, Feature};

/// The Gateway that the routes attach to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gateway<'a> {
    /// `metadata.namespace`.
    pub namespace: &'a str,
    /// `metadata.name`.
    pub name: &'a str,
    /// The listener to attach to; `None` for every listener that matches the host.
    pub section_name: Option<&'a str>,
}

impl Gateway<'_> {
    /// Returns the `scheme` of a redirect to an HTTPS URL, or to the host of the request. The scheme and port of the
    /// listener are the default (`getRouteRedirect` in `translation/envoy_virtual_host.go` of Cilium), and a scheme
    /// that equals that of the listener makes Cilium 1.20 match only requests with another one
    /// (`getRouteRedirectMatch`; cilium#48373). K8TRE's listener `http` serves apps only where a load balancer
    /// terminates TLS in front of the Gateway.
    pub(crate) fn secure_scheme(&self) -> Option<&'static str> {
        match self.section_name {
            Some("http") => Some("https"),
            _ => None,
        }
    }
}

/// Options of the translation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options<'a> {
    /// The Gateway that the routes attach to.
    pub gateway: Gateway<'a>,
    /// The domain of the Gateway's certificate, without a leading dot. Hosts that are not exactly one label
    /// below it are blockers. With `None`, any domain is accepted; with a placeholder such as `${DOMAIN}`,
    /// only hosts that end in it are checked against it.
    pub domain: Option<&'a str>,
    /// Whether ingress-nginx serves the Ingress; determines the meaning of `ImplementationSpecific`.
    pub nginx: bool,
    /// What the Gateway can do.
    pub capabilities: Capabilities,
    /// The Services that `auth-url` may name, each as `namespace/name`.
    pub auth_backends: &'a [String],
}

impl Options<'_> {
    /// Whether the translation may use the feature, if the Gateway has it.
    pub(crate) fn allows(&self, feature: Feature) -> bool {
        feature != Feature::ExternalAuth || !self.auth_backends.is_empty()
    }

    /// Whether the translation may use the feature, and the Gateway has it.
    pub(crate) fn has(&self, feature: Feature) -> bool {
        self.allows(feature) && self.capabilities.has(feature)
    }
}

/// Looks up a port by the names of the Service and the port. The Service is in the Ingress's namespace.
pub type PortLookup<'a> = dyn Fn(&str, &str) -> Port + 'a;

/// The result of looking up a named port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// The port number.
    Number(u16),
    /// The Service does not exist.
    ServiceNotFound,
    /// The Service has no port with this name.
    PortNotFound,
    /// The Service could not be looked up.
    Unknown,
}
