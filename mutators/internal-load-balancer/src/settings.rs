//! The settings of internal-load-balancer.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::address::is_public;

admission::settings! {
    /// Settings of internal-load-balancer. All but the provider are right for K8TRE; that has no default,
    /// since a guess would leave balancers public.
    pub struct Settings {
        /// Whose load balancers the cluster has. Must be set: it is never guessed.
        #[title = "Provider"]
        #[group = "Load balancers"]
        pub provider: Provider,
        /// Which objects are looked at: `allLoadBalancers`, or `gateways` for Gateways and the Services that
        /// their controllers make.
        #[title = "Scope"]
        #[group = "Load balancers"]
        pub scope: Scope = Scope::AllLoadBalancers,
        /// Services and Gateways that are approved to be public. They are not touched.
        #[title = "Public"]
        #[group = "Load balancers"]
        pub public: Vec<Public> = Vec::new(),
        /// What becomes of annotations that contradict an internal load balancer of this provider:
        /// `overwrite` brings them to its values and warns, `reject` refuses the object.
        #[title = "On conflict"]
        #[group = "Load balancers"]
        pub on_conflict: OnConflict = OnConflict::Overwrite,
        /// Gateway classes whose Services are no load balancers, such as K8TRE's on aws, where an ALB
        /// stands before node ports. Their Gateways are not touched.
        #[title = "Node port classes"]
        #[group = "Gateways"]
        pub node_port_classes: Vec<String> = vec!["nodeport-gateway-class".to_owned()],
        /// Names that ExternalDNS is to give to Gateways' Services which ask for none.
        #[title = "Host names"]
        #[group = "Gateways"]
        pub hostnames: Vec<String> = Vec::new(),
        /// The prefix of ExternalDNS' annotations: `external-dns.kubernetes.io/` from its version 0.22 on.
        #[title = "ExternalDNS prefix"]
        #[group = "Gateways"]
        pub external_dns_prefix: String = "external-dns.alpha.kubernetes.io/".to_owned(),
        /// Options of the provider `azure`.
        #[title = "Azure"]
        #[group = "Azure"]
        pub azure: Azure = Azure::default(),
        /// Options of the provider `aws`.
        #[title = "AWS"]
        #[group = "AWS"]
        pub aws: Aws = Aws::default(),
        /// Options of the provider `metallb`.
        #[title = "MetalLB"]
        #[group = "MetalLB"]
        pub metallb: Metallb = Metallb::default(),
        /// Options of the provider `cilium`.
        #[title = "Cilium"]
        #[group = "Cilium"]
        pub cilium: Cilium = Cilium::default(),
        /// Options of the provider `oci`.
        #[title = "OCI"]
        #[group = "OCI"]
        pub oci: Oci = Oci::default(),
        /// Options of the provider `custom`.
        #[title = "Custom"]
        #[group = "Custom"]
        pub custom: Custom = Custom::default(),
    }
}

admission::choice! {
    /// Whose load balancers a cluster has.
    pub enum Provider {
        /// Azure's cloud provider, as on AKS.
        Azure = "azure",
        /// The AWS Load Balancer Controller, or the cloud provider before it.
        Aws = "aws",
        /// Google's, as on GKE.
        Gcp = "gcp",
        /// MetalLB.
        Metallb = "metallb",
        /// Cilium's LB IPAM.
        Cilium = "cilium",
        /// OpenStack's cloud controller manager.
        Openstack = "openstack",
        /// Oracle's, as on OKE.
        Oci = "oci",
        /// DigitalOcean's.
        Digitalocean = "digitalocean",
        /// Any other: the annotations are in the settings.
        Custom = "custom",
    }
}

admission::choice! {
    /// Which objects are looked at.
    #[derive(Default)]
    pub enum Scope {
        /// Gateways and the Services made for them.
        Gateways = "gateways",
        /// Those, and every other Service of type LoadBalancer.
        #[default]
        AllLoadBalancers = "allLoadBalancers",
    }
}

admission::choice! {
    /// What becomes of contradictions.
    #[derive(Default)]
    pub enum OnConflict {
        /// They are brought to the provider's values.
        #[default]
        Overwrite = "overwrite",
        /// The object is refused.
        Reject = "reject",
    }
}

admission::settings! {
    /// An object that is approved to be public.
    pub struct Public {
        /// Its namespace.
        pub namespace: String,
        /// The name of the Service or Gateway, in full. A Gateway's Service has a name of its own.
        pub name: String,
        /// Why it is public, and who approved it. Goes into the audit log.
        pub reason: String,
    }
}

admission::settings! {
    /// Options for Azure. The subnet is K8TRE's, in its gateway's azure overlay.
    pub struct Azure {
        /// The subnet of balancers that name none; `null` for the cluster's own.
        pub subnet: Option<String> = Some("snet-clusteringressservices".to_owned()),
        /// The private IPv4 address of Gateways' Services that ask for none.
        pub ip: Option<String> = None,
        /// How balancers that do not say it probe the nodes.
        pub health_probe_protocol: Option<ProbeProtocol> = None,
        /// What path they ask for. Azure heeds it only where the protocol is http or https.
        pub health_probe_path: Option<String> = None,
    }
}

admission::choice! {
    /// A protocol that Azure probes with.
    pub enum ProbeProtocol {
        /// A connection is enough.
        Tcp = "tcp",
        /// Asks for a path.
        Http = "http",
        /// Asks for a path, encrypted.
        Https = "https",
    }
}

admission::settings! {
    /// Options for AWS.
    pub struct Aws {
        /// Who makes the load balancers: the AWS Load Balancer Controller, or with `legacy` the cloud
        /// provider built into Kubernetes.
        pub controller: Controller = Controller::AwsLoadBalancerController,
        /// What balancers that do not say it send traffic to: `instance` for node ports, `ip` for pods.
        pub target_type: TargetType = TargetType::Instance,
    }
}

admission::choice! {
    /// Who makes AWS load balancers.
    pub enum Controller {
        /// The AWS Load Balancer Controller, which K8TRE installs.
        AwsLoadBalancerController = "aws-load-balancer-controller",
        /// The cloud provider's service controller.
        Legacy = "legacy",
    }
}

admission::choice! {
    /// What AWS load balancers send traffic to.
    pub enum TargetType {
        /// Nodes, at a node port.
        Instance = "instance",
        /// Pods.
        Ip = "ip",
    }
}

admission::settings! {
    /// Options for MetalLB. The pool is K8TRE's IPAddressPool on k3s.
    pub struct Metallb {
        /// The pool of internal addresses, which every balancer gets; `null` leaves the choice to MetalLB.
        pub address_pool: Option<String> = Some("default-pool".to_owned()),
        /// The addresses of Gateways' Services that ask for none.
        pub ips: Vec<String> = Vec::new(),
    }
}

admission::settings! {
    /// Options for Cilium's LB IPAM.
    pub struct Cilium {
        /// The addresses of Gateways' Services that ask for none.
        pub ips: Vec<String> = Vec::new(),
    }
}

admission::settings! {
    /// Options for Oracle's cloud.
    pub struct Oci {
        /// Whether balancers that do not say their type are network load balancers.
        pub nlb: bool = false,
    }
}

admission::settings! {
    /// Options for any other provider.
    pub struct Custom {
        /// The annotations that make a load balancer internal.
        pub annotations: BTreeMap<String, String> = BTreeMap::new(),
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
    fn options_of_others(&self) -> impl Iterator<Item = Provider> {
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
            .filter(|(vendor, set)| *set && *vendor != self.provider);
        others.map(|(vendor, _)| vendor)
    }
}

impl admission::Settings for Settings {
    fn findings(&self) -> Vec<String> {
        let mut findings = Findings::default();
        for other in self.options_of_others() {
            let (name, provider) = (other.name(), self.provider.name());
            let problem =
                format!("is for provider {name}, and `provider` is {provider}; remove it");
            findings.add(name, problem);
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
        if self.provider == Provider::Custom && self.custom.annotations.is_empty() {
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
