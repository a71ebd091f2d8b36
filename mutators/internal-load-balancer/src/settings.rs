//! The settings of internal-load-balancer.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Deserialize;

use crate::address::is_public;

/// Settings of internal-load-balancer. All but the provider are right for K8TRE; that has no default,
/// since a guess would leave balancers public.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(
    not(target_family = "wasm"),
    derive(schemars::JsonSchema, serde::Serialize),
    schemars(extend("required" = ["provider"]))
)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Settings {
    /// Whose load balancers the cluster has. Must be set: it is never guessed.
    #[cfg_attr(
        not(target_family = "wasm"),
        schemars(title = "Provider", required, extend("x-ui-group" = "Load balancers"))
    )]
    pub provider: Option<Provider>,
    /// Which objects are looked at: `allLoadBalancers`, or `gateways` for Gateways and the Services that
    /// their controllers make.
    #[cfg_attr(
        not(target_family = "wasm"),
        schemars(title = "Scope", extend("x-ui-group" = "Load balancers"))
    )]
    pub scope: Scope,
    /// Services and Gateways that are approved to be public. They are not touched.
    #[serde(deserialize_with = "admission::from_objects")]
    #[cfg_attr(
        not(target_family = "wasm"),
        schemars(title = "Public", extend("x-ui-group" = "Load balancers"))
    )]
    pub public: Vec<Public>,
    /// What becomes of annotations that contradict an internal load balancer of this provider:
    /// `overwrite` brings them to its values and warns, `reject` refuses the object.
    #[cfg_attr(
        not(target_family = "wasm"),
        schemars(title = "On conflict", extend("x-ui-group" = "Load balancers"))
    )]
    pub on_conflict: OnConflict,
    /// Gateway classes whose Services are no load balancers. Their Gateways are not touched.
    #[cfg_attr(
        not(target_family = "wasm"),
        schemars(title = "Node port classes", extend("x-ui-group" = "Gateways"))
    )]
    pub node_port_classes: Vec<String>,
    /// Names that ExternalDNS is to give to Gateways' Services which ask for none.
    #[cfg_attr(
        not(target_family = "wasm"),
        schemars(title = "Host names", extend("x-ui-group" = "Gateways"))
    )]
    pub hostnames: Vec<String>,
    /// The prefix of ExternalDNS' annotations: `external-dns.kubernetes.io/` from its version 0.22 on.
    #[cfg_attr(
        not(target_family = "wasm"),
        schemars(title = "ExternalDNS prefix", extend("x-ui-group" = "Gateways"))
    )]
    pub external_dns_prefix: String,
    /// Options of the provider `azure`.
    #[serde(deserialize_with = "admission::from_object")]
    #[cfg_attr(
        not(target_family = "wasm"),
        schemars(title = "Azure", extend("x-ui-group" = "Azure"))
    )]
    pub azure: Azure,
    /// Options of the provider `aws`.
    #[serde(deserialize_with = "admission::from_object")]
    #[cfg_attr(
        not(target_family = "wasm"),
        schemars(title = "AWS", extend("x-ui-group" = "AWS"))
    )]
    pub aws: Aws,
    /// Options of the provider `metallb`.
    #[serde(deserialize_with = "admission::from_object")]
    #[cfg_attr(
        not(target_family = "wasm"),
        schemars(title = "MetalLB", extend("x-ui-group" = "MetalLB"))
    )]
    pub metallb: Metallb,
    /// Options of the provider `cilium`.
    #[serde(deserialize_with = "admission::from_object")]
    #[cfg_attr(
        not(target_family = "wasm"),
        schemars(title = "Cilium", extend("x-ui-group" = "Cilium"))
    )]
    pub cilium: Cilium,
    /// Options of the provider `oci`.
    #[serde(deserialize_with = "admission::from_object")]
    #[cfg_attr(
        not(target_family = "wasm"),
        schemars(title = "OCI", extend("x-ui-group" = "OCI"))
    )]
    pub oci: Oci,
    /// Options of the provider `custom`.
    #[serde(deserialize_with = "admission::from_object")]
    #[cfg_attr(
        not(target_family = "wasm"),
        schemars(title = "Custom", extend("x-ui-group" = "Custom"))
    )]
    pub custom: Custom,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            provider: None,
            scope: Scope::default(),
            public: Vec::new(),
            on_conflict: OnConflict::default(),
            // K8TRE's class on aws, where an ALB stands before a NodePort Service.
            node_port_classes: vec!["nodeport-gateway-class".to_owned()],
            hostnames: Vec::new(),
            external_dns_prefix: "external-dns.alpha.kubernetes.io/".to_owned(),
            azure: Azure::default(),
            aws: Aws::default(),
            metallb: Metallb::default(),
            cilium: Cilium::default(),
            oci: Oci::default(),
            custom: Custom::default(),
        }
    }
}

/// Whose load balancers a cluster has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(
    not(target_family = "wasm"),
    derive(schemars::JsonSchema, serde::Serialize)
)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// Azure's cloud provider, as on AKS.
    Azure,
    /// The AWS Load Balancer Controller, or the cloud provider before it.
    Aws,
    /// Google's, as on GKE.
    Gcp,
    /// MetalLB.
    Metallb,
    /// Cilium's LB IPAM.
    Cilium,
    /// OpenStack's cloud controller manager.
    Openstack,
    /// Oracle's, as on OKE.
    Oci,
    /// DigitalOcean's.
    Digitalocean,
    /// Any other: the annotations are in the settings.
    Custom,
}

/// Which objects are looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(
    not(target_family = "wasm"),
    derive(schemars::JsonSchema, serde::Serialize)
)]
#[serde(rename_all = "camelCase")]
pub enum Scope {
    /// Gateways and the Services made for them.
    Gateways,
    /// Those, and every other Service of type LoadBalancer.
    #[default]
    AllLoadBalancers,
}

/// What becomes of contradictions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(
    not(target_family = "wasm"),
    derive(schemars::JsonSchema, serde::Serialize)
)]
#[serde(rename_all = "lowercase")]
pub enum OnConflict {
    /// They are brought to the provider's values.
    #[default]
    Overwrite,
    /// The object is refused.
    Reject,
}

/// An object that is approved to be public.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(
    not(target_family = "wasm"),
    derive(schemars::JsonSchema, serde::Serialize)
)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Public {
    /// Its namespace.
    pub namespace: String,
    /// The name of the Service or Gateway, in full. A Gateway's Service has a name of its own.
    pub name: String,
    /// Why it is public, and who approved it. Goes into the audit log.
    pub reason: String,
}

/// Options for Azure.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(
    not(target_family = "wasm"),
    derive(schemars::JsonSchema, serde::Serialize)
)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Azure {
    /// The subnet of balancers that name none; `null` for the cluster's own.
    pub subnet: Option<String>,
    /// The private IPv4 address of Gateways' Services that ask for none.
    pub ip: Option<String>,
    /// How balancers that do not say it probe the nodes.
    pub health_probe_protocol: Option<ProbeProtocol>,
    /// What path they ask for. Azure heeds it only where the protocol is http or https.
    pub health_probe_path: Option<String>,
}

impl Default for Azure {
    fn default() -> Self {
        Self {
            // K8TRE's, in its gateway's azure overlay.
            subnet: Some("snet-clusteringressservices".to_owned()),
            ip: None,
            health_probe_protocol: None,
            health_probe_path: None,
        }
    }
}

/// A protocol that Azure probes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(
    not(target_family = "wasm"),
    derive(schemars::JsonSchema, serde::Serialize)
)]
#[serde(rename_all = "lowercase")]
pub enum ProbeProtocol {
    /// A connection is enough.
    Tcp,
    /// Asks for a path.
    Http,
    /// Asks for a path, encrypted.
    Https,
}

/// Options for AWS.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(
    not(target_family = "wasm"),
    derive(schemars::JsonSchema, serde::Serialize)
)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Aws {
    /// Who makes the load balancers: the AWS Load Balancer Controller, or with `legacy` the cloud
    /// provider built into Kubernetes.
    pub controller: Controller,
    /// What balancers that do not say it send traffic to: `instance` for node ports, `ip` for pods.
    pub target_type: TargetType,
}

/// Who makes AWS load balancers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(
    not(target_family = "wasm"),
    derive(schemars::JsonSchema, serde::Serialize)
)]
#[serde(rename_all = "kebab-case")]
pub enum Controller {
    /// The AWS Load Balancer Controller, which K8TRE installs.
    #[default]
    AwsLoadBalancerController,
    /// The cloud provider's service controller.
    Legacy,
}

/// What AWS load balancers send traffic to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(
    not(target_family = "wasm"),
    derive(schemars::JsonSchema, serde::Serialize)
)]
#[serde(rename_all = "lowercase")]
pub enum TargetType {
    /// Nodes, at a node port.
    #[default]
    Instance,
    /// Pods.
    Ip,
}

/// Options for MetalLB.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(
    not(target_family = "wasm"),
    derive(schemars::JsonSchema, serde::Serialize)
)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Metallb {
    /// The pool of internal addresses, which every balancer gets; `null` leaves the choice to MetalLB.
    pub address_pool: Option<String>,
    /// The addresses of Gateways' Services that ask for none.
    pub ips: Vec<String>,
}

impl Default for Metallb {
    fn default() -> Self {
        Self {
            // K8TRE's IPAddressPool on k3s.
            address_pool: Some("default-pool".to_owned()),
            ips: Vec::new(),
        }
    }
}

/// Options for Cilium's LB IPAM.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(
    not(target_family = "wasm"),
    derive(schemars::JsonSchema, serde::Serialize)
)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Cilium {
    /// The addresses of Gateways' Services that ask for none.
    pub ips: Vec<String>,
}

/// Options for Oracle's cloud.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(
    not(target_family = "wasm"),
    derive(schemars::JsonSchema, serde::Serialize)
)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Oci {
    /// Whether balancers that do not say their type are network load balancers.
    pub nlb: bool,
}

/// Options for any other provider.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[cfg_attr(
    not(target_family = "wasm"),
    derive(schemars::JsonSchema, serde::Serialize)
)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Custom {
    /// The annotations that make a load balancer internal.
    pub annotations: BTreeMap<String, String>,
}

impl Provider {
    /// Every provider.
    pub const ALL: [Self; 9] = [
        Self::Azure,
        Self::Aws,
        Self::Gcp,
        Self::Metallb,
        Self::Cilium,
        Self::Openstack,
        Self::Oci,
        Self::Digitalocean,
        Self::Custom,
    ];

    /// The name in the settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Azure => "azure",
            Self::Aws => "aws",
            Self::Gcp => "gcp",
            Self::Metallb => "metallb",
            Self::Cilium => "cilium",
            Self::Openstack => "openstack",
            Self::Oci => "oci",
            Self::Digitalocean => "digitalocean",
            Self::Custom => "custom",
        }
    }
}

impl Settings {
    /// Why this object is approved to be public, if it is.
    pub(crate) fn public_reason(&self, namespace: &str, name: &str) -> Option<&str> {
        let mut public = self.public.iter();
        let found = public.find(|public| public.namespace == namespace && public.name == name);
        found.map(|public| public.reason.as_str())
    }

    /// The options of other providers that were set: what differs from the default.
    fn options_of_others(&self, provider: Provider) -> impl Iterator<Item = Provider> {
        let options = [
            (Provider::Azure, self.azure != Azure::default()),
            (Provider::Aws, self.aws != Aws::default()),
            (Provider::Metallb, self.metallb != Metallb::default()),
            (Provider::Cilium, self.cilium != Cilium::default()),
            (Provider::Oci, self.oci != Oci::default()),
            (Provider::Custom, self.custom != Custom::default()),
        ];
        let others = options
            .into_iter()
            .filter(move |(vendor, set)| *set && *vendor != provider);
        others.map(|(vendor, _)| vendor)
    }
}

impl admission::Settings for Settings {
    fn findings(&self) -> Vec<String> {
        let mut findings = Findings::default();
        match self.provider {
            Some(provider) => {
                for other in self.options_of_others(provider) {
                    let (name, provider) = (other.name(), provider.name());
                    let problem =
                        format!("is for provider {name}, and `provider` is {provider}; remove it");
                    findings.add(name, problem);
                }
            }
            None => {
                let names = Provider::ALL.map(Provider::name).join(", ");
                let problem = format!("is not set, and never guessed; write one of {names}");
                findings.add("provider", problem);
            }
        }
        self.check_public(&mut findings);
        for (index, class) in self.node_port_classes.iter().enumerate() {
            findings.check(
                format!("nodePortClasses[{index}]"),
                class,
                admission::is_dns_subdomain,
                A_NAME,
            );
        }
        for (index, name) in self.hostnames.iter().enumerate() {
            let is_host =
                |name: &str| admission::is_dns_subdomain(name.strip_prefix("*.").unwrap_or(name));
            let what = "a host name in lower case, perhaps after `*.`";
            findings.check(format!("hostnames[{index}]"), name, is_host, what);
        }
        let is_prefix = |text: &str| {
            text.strip_suffix('/')
                .is_some_and(admission::is_dns_subdomain)
        };
        let what = "a domain and a slash, such as external-dns.kubernetes.io/";
        findings.check(
            "externalDnsPrefix",
            &self.external_dns_prefix,
            is_prefix,
            what,
        );
        self.check_options(&mut findings);
        findings.0
    }
}

/// A Service's or class's name is a DNS-1123 label or subdomain.
const A_NAME: &str = "a name of lower-case letters, digits, `-` and `.`";

impl Settings {
    fn check_public(&self, findings: &mut Findings) {
        for (index, public) in self.public.iter().enumerate() {
            let at = |field: &str| format!("public[{index}].{field}");
            findings.check(
                at("namespace"),
                &public.namespace,
                admission::is_dns_subdomain,
                A_NAME,
            );
            findings.check(
                at("name"),
                &public.name,
                admission::is_dns_subdomain,
                A_NAME,
            );
            let says = |reason: &str| !reason.trim().is_empty();
            let what = "why it is public, and who approved it";
            findings.check(at("reason"), &public.reason, says, what);
            let mut before = self.public.iter().take(index);
            if before.any(|other| other.namespace == public.namespace && other.name == public.name)
            {
                let problem = format!("`{}/{}` is listed twice", public.namespace, public.name);
                findings.add(format!("public[{index}]"), problem);
            }
        }
    }

    fn check_options(&self, findings: &mut Findings) {
        let is_text = |text: &str| !text.trim().is_empty();
        let azure = &self.azure;
        if let Some(subnet) = &azure.subnet {
            let what = "a subnet's name, or null for the cluster's own";
            findings.check("azure.subnet", subnet, is_text, what);
        }
        if let Some(ip) = &azure.ip {
            let is_private = |text: &str| {
                text.parse()
                    .is_ok_and(|ip: IpAddr| ip.is_ipv4() && !is_public(ip))
            };
            findings.check("azure.ip", ip, is_private, "a private IPv4 address");
        }
        if let Some(path) = &azure.health_probe_path {
            let what = "a path that begins with `/`";
            findings.check(
                "azure.healthProbePath",
                path,
                |path| path.starts_with('/'),
                what,
            );
            let heeded = [Some(ProbeProtocol::Http), Some(ProbeProtocol::Https)];
            if !heeded.contains(&azure.health_probe_protocol) {
                let problem = "has no effect unless `azure.healthProbeProtocol` is http or https";
                findings.add("azure.healthProbePath", problem);
            }
        }
        if let Some(pool) = &self.metallb.address_pool {
            let what = "an IPAddressPool's name, or null to leave the choice to MetalLB";
            findings.check(
                "metallb.addressPool",
                pool,
                admission::is_dns_subdomain,
                what,
            );
        }
        let is_ip = |text: &str| text.parse().is_ok_and(|ip: IpAddr| !is_public(ip));
        for (setting, ips) in [
            ("metallb.ips", &self.metallb.ips),
            ("cilium.ips", &self.cilium.ips),
        ] {
            for (index, ip) in ips.iter().enumerate() {
                let setting = format!("{setting}[{index}]");
                findings.check(&setting, ip, is_ip, "an IP address that is not public");
                if ips.iter().take(index).any(|other| other == ip) {
                    findings.add(setting, format!("`{ip}` is listed twice"));
                }
            }
        }
        if self.provider == Some(Provider::Custom) && self.custom.annotations.is_empty() {
            let problem = "is empty; write the annotations that make a load balancer internal";
            findings.add("custom.annotations", problem);
        }
        for key in self.custom.annotations.keys() {
            let what = "an annotation's key: a domain, `/`, and letters, digits, `-`, `_` and `.`";
            findings.check("custom.annotations", key, is_annotation_key, what);
        }
    }
}

/// What is wrong, gathered.
#[derive(Default)]
struct Findings(Vec<String>);

impl Findings {
    fn add(&mut self, setting: impl AsRef<str>, problem: impl AsRef<str>) {
        let (setting, problem) = (setting.as_ref(), problem.as_ref());
        self.0.push(format!("setting `{setting}`: {problem}"));
    }

    fn check(
        &mut self,
        setting: impl AsRef<str>,
        value: &str,
        good: impl Fn(&str) -> bool,
        wanted: &str,
    ) {
        if !good(value) {
            self.add(setting, format!("`{value}` must be {wanted}"));
        }
    }
}

/// Kubernetes' "qualified name": an optional domain, then at most 63 characters. Keys are not told
/// apart by case in the domain, so that must be lower-case here.
fn is_annotation_key(key: &str) -> bool {
    let (domain, name) = match key.split_once('/') {
        Some((domain, name)) => (Some(domain), name),
        None => (None, key),
    };
    let outer = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = name.as_bytes();
    domain.is_none_or(admission::is_dns_subdomain)
        && bytes.len() <= 63
        && outer(bytes.first())
        && outer(bytes.last())
        && bytes
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
}
