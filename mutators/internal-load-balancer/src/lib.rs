//! **internal-load-balancer**: the load balancers of Services and Gateways are internal before they
//! exist, whatever the vendor.
//!
//! Only annotations are touched: a Gateway's controller owns the spec of the Service it makes, and merges
//! the annotations.

mod address;
mod plan;
mod settings;
mod subject;
mod vendor;

pub use settings::{
    Aws, Azure, Cilium, Controller, Custom, Metallb, Oci, OnConflict, ProbeProtocol, Provider,
    Public, Scope, Settings, TargetType,
};

use admission::{AdmissionRequest, Cluster, Malformed, Verdict};

use plan::Plan;
use subject::Subject;

admission::export!(Settings, evaluate);

/// Judges one request. Anything but the creation or update of a Service of type LoadBalancer or a
/// Gateway passes.
///
/// # Errors
/// When a field that decides about the load balancer cannot be read.
pub fn evaluate(
    settings: &Settings,
    request: &AdmissionRequest<'_>,
    _cluster: &dyn Cluster,
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
    let subject = match (service, gateway) {
        (Some(service), _) => Subject::service(settings, request, service)?,
        (_, Some(gateway)) => Subject::gateway(settings, request, gateway)?,
        _ => None,
    };
    match subject {
        Some(subject) => Plan::new(settings, &subject)?.verdict(),
        None => Ok(Verdict::accept()),
    }
}
