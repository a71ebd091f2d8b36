//! **httproute-over-ingress**: what an HTTPRoute can say goes through the internal Gateway; NGINX stays for
//! what none can.
//!
//! The refusal of an Ingress carries the HTTPRoute to apply in its place, so the way out is a copy away.

mod date;
mod exemptions;
mod existing;
mod ingress;
mod message;
mod ports;
mod ruling;
mod settings;
mod solvers;
mod suggest;

pub use settings::{AcmeSolvers, Exemption, Existing, Gateway, Mode, Settings, Untranslatable};

use admission::{AdmissionRequest, Cluster, Malformed, Node, Verdict};

use exemptions::Exempt;
use ingress::Ingress;
use message::Message;
use ruling::Refusal;
use solvers::Solver;

/// The key of audit annotations.
const AUDIT: &str = "httproute-over-ingress";

admission::export!(Settings, evaluate, context - aware);

/// Judges one request. Anything but the creation of an Ingress, or a change of what it routes, passes.
///
/// # Errors
/// When a field that decides cannot be read.
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
        && existing::is_unchanged(&ingress, old)?
    {
        return Ok(Verdict::accept());
    }
    let mut remarks = Vec::new();
    match exemptions::find(settings, request, &ingress)? {
        Exempt::Yes(verdict) => return Ok(verdict),
        Exempt::No(ended) => remarks.extend(ended),
    }
    match solvers::find(settings, request, &ingress)? {
        Solver::Yes(verdict) => return Ok(verdict),
        Solver::No(why) => remarks.extend(why),
    }
    let ruling = ruling::rule(settings, request, &ingress, cluster)?;
    match ruling.refusal {
        None => return Ok(message::admitted(&ruling.translation)),
        // That is the sentence, if there are two.
        Some(Refusal::Class) => {}
        Some(_) => remarks.extend(ruling::contradiction(&ingress)),
    }
    let message = Message {
        ruling: &ruling,
        remarks: &remarks,
    };
    let passes = match &old {
        _ if settings.mode == Mode::Warn => true,
        Some(old) => settings.existing == Existing::Warn && !existing::adds(&ingress, old)?,
        None => false,
    };
    Ok(match passes {
        true => message.warnings(),
        false => message.rejection(),
    })
}

/// The Ingress of a request, in any version that charts have.
fn ingress_of<'a>(request: &AdmissionRequest<'a>) -> Result<Option<Node<'a>>, Malformed> {
    match request.object_of("networking.k8s.io", "Ingress")? {
        None => request.object_of("extensions", "Ingress"),
        object => Ok(object),
    }
}
