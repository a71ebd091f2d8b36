//! The annotations and classes that each vendor reads.
//!
//! Sources: cloud-provider-azure (`pkg/consts/consts.go`), the AWS Load Balancer Controller
//! (`pkg/annotations/constants.go`), cloud-provider-aws (`pkg/providers/v1/aws.go`), cloud-provider-gcp
//! (`providers/gce/gce_annotations.go`), cloud-provider-openstack (`pkg/openstack/loadbalancer.go`),
//! oci-cloud-controller-manager (`pkg/cloudprovider/providers/oci/load_balancer_spec.go`),
//! digitalocean-cloud-controller-manager (`cloud-controller-manager/do/lb_annotations.go`), MetalLB and Cilium
//! (LB IPAM).

use std::borrow::Cow;

use admission::Malformed;

use crate::load_balancer::{Kind, LoadBalancer};
use crate::settings::{Controller, ProbeProtocol, Provider, Settings};

const AZURE_INTERNAL: &str = "service.beta.kubernetes.io/azure-load-balancer-internal";
pub(crate) const AZURE_SUBNET: &str =
    "service.beta.kubernetes.io/azure-load-balancer-internal-subnet";
pub(crate) const AZURE_IP: &str = "service.beta.kubernetes.io/azure-load-balancer-ipv4";
pub(crate) const AZURE_IPV6: &str = "service.beta.kubernetes.io/azure-load-balancer-ipv6";
const AZURE_PROBE_PROTOCOL: &str =
    "service.beta.kubernetes.io/azure-load-balancer-health-probe-protocol";
const AZURE_PROBE_PATH: &str =
    "service.beta.kubernetes.io/azure-load-balancer-health-probe-request-path";
const AWS_SCHEME: &str = "service.beta.kubernetes.io/aws-load-balancer-scheme";
const AWS_INTERNAL: &str = "service.beta.kubernetes.io/aws-load-balancer-internal";
/// Selects the controller of the load balancer. It must not change on an existing Service, or two controllers
/// would manage it.
pub(crate) const AWS_TYPE: &str = "service.beta.kubernetes.io/aws-load-balancer-type";
pub(crate) const AWS_TARGET_TYPE: &str =
    "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type";
/// The deprecated value of [`AWS_TYPE`] for IP targets. It overrides [`AWS_TARGET_TYPE`] (`buildTargetType` in
/// the controller's `pkg/service/model_build_target_group.go`).
pub(crate) const AWS_NLB_IP: &str = "nlb-ip";
/// The prefix of the annotations of an Ingress for an ALB.
pub(crate) const ALB_PREFIX: &str = "alb.ingress.kubernetes.io/";
const ALB_SCHEME: &str = "alb.ingress.kubernetes.io/scheme";
const ALB_FRONTEND_NLB: &str = "alb.ingress.kubernetes.io/enable-frontend-nlb";
const ALB_FRONTEND_NLB_SCHEME: &str = "alb.ingress.kubernetes.io/frontend-nlb-scheme";
/// The class of an Ingress, in place of the field.
pub(crate) const INGRESS_CLASS: &str = "kubernetes.io/ingress.class";
const GCP_TYPE: &str = "networking.gke.io/load-balancer-type";
const GCP_TYPE_OLD: &str = "cloud.google.com/load-balancer-type";
const METALLB_POOL: &str = "metallb.io/address-pool";
const METALLB_IPS: &str = "metallb.io/loadBalancerIPs";
const METALLB_IPS_OLD: &str = "metallb.universe.tf/loadBalancerIPs";
const CILIUM_IPS: &str = "lbipam.cilium.io/ips";
const CILIUM_IPS_OLD: &str = "io.cilium/lb-ipam-ips";
const OPENSTACK_INTERNAL: &str = "service.beta.kubernetes.io/openstack-internal-load-balancer";
const OCI_INTERNAL: &str = "service.beta.kubernetes.io/oci-load-balancer-internal";
const OCI_NLB_INTERNAL: &str = "oci-network-load-balancer.oraclecloud.com/internal";
const OCI_TYPE: &str = "oci.oraclecloud.com/load-balancer-type";
const DIGITALOCEAN_NETWORK: &str = "service.beta.kubernetes.io/do-loadbalancer-network";

/// Annotations with the networks that may connect: for any vendor, and IP ranges and service tags for Azure
/// (`NewAccessControl` in `pkg/provider/loadbalancer/accesscontrol.go`).
pub(crate) const SOURCE_RANGES: [&str; 3] = [
    "service.beta.kubernetes.io/load-balancer-source-ranges",
    "service.beta.kubernetes.io/azure-allowed-ip-ranges",
    "service.beta.kubernetes.io/azure-allowed-service-tags",
];

/// MetalLB's deprecated keys and their replacements.
pub(crate) const METALLB_DEPRECATED: [(&str, &str); 3] = [
    ("metallb.universe.tf/address-pool", METALLB_POOL),
    (METALLB_IPS_OLD, METALLB_IPS),
    (
        "metallb.universe.tf/allow-shared-ip",
        "metallb.io/allow-shared-ip",
    ),
];

/// Fields and annotations that request addresses, separated by commas. MetalLB still reads the deprecated one
/// (`getDesiredLbIPs` in `controller/service.go`). Those for NLBs on AWS and OCI are missing: two load balancers
/// cannot share an address there.
pub(crate) const REQUESTS: [&str; 8] = [
    "clusterIP",
    "loadBalancerIP",
    AZURE_IP,
    AZURE_IPV6,
    METALLB_IPS,
    METALLB_IPS_OLD,
    CILIUM_IPS,
    CILIUM_IPS_OLD,
];

/// An annotation that only one vendor reads: the vendor, the key and the internal values.
type VendorAnnotation = (Provider, &'static str, Internal);

/// The values of an annotation that an internal load balancer can have.
#[derive(Clone, Copy)]
pub(crate) enum Internal {
    /// Only this value.
    Only(&'static str),
    /// None: the annotation opens the load balancer to others.
    Absent,
    /// Attributes that do not admit traffic of internet gateways.
    Attributes,
    /// Every value.
    Any,
}

/// The annotations that make a load balancer public or internal, or select its vendor.
///
/// - An internal NLB cannot have Elastic IP addresses (`buildLoadBalancerSubnetMappings` in
///   `pkg/service/model_build_load_balancer.go` of the AWS Load Balancer Controller).
/// - kube-proxy on Azure serves `additional-public-ips`, even of an internal load balancer
///   (`getServiceLoadBalancerStatus` in `pkg/provider/azure_loadbalancer.go`). Names of public IP addresses have
///   no effect on an internal one (`isFrontendIPChanged`).
/// - A private link service with `visibility` or `auto-approval` is open to other subscriptions, `*` for all
///   (`reconcilePLSVisibility` in `pkg/provider/azure_privatelinkservice.go`).
/// - One Ingress sets the scheme for all Ingresses of its group (`buildLoadBalancerScheme` in
///   `pkg/ingress/model_build_load_balancer.go`). An NLB in front of the ALB has a scheme of its own
///   (`pkg/ingress/model_build_frontend_nlb.go`).
pub(crate) static VENDOR_ANNOTATIONS: [VendorAnnotation; 25] = [
    (Provider::Azure, AZURE_INTERNAL, Internal::Only("true")),
    (
        Provider::Azure,
        "service.beta.kubernetes.io/azure-additional-public-ips",
        Internal::Absent,
    ),
    (
        Provider::Azure,
        "service.beta.kubernetes.io/azure-pls-visibility",
        Internal::Absent,
    ),
    (
        Provider::Azure,
        "service.beta.kubernetes.io/azure-pls-auto-approval",
        Internal::Absent,
    ),
    (Provider::Aws, AWS_SCHEME, Internal::Only("internal")),
    (Provider::Aws, AWS_INTERNAL, Internal::Only("true")),
    (Provider::Aws, AWS_TYPE, Internal::Any),
    (
        Provider::Aws,
        "service.beta.kubernetes.io/aws-load-balancer-eip-allocations",
        Internal::Absent,
    ),
    (
        Provider::Aws,
        "service.beta.kubernetes.io/aws-load-balancer-attributes",
        Internal::Attributes,
    ),
    (Provider::Aws, ALB_SCHEME, Internal::Only("internal")),
    (
        Provider::Aws,
        "alb.ingress.kubernetes.io/load-balancer-attributes",
        Internal::Attributes,
    ),
    (
        Provider::Aws,
        ALB_FRONTEND_NLB_SCHEME,
        Internal::Only("internal"),
    ),
    (
        Provider::Aws,
        "alb.ingress.kubernetes.io/frontend-nlb-eip-allocations",
        Internal::Absent,
    ),
    (
        Provider::Aws,
        "alb.ingress.kubernetes.io/frontend-nlb-attributes",
        Internal::Attributes,
    ),
    (Provider::Gcp, GCP_TYPE, Internal::Only("Internal")),
    (Provider::Gcp, GCP_TYPE_OLD, Internal::Only("Internal")),
    (Provider::Metallb, METALLB_POOL, Internal::Any),
    (Provider::Metallb, METALLB_IPS, Internal::Any),
    (Provider::Cilium, CILIUM_IPS, Internal::Any),
    (Provider::Cilium, CILIUM_IPS_OLD, Internal::Any),
    (
        Provider::Openstack,
        OPENSTACK_INTERNAL,
        Internal::Only("true"),
    ),
    (Provider::Oci, OCI_INTERNAL, Internal::Only("true")),
    (Provider::Oci, OCI_NLB_INTERNAL, Internal::Only("true")),
    (Provider::Oci, OCI_TYPE, Internal::Any),
    (
        Provider::Digitalocean,
        DIGITALOCEAN_NETWORK,
        Internal::Only("INTERNAL"),
    ),
];

/// Returns whether load balancer attributes admit traffic of internet gateways. AWS denies it to internal load
/// balancers unless they set `ipv6.deny_all_igw_traffic` to `false`. Backslashes escape any character
/// (`splitKeyValuePairs` in `pkg/annotations/parser.go` of the AWS Load Balancer Controller).
pub(crate) fn admits_internet_gateways(attributes: &str) -> bool {
    let is_kept = |byte: &u8| *byte != b'\\' && !byte.is_ascii_whitespace();
    let text: Vec<u8> = attributes.bytes().filter(is_kept).collect();
    (0..text.len()).any(|at| {
        let rest = text.get(at..).unwrap_or_default();
        let value = rest.strip_prefix(b"ipv6.deny_all_igw_traffic");
        value.is_some_and(|value| !value.starts_with(b"=true"))
    })
}

/// An annotation for an internal load balancer.
pub(crate) struct Annotation<'a> {
    pub(crate) key: Cow<'a, str>,
    pub(crate) value: Cow<'a, str>,
    /// Whether the annotation must have this value. If not, the value is a default.
    pub(crate) is_required: bool,
}

/// Returns the annotations of the provider for an internal load balancer. [`AWS_TYPE`] is among them only for
/// a new load balancer, addresses and hostnames only for Gateways and their Services.
///
/// # Errors
/// Returns an error if an annotation that the set depends on is not a string.
pub(crate) fn internal_annotations<'a>(
    settings: &'a Settings,
    load_balancer: &LoadBalancer<'_>,
) -> Result<Vec<Annotation<'a>>, Malformed> {
    let mut set = Set(Vec::new());
    let annotations = &load_balancer.annotations;
    let is_for_gateway = load_balancer.is_for_gateway;
    if load_balancer.kind == Kind::Ingress {
        // Without a scheme, the ALB has that of its group or the controller's default.
        if settings.has_aws_controller() && load_balancer.is_alb()? {
            set.require(ALB_SCHEME, "internal");
            // The NLB in front of the ALB does not have its scheme (`model_build_frontend_nlb.go`).
            if annotations.get(ALB_FRONTEND_NLB)?.is_some() {
                set.require(ALB_FRONTEND_NLB_SCHEME, "internal");
            }
        }
        return Ok(set.0);
    }
    match settings.provider {
        Provider::Azure => {
            let azure = &settings.azure;
            set.require(AZURE_INTERNAL, "true");
            let has_own_address = load_balancer.azure_address()?.is_some();
            for (key, value) in [(AZURE_SUBNET, &azure.subnet), (AZURE_IP, &azure.ip)] {
                let value = value
                    .as_deref()
                    .filter(|_| key == AZURE_SUBNET || is_for_gateway);
                // The frontend moves to another address when its subnet or address changes
                // (`isFrontendIPChanged` in pkg/provider/azure_loadbalancer.go).
                let is_placed = match &load_balancer.old {
                    Some(old) => old.annotations.get(key)?.as_deref() == value,
                    None => !has_own_address,
                };
                set.default(key, value.filter(|_| is_placed));
            }
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
            let is_nlb_ip = annotations
                .get(AWS_TYPE)?
                .is_some_and(|it| it == AWS_NLB_IP);
            let keeps_type = is_nlb_ip && settings.has_aws_controller();
            if load_balancer.old.is_none() && !keeps_type {
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
                Some(kind) => kind.eq_ignore_ascii_case("nlb"),
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

/// Returns whether load balancers of a class are public regardless of annotations: GKE's classes for Services
/// and Gateways, and Azure's Application Gateway for Containers, which has no private frontends.
pub(crate) fn is_public_class(class: &str) -> bool {
    let prefixes = [
        "azure-alb-external",
        "gke-l7-global-external",
        "gke-l7-gxlb",
        "gke-l7-regional-external",
        "networking.gke.io/l4-regional-external",
    ];
    prefixes.iter().any(|prefix| class.starts_with(prefix))
}

/// Returns the `loadBalancerClass`es with which a controller of the provider reads the provider's annotations.
///
/// The service controllers of the other clouds ignore Services with a class. MetalLB has the class of its flag
/// `--lb-class`. Cilium's `io.cilium/node` is missing, since it prefers public addresses of nodes
/// (`operator/pkg/nodeipam`).
pub(crate) fn own_classes(provider: Provider) -> &'static [&'static str] {
    match provider {
        Provider::Aws => &["service.k8s.aws/nlb", "eks.amazonaws.com/nlb"],
        Provider::Gcp => &[
            "networking.gke.io/l4-regional-internal",
            "networking.gke.io/l4-regional-internal-legacy",
        ],
        Provider::Cilium => &["io.cilium/bgp-control-plane", "io.cilium/l2-announcer"],
        _ => &[],
    }
}
