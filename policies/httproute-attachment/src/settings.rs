//! The settings of httproute-attachment.

mod findings;

use serde::Deserialize;

use crate::rule::Rule;

/// Settings of httproute-attachment. The defaults are K8TRE's conventions, the same on every vendor; what
/// differs between TREs has to be given.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(
    not(target_family = "wasm"),
    derive(schemars::JsonSchema, serde::Serialize)
)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Settings {
    /// The Gateway that every route attaches to.
    #[serde(deserialize_with = "admission::from_object")]
    #[cfg_attr(not(target_family = "wasm"), schemars(title = "Gateway"))]
    pub gateway: Gateway,
    /// The domain that hostnames are below, such as `k8tre.internal`. Any domain will do when not set.
    #[cfg_attr(not(target_family = "wasm"), schemars(title = "Domain"))]
    pub domain: Option<String>,
    /// Hosts below the domain that no route may claim: the gateway's health probe, Active Directory and
    /// what kare-dns keeps there for itself.
    #[cfg_attr(not(target_family = "wasm"), schemars(title = "Reserved hosts"))]
    pub reserved_hosts: Vec<String>,
    /// The hosts that namespaces may claim. Every namespace may claim any when empty; else those that are
    /// not listed may claim none.
    #[serde(deserialize_with = "admission::from_objects")]
    #[cfg_attr(not(target_family = "wasm"), schemars(title = "Delegation"))]
    pub delegation: Vec<Delegation>,
    /// Namespaces whose routes may lead to some of their Services alone, such as auth proxies. Those of
    /// other namespaces may lead to any of their own.
    #[serde(deserialize_with = "admission::from_objects")]
    #[cfg_attr(not(target_family = "wasm"), schemars(title = "Backends"))]
    pub backends: Vec<Backends>,
    /// Headers that tell apps who the user is, which no filter may set; a `*` at the end stands for
    /// anything.
    #[cfg_attr(not(target_family = "wasm"), schemars(title = "Identity headers"))]
    pub identity_headers: Vec<String>,
    /// Annotations by which ExternalDNS publishes hostnames beside the route's own.
    #[cfg_attr(not(target_family = "wasm"), schemars(title = "Hostname annotations"))]
    pub hostname_annotations: Vec<String>,
    /// The namespaces that may have Gateways, ListenerSets, ReferenceGrants, TLSRoutes, TCPRoutes and
    /// UDPRoutes.
    #[cfg_attr(not(target_family = "wasm"), schemars(title = "Platform namespaces"))]
    pub platform_namespaces: Vec<String>,
    /// Routes that are not judged.
    #[serde(deserialize_with = "admission::from_objects")]
    #[cfg_attr(not(target_family = "wasm"), schemars(title = "Exemptions"))]
    pub exemptions: Vec<Exemption>,
    /// Rules that are off.
    #[cfg_attr(not(target_family = "wasm"), schemars(title = "Disabled rules"))]
    pub disabled_rules: Vec<Rule>,
}

/// A Gateway.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(
    not(target_family = "wasm"),
    derive(schemars::JsonSchema, serde::Serialize)
)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Gateway {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its listeners, which a route may name.
    pub section_names: Vec<String>,
}

/// The hosts of a namespace.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(
    not(target_family = "wasm"),
    derive(schemars::JsonSchema, serde::Serialize)
)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Delegation {
    /// The namespace.
    pub namespace: String,
    /// The hosts that its routes may claim, without the domain: `jupyter`.
    pub hosts: Vec<String>,
}

/// The Services that routes of a namespace may lead to.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(
    not(target_family = "wasm"),
    derive(schemars::JsonSchema, serde::Serialize)
)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Backends {
    /// The namespace.
    pub namespace: String,
    /// The names of the Services.
    pub services: Vec<String>,
}

/// A route that is not judged.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(
    not(target_family = "wasm"),
    derive(schemars::JsonSchema, serde::Serialize)
)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Exemption {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Default for Settings {
    /// K8TRE's `agnostics/gateway` tree: the two routes that the gateway itself has, and the headers that
    /// the auth proxies of its `jupyterhub` and `guacamole` apps set.
    fn default() -> Self {
        let exemption = |name: &str| Exemption {
            namespace: "gateway".to_owned(),
            name: name.to_owned(),
        };
        Self {
            gateway: Gateway::default(),
            domain: None,
            reserved_hosts: strings(&["ad", "apex", "dns", "gw", "ns1"]),
            delegation: Vec::new(),
            backends: Vec::new(),
            identity_headers: strings(&[
                "Authorization",
                "Cookie",
                "Remote-User",
                "X-Auth-*",
                "X-Forwarded-Email",
                "X-Forwarded-Groups",
                "X-Forwarded-Preferred-Username",
                "X-Forwarded-User",
            ]),
            hostname_annotations: strings(&[
                "external-dns.alpha.kubernetes.io/hostname",
                "external-dns.kubernetes.io/hostname",
            ]),
            platform_namespaces: strings(&["gateway"]),
            exemptions: vec![
                exemption("gw-health-probe-route"),
                exemption("http-to-https-redirect"),
            ],
            disabled_rules: Vec::new(),
        }
    }
}

impl Default for Gateway {
    fn default() -> Self {
        Self {
            namespace: "gateway".to_owned(),
            name: "internal-gateway".to_owned(),
            section_names: strings(&["http", "https"]),
        }
    }
}

fn strings(strings: &[&str]) -> Vec<String> {
    strings.iter().map(|&it| it.to_owned()).collect()
}

impl Settings {
    /// Whether a rule holds.
    pub(crate) fn is_on(&self, rule: Rule) -> bool {
        !self.disabled_rules.contains(&rule)
    }

    /// Whether `domain` is a placeholder such as `${DOMAIN}`, as in the manifests of the plane before
    /// Argo CD fills them in.
    pub(crate) fn domain_is_unrendered(&self) -> bool {
        let domain = self.domain.as_deref();
        domain.is_some_and(|domain| domain.starts_with("${"))
    }

    /// Whether a header tells apps who the user is. Servers of the CGI kind read `_` as `-`.
    pub(crate) fn is_identity_header(&self, name: &str) -> bool {
        let name = name.replace('_', "-");
        self.identity_headers
            .iter()
            .any(|header| match header.strip_suffix('*') {
                Some(start) => name
                    .get(..start.len())
                    .is_some_and(|it| it.eq_ignore_ascii_case(start)),
                None => name.eq_ignore_ascii_case(header),
            })
    }

    /// Whether a namespace is the platform's own.
    pub(crate) fn is_platform(&self, namespace: &str) -> bool {
        self.platform_namespaces.iter().any(|it| it == namespace)
    }

    /// Whether a route is not judged.
    pub(crate) fn exempts(&self, namespace: &str, name: &str) -> bool {
        let mut exemptions = self.exemptions.iter();
        exemptions.any(|it| it.namespace == namespace && it.name == name)
    }
}
