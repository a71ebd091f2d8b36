//! **internal-load-balancer**: makes the load balancers of Services and Gateways internal when they are
//! created, on every vendor.
//!
//! The policy only changes annotations: the controller of a Gateway owns the spec of the Service that it
//! creates, and merges the annotations.

mod address;
mod annotations;
mod load_balancer;
mod plan;
mod settings;
mod spec;
mod switch;
mod vendor;

pub use settings::{
    Aws, Azure, Cilium, Controller, Custom, Metallb, Oci, OnConflict, ProbeProtocol, Provider,
    Public, Scope, Settings, TargetType,
};

use admission::{AdmissionRequest, Cluster, Malformed, Rule, Verdict};

use load_balancer::LoadBalancer;
use plan::Plan;

admission::export!(Settings, evaluate);

/// The rules of this policy.
pub const RULES: &[Rule] = &[
    annotations::MISSING_INTERNAL_ANNOTATIONS,
    annotations::CONFLICTING_ANNOTATION,
    annotations::OTHER_VENDOR_ANNOTATION,
    annotations::DEPRECATED_METALLB_ANNOTATION,
    annotations::GATEWAY_ANNOTATION_LIMIT,
    annotations::AWS_TYPE_CHANGED,
    switch::SWITCH_TO_INTERNAL,
    spec::PUBLIC_LOAD_BALANCER_CLASS,
    spec::UNKNOWN_LOAD_BALANCER_CLASS,
    spec::OPEN_SOURCE_RANGES,
    spec::PUBLIC_ADDRESS,
];

/// Evaluates one request. Accepts everything except the creation or update of a Gateway or of a Service of type
/// LoadBalancer.
///
/// # Errors
/// Returns an error if a field that the verdict depends on cannot be read.
pub fn evaluate(
    settings: &Settings,
    request: &AdmissionRequest<'_>,
    _: &dyn Cluster,
) -> Result<Verdict, Malformed> {
    let service = request.object_of("", "Service")?;
    let gateway = request.object_of("gateway.networking.k8s.io", "Gateway")?;
    if service.or(gateway).is_none() {
        return Ok(Verdict::accept());
    }
    if let Some(reason) = settings.public_reason(&request.namespace, &request.name) {
        let approved = format!("public: {reason}");
        return Ok(Verdict::accept().audit("internal-load-balancer", approved));
    }
    let load_balancer = match (service, gateway) {
        (Some(service), _) => LoadBalancer::of_service(settings, request, service)?,
        (_, Some(gateway)) => LoadBalancer::of_gateway(settings, request, gateway)?,
        _ => None,
    };
    match load_balancer {
        Some(load_balancer) => Plan::new(settings, &load_balancer)?.verdict(),
        None => Ok(Verdict::accept()),
    }
}
