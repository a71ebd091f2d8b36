//! The annotations that each vendor reads from a Service of type LoadBalancer.
//!
//! Sources: the annotation pages of cloud-provider-azure, the AWS Load Balancer Controller and
//! cloud-provider-aws, GKE, MetalLB, Cilium (LB IPAM), cloud-provider-openstack, OKE and DigitalOcean's
//! cloud controller manager.

use std::borrow::Cow;

use admission::Malformed;

use crate::load_balancer::Annotations;
use crate::settings::{Controller, ProbeProtocol, Provider, Settings};

const AZURE_INTERNAL: &str = "service.beta.kubernetes.io/azure-load-balancer-internal";
const AZURE_SUBNET: &str = "service.beta.kubernetes.io/azure-load-balancer-internal-subnet";
const AZURE_IP: &str = "service.beta.kubernetes.io/azure-load-balancer-ipv4";
const AZURE_PROBE_PROTOCOL: &str =
    "service.beta.kubernetes.io/azure-load-balancer-health-probe-protocol";
const AZURE_PROBE_PATH: &str =
    "service.beta.kubernetes.io/azure-load-balancer-health-probe-request-path";
const AWS_SCHEME: &str = "service.beta.kubernetes.io/aws-load-balancer-scheme";
const AWS_INTERNAL: &str = "service.beta.kubernetes.io/aws-load-balancer-internal";
/// Selects the controller of the load balancer. It must not change on an existing Service, or two controllers
/// would manage it.
pub(crate) const AWS_TYPE: &str = "service.beta.kubernetes.io/aws-load-balancer-type";
const AWS_TARGET_TYPE: &str = "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type";
const GCP_TYPE: &str = "networking.gke.io/load-balancer-type";
const GCP_TYPE_OLD: &str = "cloud.google.com/load-balancer-type";
const METALLB_POOL: &str = "metallb.io/address-pool";
const METALLB_IPS: &str = "metallb.io/loadBalancerIPs";
const CILIUM_IPS: &str = "lbipam.cilium.io/ips";
const CILIUM_IPS_OLD: &str = "io.cilium/lb-ipam-ips";
const OPENSTACK_INTERNAL: &str = "service.beta.kubernetes.io/openstack-internal-load-balancer";
const OCI_INTERNAL: &str = "service.beta.kubernetes.io/oci-load-balancer-internal";
const OCI_NLB_INTERNAL: &str = "oci-network-load-balancer.oraclecloud.com/internal";
const OCI_TYPE: &str = "oci.oraclecloud.com/load-balancer-type";
const DIGITALOCEAN_NETWORK: &str = "service.beta.kubernetes.io/do-loadbalancer-network";

/// The networks that may connect, for any vendor.
pub(crate) const SOURCE_RANGES: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";

/// MetalLB's deprecated keys and their replacements.
pub(crate) const METALLB_DEPRECATED: [(&str, &str); 3] = [
    ("metallb.universe.tf/address-pool", METALLB_POOL),
    ("metallb.universe.tf/loadBalancerIPs", METALLB_IPS),
    (
        "metallb.universe.tf/allow-shared-ip",
        "metallb.io/allow-shared-ip",
    ),
];

/// Annotations with comma-separated addresses.
pub(crate) const ADDRESSES: [&str; 4] = [AZURE_IP, METALLB_IPS, CILIUM_IPS, CILIUM_IPS_OLD];

/// An annotation that only one vendor reads.
pub(crate) struct VendorAnnotation {
    pub(crate) vendor: Provider,
    pub(crate) key: &'static str,
    /// The only value that makes a load balancer internal; `None` if no value does.
    pub(crate) internal: Option<&'static str>,
}

/// The annotations that make a Service public or internal, or select its vendor.
pub(crate) const VENDOR_ANNOTATIONS: [VendorAnnotation; 15] = [
    annotation(Provider::Azure, AZURE_INTERNAL, Some("true")),
    annotation(Provider::Aws, AWS_SCHEME, Some("internal")),
    annotation(Provider::Aws, AWS_INTERNAL, Some("true")),
    annotation(Provider::Aws, AWS_TYPE, None),
    annotation(Provider::Gcp, GCP_TYPE, Some("Internal")),
    annotation(Provider::Gcp, GCP_TYPE_OLD, Some("Internal")),
    annotation(Provider::Metallb, METALLB_POOL, None),
    annotation(Provider::Metallb, METALLB_IPS, None),
    annotation(Provider::Cilium, CILIUM_IPS, None),
    annotation(Provider::Cilium, CILIUM_IPS_OLD, None),
    annotation(Provider::Openstack, OPENSTACK_INTERNAL, Some("true")),
    annotation(Provider::Oci, OCI_INTERNAL, Some("true")),
    annotation(Provider::Oci, OCI_NLB_INTERNAL, Some("true")),
    annotation(Provider::Oci, OCI_TYPE, None),
    annotation(
        Provider::Digitalocean,
        DIGITALOCEAN_NETWORK,
        Some("INTERNAL"),
    ),
];

const fn annotation(
    vendor: Provider,
    key: &'static str,
    internal: Option<&'static str>,
) -> VendorAnnotation {
    VendorAnnotation {
        vendor,
        key,
        internal,
    }
}

/// An annotation for an internal load balancer.
pub(crate) struct Annotation<'a> {
    pub(crate) key: Cow<'a, str>,
    pub(crate) value: Cow<'a, str>,
    /// Whether the annotation must have this value. If not, the value is a default.
    pub(crate) is_required: bool,
}

/// Returns the annotations of the provider for an internal load balancer. [`AWS_TYPE`] is among them only if
/// `is_new`, addresses and hostnames only if `is_for_gateway`.
///
/// # Errors
/// Returns an error if an annotation that the set depends on is not a string.
pub(crate) fn internal_annotations<'a>(
    settings: &'a Settings,
    annotations: &Annotations<'_>,
    is_for_gateway: bool,
    is_new: bool,
) -> Result<Vec<Annotation<'a>>, Malformed> {
    let mut set = Set(Vec::new());
    match settings.provider {
        Provider::Azure => {
            let azure = &settings.azure;
            set.require(AZURE_INTERNAL, "true");
            set.default(AZURE_SUBNET, azure.subnet.as_deref());
            set.default(AZURE_IP, azure.ip.as_deref().filter(|_| is_for_gateway));
            let protocol = azure.health_probe_protocol.map(ProbeProtocol::name);
            set.default(AZURE_PROBE_PROTOCOL, protocol);
            set.default(AZURE_PROBE_PATH, azure.health_probe_path.as_deref());
        }
        Provider::Aws => {
            let (internal, value, kind) = match settings.aws.controller {
                Controller::AwsLoadBalancerController => (AWS_SCHEME, "internal", "external"),
                Controller::Legacy => (AWS_INTERNAL, "true", "nlb"),
            };
            set.require(internal, value);
            if is_new {
                set.require(AWS_TYPE, kind);
                let target = settings.aws.target_type.name();
                // The legacy cloud provider only supports node ports.
                set.default(AWS_TARGET_TYPE, Some(target).filter(|_| kind == "external"));
            }
        }
        Provider::Gcp => set.require(GCP_TYPE, "Internal"),
        Provider::Metallb => {
            let metallb = &settings.metallb;
            if let Some(pool) = &metallb.address_pool {
                set.require(METALLB_POOL, pool.as_str());
            }
            set.default_list(METALLB_IPS, &metallb.ips, is_for_gateway);
        }
        Provider::Cilium => set.default_list(CILIUM_IPS, &settings.cilium.ips, is_for_gateway),
        Provider::Openstack => set.require(OPENSTACK_INTERNAL, "true"),
        Provider::Oci => {
            // Load balancers and network load balancers read different keys. The Service selects the type.
            let nlb = match annotations.get(OCI_TYPE)? {
                Some(kind) => kind == "nlb",
                None => settings.oci.nlb,
            };
            set.default(OCI_TYPE, Some("nlb").filter(|_| nlb));
            set.require(if nlb { OCI_NLB_INTERNAL } else { OCI_INTERNAL }, "true");
        }
        Provider::Digitalocean => set.require(DIGITALOCEAN_NETWORK, "INTERNAL"),
        Provider::Custom => {
            for (key, value) in settings.custom.annotations.iter() {
                set.require(key, value.as_str());
            }
        }
    }
    let hostname = format!("{}hostname", settings.external_dns_prefix);
    set.default_list(hostname, &settings.hostnames, is_for_gateway);
    Ok(set.0)
}

struct Set<'a>(Vec<Annotation<'a>>);

impl<'a> Set<'a> {
    fn require(&mut self, key: impl Into<Cow<'a, str>>, value: impl Into<Cow<'a, str>>) {
        self.push(key.into(), value.into(), true);
    }

    fn default(&mut self, key: &'static str, value: Option<&'a str>) {
        if let Some(value) = value {
            self.push(key.into(), value.into(), false);
        }
    }

    fn default_list(
        &mut self,
        key: impl Into<Cow<'a, str>>,
        values: &[String],
        is_for_gateway: bool,
    ) {
        if is_for_gateway && !values.is_empty() {
            self.push(key.into(), values.join(",").into(), false);
        }
    }

    /// Adds an annotation unless the key is there already: `custom.annotations` may contain the hostnames too.
    fn push(&mut self, key: Cow<'a, str>, value: Cow<'a, str>, is_required: bool) {
        if self.0.iter().all(|other| other.key != key) {
            self.0.push(Annotation {
                key,
                value,
                is_required,
            });
        }
    }
}

/// Returns what the vendor does with a load balancer that has an address and becomes internal. `by_controller`
/// is whether the AWS Load Balancer Controller created it.
pub(crate) fn effect_of_switch(
    settings: &Settings,
    provider: Provider,
    by_controller: bool,
) -> &'static str {
    match provider {
        Provider::Azure => {
            "azure moves the load balancer to an internal address, so its address changes"
        }
        Provider::Aws => match settings.aws.controller {
            Controller::AwsLoadBalancerController if by_controller => {
                "aws replaces the load balancer, so its name and addresses change"
            }
            _ => "aws does not change an existing load balancer; recreate the Service",
        },
        Provider::Gcp => "gcp may keep the public address; recreate the Service",
        Provider::Oci => "oci keeps the load balancer public; recreate the Service",
        Provider::Digitalocean => {
            "digitalocean keeps the load balancer public; recreate the Service"
        }
        Provider::Openstack => "openstack removes the floating IP, so the address changes",
        Provider::Metallb => "metallb assigns an address from the pool, so the address may change",
        Provider::Cilium | Provider::Custom => "the address of the load balancer may change",
    }
}

/// Returns whether a `loadBalancerClass` makes the load balancer public regardless of annotations (GKE).
pub(crate) fn is_public_class(class: &str) -> bool {
    class.starts_with("networking.gke.io/l4-regional-external")
}

/// Returns whether the provider reads its annotations on a Service of this `loadBalancerClass`. The service
/// controllers of most clouds ignore Services with a class. The class of MetalLB is set at installation.
pub(crate) fn supports_class(provider: Provider, class: &str) -> bool {
    match provider {
        Provider::Aws => is_aws_controller_class(class),
        Provider::Gcp => class.starts_with("networking.gke.io/l4-regional-"),
        Provider::Cilium => class.starts_with("io.cilium/"),
        Provider::Metallb | Provider::Custom => true,
        Provider::Azure | Provider::Openstack | Provider::Oci | Provider::Digitalocean => false,
    }
}

/// Returns whether the AWS Load Balancer Controller, or its counterpart in EKS, manages Services of this class.
pub(crate) fn is_aws_controller_class(class: &str) -> bool {
    ["service.k8s.aws/nlb", "eks.amazonaws.com/nlb"].contains(&class)
}
