//! What each vendor's load balancers read: annotations of a Service of type LoadBalancer.
//!
//! Sources: the annotation pages of cloud-provider-azure, the AWS Load Balancer Controller and
//! cloud-provider-aws, GKE, MetalLB, Cilium (LB IPAM), cloud-provider-openstack, OKE and DigitalOcean's
//! cloud controller manager.

use std::borrow::Cow;

use admission::Malformed;

use crate::settings::{Controller, ProbeProtocol, Provider, Settings};
use crate::subject::Annotations;

const AZURE_INTERNAL: &str = "service.beta.kubernetes.io/azure-load-balancer-internal";
const AZURE_SUBNET: &str = "service.beta.kubernetes.io/azure-load-balancer-internal-subnet";
const AZURE_IP: &str = "service.beta.kubernetes.io/azure-load-balancer-ipv4";
const AZURE_PROBE_PROTOCOL: &str =
    "service.beta.kubernetes.io/azure-load-balancer-health-probe-protocol";
const AZURE_PROBE_PATH: &str =
    "service.beta.kubernetes.io/azure-load-balancer-health-probe-request-path";
const AWS_SCHEME: &str = "service.beta.kubernetes.io/aws-load-balancer-scheme";
const AWS_INTERNAL: &str = "service.beta.kubernetes.io/aws-load-balancer-internal";
/// Who makes the balancer. Must not change once the Service exists, or two controllers look after it.
pub(crate) const AWS_TYPE: &str = "service.beta.kubernetes.io/aws-load-balancer-type";
const AWS_TARGET_TYPE: &str = "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type";
const GCP_TYPE: &str = "networking.gke.io/load-balancer-type";
const GCP_TYPE_BEFORE: &str = "cloud.google.com/load-balancer-type";
const METALLB_POOL: &str = "metallb.io/address-pool";
const METALLB_IPS: &str = "metallb.io/loadBalancerIPs";
const CILIUM_IPS: &str = "lbipam.cilium.io/ips";
const CILIUM_IPS_BEFORE: &str = "io.cilium/lb-ipam-ips";
const OPENSTACK_INTERNAL: &str = "service.beta.kubernetes.io/openstack-internal-load-balancer";
const OCI_INTERNAL: &str = "service.beta.kubernetes.io/oci-load-balancer-internal";
const OCI_NLB_INTERNAL: &str = "oci-network-load-balancer.oraclecloud.com/internal";
const OCI_TYPE: &str = "oci.oraclecloud.com/load-balancer-type";
const DIGITALOCEAN_NETWORK: &str = "service.beta.kubernetes.io/do-loadbalancer-network";

/// The networks that may connect, on any vendor.
pub(crate) const SOURCE_RANGES: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";

/// MetalLB's deprecated keys and those that replace them.
pub(crate) const METALLB_DEPRECATED: [(&str, &str); 3] = [
    ("metallb.universe.tf/address-pool", METALLB_POOL),
    ("metallb.universe.tf/loadBalancerIPs", METALLB_IPS),
    (
        "metallb.universe.tf/allow-shared-ip",
        "metallb.io/allow-shared-ip",
    ),
];

/// Annotations that ask for addresses, parted by commas.
pub(crate) const ADDRESSES: [&str; 4] = [AZURE_IP, METALLB_IPS, CILIUM_IPS, CILIUM_IPS_BEFORE];

/// An annotation that one vendor reads and no other.
pub(crate) struct Known {
    pub(crate) vendor: Provider,
    pub(crate) key: &'static str,
    /// The only value that makes a balancer internal; `None` where the value says nothing of that.
    pub(crate) internal: Option<&'static str>,
}

/// The annotations by which a Service chooses between public and internal, or its vendor.
pub(crate) const KNOWN: [Known; 15] = [
    known(Provider::Azure, AZURE_INTERNAL, Some("true")),
    known(Provider::Aws, AWS_SCHEME, Some("internal")),
    known(Provider::Aws, AWS_INTERNAL, Some("true")),
    known(Provider::Aws, AWS_TYPE, None),
    known(Provider::Gcp, GCP_TYPE, Some("Internal")),
    known(Provider::Gcp, GCP_TYPE_BEFORE, Some("Internal")),
    known(Provider::Metallb, METALLB_POOL, None),
    known(Provider::Metallb, METALLB_IPS, None),
    known(Provider::Cilium, CILIUM_IPS, None),
    known(Provider::Cilium, CILIUM_IPS_BEFORE, None),
    known(Provider::Openstack, OPENSTACK_INTERNAL, Some("true")),
    known(Provider::Oci, OCI_INTERNAL, Some("true")),
    known(Provider::Oci, OCI_NLB_INTERNAL, Some("true")),
    known(Provider::Oci, OCI_TYPE, None),
    known(
        Provider::Digitalocean,
        DIGITALOCEAN_NETWORK,
        Some("INTERNAL"),
    ),
];

const fn known(vendor: Provider, key: &'static str, internal: Option<&'static str>) -> Known {
    Known {
        vendor,
        key,
        internal,
    }
}

/// An annotation that a load balancer is to have.
pub(crate) struct Wanted<'a> {
    pub(crate) key: Cow<'a, str>,
    pub(crate) value: Cow<'a, str>,
    /// Whether any other value contradicts; else it is for those that have none.
    pub(crate) must: bool,
}

/// The provider's whole set for one balancer. [`AWS_TYPE`] is in it only where `is_new`, and address and
/// host names only where the balancer is a Gateway's.
///
/// # Errors
/// When an annotation that decides is no string.
pub(crate) fn wanted<'a>(
    settings: &'a Settings,
    annotations: &Annotations<'_>,
    of_gateway: bool,
    is_new: bool,
) -> Result<Vec<Wanted<'a>>, Malformed> {
    let mut set = Set(Vec::new());
    match settings.provider {
        Provider::Azure => {
            let azure = &settings.azure;
            set.must(AZURE_INTERNAL, "true");
            set.may(AZURE_SUBNET, azure.subnet.as_deref());
            set.may(AZURE_IP, azure.ip.as_deref().filter(|_| of_gateway));
            let protocol = azure.health_probe_protocol.map(ProbeProtocol::name);
            set.may(AZURE_PROBE_PROTOCOL, protocol);
            set.may(AZURE_PROBE_PATH, azure.health_probe_path.as_deref());
        }
        Provider::Aws => {
            let (internal, value, kind) = match settings.aws.controller {
                Controller::AwsLoadBalancerController => (AWS_SCHEME, "internal", "external"),
                Controller::Legacy => (AWS_INTERNAL, "true", "nlb"),
            };
            set.must(internal, value);
            if is_new {
                set.must(AWS_TYPE, kind);
                let target = settings.aws.target_type.name();
                // The cloud provider before the controller knows node ports alone.
                set.may(AWS_TARGET_TYPE, Some(target).filter(|_| kind == "external"));
            }
        }
        Provider::Gcp => set.must(GCP_TYPE, "Internal"),
        Provider::Metallb => {
            let metallb = &settings.metallb;
            if let Some(pool) = &metallb.address_pool {
                set.must(METALLB_POOL, pool.as_str());
            }
            set.list(METALLB_IPS, &metallb.ips, of_gateway);
        }
        Provider::Cilium => set.list(CILIUM_IPS, &settings.cilium.ips, of_gateway),
        Provider::Openstack => set.must(OPENSTACK_INTERNAL, "true"),
        Provider::Oci => {
            // The two types read keys of their own; which of them it is, is the Service's to say.
            let nlb = match annotations.get(OCI_TYPE)? {
                Some(kind) => kind == "nlb",
                None => settings.oci.nlb,
            };
            set.may(OCI_TYPE, Some("nlb").filter(|_| nlb));
            set.must(if nlb { OCI_NLB_INTERNAL } else { OCI_INTERNAL }, "true");
        }
        Provider::Digitalocean => set.must(DIGITALOCEAN_NETWORK, "INTERNAL"),
        Provider::Custom => {
            for (key, value) in settings.custom.annotations.iter() {
                set.must(key, value.as_str());
            }
        }
    }
    let hostname = format!("{}hostname", settings.external_dns_prefix);
    set.list(hostname, &settings.hostnames, of_gateway);
    Ok(set.0)
}

struct Set<'a>(Vec<Wanted<'a>>);

impl<'a> Set<'a> {
    fn must(&mut self, key: impl Into<Cow<'a, str>>, value: impl Into<Cow<'a, str>>) {
        self.push(key.into(), value.into(), true);
    }

    fn may(&mut self, key: &'static str, value: Option<&'a str>) {
        if let Some(value) = value {
            self.push(key.into(), value.into(), false);
        }
    }

    fn list(&mut self, key: impl Into<Cow<'a, str>>, values: &[String], of_gateway: bool) {
        if of_gateway && !values.is_empty() {
            self.push(key.into(), values.join(",").into(), false);
        }
    }

    /// The first of two for one key counts: `custom.annotations` may hold the host names too.
    fn push(&mut self, key: Cow<'a, str>, value: Cow<'a, str>, must: bool) {
        if self.0.iter().all(|other| other.key != key) {
            self.0.push(Wanted { key, value, must });
        }
    }
}

/// What the vendor does with a balancer that has an address and becomes internal. `by_controller` is
/// whether the AWS Load Balancer Controller made it.
pub(crate) fn on_switch(
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
            _ => "aws leaves a load balancer made before as it is; create the Service anew",
        },
        Provider::Gcp => "gcp may keep the public address; create the Service anew",
        Provider::Oci => "oci keeps the load balancer public; create the Service anew",
        Provider::Digitalocean => {
            "digitalocean keeps the load balancer public; create the Service anew"
        }
        Provider::Openstack => "openstack takes the floating IP away, so the address changes",
        Provider::Metallb => "metallb gives an address of the pool, so the address may change",
        Provider::Cilium | Provider::Custom => "the address of the load balancer may change",
    }
}

/// Whether a `loadBalancerClass` makes the balancer public, whatever the annotations say (GKE).
pub(crate) fn is_public_class(class: &str) -> bool {
    class.starts_with("networking.gke.io/l4-regional-external")
}

/// Whether the provider reads its annotations on a Service of this `loadBalancerClass`. The service
/// controllers of most clouds leave Services that have one; a class of MetalLB is what its
/// installation says.
pub(crate) fn reads_class(provider: Provider, class: &str) -> bool {
    match provider {
        Provider::Aws => is_controllers_class(class),
        Provider::Gcp => class.starts_with("networking.gke.io/l4-regional-"),
        Provider::Cilium => class.starts_with("io.cilium/"),
        Provider::Metallb | Provider::Custom => true,
        Provider::Azure | Provider::Openstack | Provider::Oci | Provider::Digitalocean => false,
    }
}

/// Whether the AWS Load Balancer Controller, or EKS in its place, takes Services of this class.
pub(crate) fn is_controllers_class(class: &str) -> bool {
    ["service.k8s.aws/nlb", "eks.amazonaws.com/nlb"].contains(&class)
}
