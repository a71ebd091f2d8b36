//! **internal-load-balancer**: makes the load balancers of Services, Gateways and Ingresses internal when they
//! are created, on every vendor.
//!
//! The policy only changes annotations: the controller of a Gateway owns the spec of the Service that it
//! creates, and merges the annotations.

mod address;
mod annotations;
mod load_balancer;
mod plan;
mod reserved;
mod settings;
mod spec;
mod switch;
mod vendor;

pub use settings::{
    Aws, Azure, Cilium, Controller, Custom, Metallb, Oci, OnConflict, ProbeProtocol, Provider,
    Public, Scope, Settings, TargetType,
};

use admission::{AdmissionRequest, Cluster, Malformed, Rule, Verdict};

use load_balancer::{Kind, LoadBalancer};
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
    annotations::SUBNET_NOT_ADDED,
    switch::SWITCH_TO_INTERNAL,
    spec::PUBLIC_LOAD_BALANCER_CLASS,
    spec::UNKNOWN_LOAD_BALANCER_CLASS,
    spec::OPEN_SOURCE_RANGES,
    spec::PUBLIC_ADDRESS,
    spec::EXTERNAL_IPS,
    reserved::RESERVED_ADDRESSES,
];

/// Evaluates one request. Accepts everything except the creation or update of a Service, Gateway or Ingress.
///
/// # Errors
/// Returns an error if a field that the verdict depends on cannot be read.
pub fn evaluate(
    settings: &Settings,
    request: &AdmissionRequest<'_>,
    _: &dyn Cluster,
) -> Result<Verdict, Malformed> {
    for (group, name, kind) in [
        ("", "Service", Kind::Service),
        ("gateway.networking.k8s.io", "Gateway", Kind::Gateway),
        ("networking.k8s.io", "Ingress", Kind::Ingress),
    ] {
        let Some(object) = request.object_of(group, name)? else {
            continue;
        };
        if let Some(finding) = reserved::check(settings, request, object)? {
            return Ok(Verdict::reject(finding));
        }
        if let Some(reason) = settings.public_reason(&request.namespace, &request.name) {
            let approved = format!("public: {reason}");
            return Ok(Verdict::accept().audit("internal-load-balancer", approved));
        }
        if let Some(load_balancer) = LoadBalancer::read(kind, settings, request, object)? {
            return Plan::new(settings, &request.namespace, &load_balancer)?.verdict();
        }
    }
    Ok(Verdict::accept())
}
