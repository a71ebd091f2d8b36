//! The settings of internal-load-balancer.

mod errors;

use admission::Map;

use crate::address::parse;

admission::settings! {
    /// Settings of internal-load-balancer. The defaults are right for K8TRE. `provider` has no default, since a
    /// wrong guess would leave load balancers public.
    pub struct Settings {
        /// The provider of the cluster's load balancers. A wrong one leaves them public.
        #[title = "Provider"]
        #[group = "Load balancers"]
        pub provider: Provider,
        /// The objects to check: with `gateways`, only Gateways and the Services that their controllers create.
        #[title = "Scope"]
        #[group = "Load balancers"]
        pub scope: Scope = Scope::AllLoadBalancers,
        /// Services, Gateways and Ingresses that are approved to be public. They are accepted.
        #[title = "Public"]
        #[group = "Load balancers"]
        pub public: Vec<Public> = Vec::new(),
        /// Addresses that only one namespace may request. Applies to every object.
        #[title = "Reserved addresses"]
        #[group = "Load balancers"]
        pub reserved_addresses: Vec<ReservedAddresses> = Vec::new(),
        /// For annotations that conflict with an internal load balancer: `overwrite` replaces their values and
        /// warns, `reject` rejects the object.
        #[title = "On conflict"]
        #[group = "Load balancers"]
        pub on_conflict: OnConflict = OnConflict::Overwrite,
        /// Load balancer classes of Services, besides the provider's own. Their Services get annotations only with
        /// the providers `metallb` and `custom`.
        #[title = "Allowed classes"]
        #[group = "Load balancers"]
        pub allowed_classes: Vec<String> = Vec::new(),
        /// Gateway classes without load balancers, such as K8TRE's on aws, where an ALB forwards to node ports. Their
        /// Gateways are accepted.
        #[title = "Node port classes"]
        #[group = "Gateways"]
        pub node_port_classes: Vec<String> = vec!["nodeport-gateway-class".to_owned()],
        /// The hostnames that ExternalDNS publishes for Services of Gateways, unless they set their own.
        #[title = "Hostnames"]
        #[group = "Gateways"]
        pub hostnames: Vec<String> = Vec::new(),
        /// The prefix of ExternalDNS annotations: `external-dns.kubernetes.io/` since version 0.22.
        #[title = "ExternalDNS prefix"]
        #[group = "Gateways"]
        pub external_dns_prefix: String = "external-dns.alpha.kubernetes.io/".to_owned(),
        /// Only for `azure`.
        #[title = "Azure"]
        #[group = "Azure"]
        pub azure: Azure = Azure::default(),
        /// Only for `aws`.
        #[title = "AWS"]
        #[group = "AWS"]
        pub aws: Aws = Aws::default(),
        /// Only for `metallb`.
        #[title = "MetalLB"]
        #[group = "MetalLB"]
        pub metallb: Metallb = Metallb::default(),
        /// Only for `cilium`.
        #[title = "Cilium"]
        #[group = "Cilium"]
        pub cilium: Cilium = Cilium::default(),
        /// Only for `oci`.
        #[title = "OCI"]
        #[group = "OCI"]
        pub oci: Oci = Oci::default(),
        /// Only for `custom`.
        #[title = "Custom"]
        #[group = "Custom"]
        pub custom: Custom = Custom::default(),
    }
}

admission::choice! {
    /// The provider of a cluster's load balancers.
    pub enum Provider {
        /// The cloud provider for Azure, as on AKS.
        Azure = "azure",
        /// The AWS Load Balancer Controller, or the legacy cloud provider.
        Aws = "aws",
        /// The cloud provider for Google Cloud, as on GKE.
        Gcp = "gcp",
        /// MetalLB.
        Metallb = "metallb",
        /// Cilium's LB IPAM.
        Cilium = "cilium",
        /// The cloud controller manager for OpenStack.
        Openstack = "openstack",
        /// The cloud controller manager for Oracle Cloud, as on OKE.
        Oci = "oci",
        /// The cloud controller manager for DigitalOcean.
        Digitalocean = "digitalocean",
        /// Any other provider, with annotations from the settings.
        Custom = "custom",
    }
}

admission::choice! {
    /// The objects to check.
    #[derive(Default)]
    pub enum Scope {
        /// Gateways and the Services that their controllers create.
        Gateways = "gateways",
        /// Gateways, Services and Ingresses.
        #[default]
        AllLoadBalancers = "allLoadBalancers",
    }
}

admission::choice! {
    /// How to handle annotations that conflict with an internal load balancer.
    #[derive(Default)]
    pub enum OnConflict {
        /// Replaces their values and warns.
        #[default]
        Overwrite = "overwrite",
        /// Rejects the object.
        Reject = "reject",
    }
}

admission::settings! {
    /// An object that is approved to be public.
    pub struct Public {
        /// The namespace.
        pub namespace: String,
        /// The full name of the object.
        pub name: String,
        /// Why the load balancer is public, and who approved it.
        pub reason: String,
    }
}

admission::settings! {
    /// The addresses of a namespace.
    pub struct ReservedAddresses {
        /// The namespace that may request them.
        pub namespace: String,
        /// The addresses of its Services and Gateways, such as `10.43.0.53`.
        pub addresses: Vec<String>,
    }
}

admission::settings! {
    /// Options for Azure. The default subnet is that of the azure overlay of K8TRE's `agnostics/gateway` tree.
    pub struct Azure {
        /// The subnet of load balancers, unless they set their own; `null` for the subnet of the cluster.
        pub subnet: Option<String> = Some("snet-clusteringressservices".to_owned()),
        /// The private IPv4 address of Services of Gateways, unless they set their own.
        pub ip: Option<String> = None,
        /// The protocol of health probes, unless set.
        pub health_probe_protocol: Option<ProbeProtocol> = None,
        /// The path of health probes. Azure ignores it unless the protocol is http or https.
        pub health_probe_path: Option<String> = None,
    }
}

admission::choice! {
    /// The protocol of Azure's health probes.
    pub enum ProbeProtocol {
        /// Opens a TCP connection.
        Tcp = "tcp",
        /// Sends an HTTP request.
        Http = "http",
        /// Sends an HTTPS request.
        Https = "https",
    }
}

admission::settings! {
    /// Options for AWS.
    pub struct Aws {
        /// The controller that creates load balancers: `legacy` is the in-tree cloud provider.
        pub controller: Controller = Controller::AwsLoadBalancerController,
        /// The target type, unless load balancers set their own: `instance` for node ports, `ip` for pods.
        pub target_type: TargetType = TargetType::Instance,
    }
}

admission::choice! {
    /// The controller that creates AWS load balancers.
    pub enum Controller {
        /// The AWS Load Balancer Controller, which K8TRE installs.
        AwsLoadBalancerController = "aws-load-balancer-controller",
        /// The cloud provider's service controller.
        Legacy = "legacy",
    }
}

admission::choice! {
    /// Where AWS load balancers send traffic.
    pub enum TargetType {
        /// Node ports.
        Instance = "instance",
        /// Pods.
        Ip = "ip",
    }
}

admission::settings! {
    /// Options for MetalLB. The default pool is K8TRE's IPAddressPool on k3s.
    pub struct Metallb {
        /// The pool of internal addresses for all load balancers; `null` lets MetalLB choose.
        pub address_pool: Option<String> = Some("default-pool".to_owned()),
        /// The addresses of Services of Gateways, unless they set their own.
        pub ips: Vec<String> = Vec::new(),
    }
}

admission::settings! {
    /// Options for Cilium's LB IPAM.
    pub struct Cilium {
        /// The addresses of Services of Gateways, unless they set their own.
        pub ips: Vec<String> = Vec::new(),
    }
}

admission::settings! {
    /// Options for Oracle Cloud.
    pub struct Oci {
        /// Whether they are network load balancers, unless they set their own type.
        pub nlb: bool = false,
    }
}

admission::settings! {
    /// Options for any other provider.
    pub struct Custom {
        /// The annotations that make a load balancer internal.
        pub annotations: Map<String> = Map::new(),
    }
}

impl Settings {
    /// Returns whether the AWS Load Balancer Controller creates the load balancers.
    pub(crate) fn has_aws_controller(&self) -> bool {
        self.provider == Provider::Aws
            && self.aws.controller == Controller::AwsLoadBalancerController
    }

    /// Returns why this object is approved to be public; `None` if it is not approved.
    pub(crate) fn public_reason(&self, namespace: &str, name: &str) -> Option<&str> {
        let mut public = self.public.iter();
        let found = public.find(|public| public.namespace == namespace && public.name == name);
        found.map(|public| public.reason.as_str())
    }

    /// Returns the first of `addresses`, separated by commas, that other namespaces than `namespace`
    /// have reserved, and one of these.
    pub(crate) fn reserved_in<'a>(
        &self,
        addresses: &'a str,
        namespace: &str,
    ) -> Option<(&'a str, &str)> {
        for address in addresses.split(',').map(str::trim) {
            let parsed = parse(address);
            let mut owner = None;
            for reserved in &self.reserved_addresses {
                for other in &reserved.addresses {
                    if parsed.is_some() && parse(other) == parsed && owner != Some(namespace) {
                        owner = Some(reserved.namespace.as_str());
                    }
                }
            }
            if let Some(owner) = owner.filter(|owner| *owner != namespace) {
                return Some((address, owner));
            }
        }
        None
    }
}
