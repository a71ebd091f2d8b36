//! The settings of internal-load-balancer.

mod errors;

use admission::Map;

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
        pub annotations: Map<String> = Map::new(),
    }
}

impl Settings {
    /// Why this object is approved to be public, if it is.
    pub(crate) fn public_reason(&self, namespace: &str, name: &str) -> Option<&str> {
        let mut public = self.public.iter();
        let found = public.find(|public| public.namespace == namespace && public.name == name);
        found.map(|public| public.reason.as_str())
    }
}
