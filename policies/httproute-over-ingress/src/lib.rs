//! **httproute-over-ingress**: rejects Ingresses that can be expressed as an HTTPRoute on the internal Gateway.
//! ingress-nginx stays for those that cannot.
//!
//! The rejection contains the HTTPRoute to apply instead.

mod date;
mod decision;
mod exemptions;
mod ingress;
mod message;
mod ports;
mod reported;
mod settings;
mod siblings;
mod solvers;
mod suggest;
mod updates;

pub use settings::{
    AcmeSolvers, Exemption, Existing, Gateway, GatewayVersion, Implementation, Mode, Settings,
    Untranslatable,
};

use admission::{AdmissionRequest, Cluster, Malformed, Node, Rule, Verdict};

use decision::RejectionReason;
use exemptions::Exempt;
use ingress::Ingress;
use message::Message;
use solvers::Solver;

/// The key of the audit annotation.
const AUDIT: &str = "httproute-over-ingress";

admission::export!(Settings, evaluate, context - aware);

/// The rules of this policy.
pub const RULES: &[Rule] = &[
    decision::TRANSLATABLE_INGRESS,
    decision::REQUIRES_INGRESS_NGINX,
    decision::INGRESS_CLASS,
    decision::CONTRADICTORY_CLASSES,
    suggest::UNKNOWN_ANNOTATION,
    message::OTHER_CONTROLLER_ANNOTATION,
    message::INCOMPLETE_ROUTE,
    exemptions::EXPIRING_EXEMPTION,
    solvers::ACME_SOLVER,
];

/// Evaluates one request. Accepts everything except the creation of an Ingress or a change of its routing.
///
/// # Errors
/// Returns an error if a field that the decision depends on cannot be read.
pub fn evaluate(
    settings: &Settings,
    request: &AdmissionRequest<'_>,
    cluster: &dyn Cluster,
) -> Result<Verdict, Malformed> {
    let Some(object) = ingress_of(request)? else {
        return Ok(Verdict::accept());
    };
    let ingress = Ingress::read(object)?;
    let old = request.old_object()?.map(Ingress::read).transpose()?;
    if let Some(old) = &old
        && updates::is_unchanged(&ingress, old)?
    {
        return Ok(Verdict::accept());
    }
    let mut notes = Vec::new();
    match exemptions::find(settings, request, &ingress)? {
        Exempt::Yes(verdict) => return Ok(verdict),
        Exempt::No(expired) => notes.extend(expired),
    }
    match solvers::find(settings, request, &ingress)? {
        Solver::Yes(verdict) => return Ok(verdict),
        Solver::No(reason) => notes.extend(reason),
    }
    let decision = decision::decide(settings, request, &ingress, cluster)?;
    match decision.reason {
        None => return Ok(message::requires_nginx(&decision.translation)),
        // The finding already says so.
        Some(RejectionReason::Class) => {}
        Some(_) => notes.extend(decision::contradiction(&ingress)),
    }
    let addition = match &old {
        Some(old) if settings.existing == Existing::Warn => updates::addition(&ingress, old)?,
        _ => None,
    };
    let only_warn = settings.mode == Mode::Warn
        || settings.existing == Existing::Warn && old.is_some() && addition.is_none();
    let message = Message {
        decision,
        notes,
        addition,
        is_retired: settings.is_served_by_nginx(&ingress),
    };
    Ok(match only_warn {
        true => message.warnings(),
        false => message.rejection(),
    })
}

/// Returns the Ingress of a request, in any API version.
fn ingress_of<'a>(request: &AdmissionRequest<'a>) -> Result<Option<Node<'a>>, Malformed> {
    match request.object_of("networking.k8s.io", "Ingress")? {
        None => request.object_of("extensions", "Ingress"),
        object => Ok(object),
    }
}
