//! Ingresses that are not judged.

use std::borrow::Cow;

use admission::{AdmissionRequest, Malformed, Verdict, joined};

use crate::AUDIT;
use crate::date;
use crate::ingress::Ingress;
use crate::settings::{Exemption, Settings};

/// What the exemptions say of an Ingress.
pub(crate) enum Exempt {
    /// It passes.
    Yes(Verdict),
    /// It is judged; a remark where its exemption has ended.
    No(Option<String>),
}

/// Looks for an exemption all of which holds.
///
/// # Errors
/// When a part of the Ingress that one goes by has the wrong type.
pub(crate) fn find(
    settings: &Settings,
    request: &AdmissionRequest<'_>,
    ingress: &Ingress<'_>,
) -> Result<Exempt, Malformed> {
    let mut ended = None;
    for (index, exemption) in settings.exemptions.iter().enumerate() {
        if !holds(exemption, request, ingress)? {
            continue;
        }
        let verdict = Verdict::accept().audit(AUDIT, joined(&["exempt: ", &exemption.reason]));
        let Some(expires) = &exemption.expires else {
            return Ok(Exempt::Yes(verdict));
        };
        if !has_ended(expires, ingress)? {
            let warning =
                format!("metadata.name: exempt until {expires} alone, then judged as any other");
            return Ok(Exempt::Yes(verdict.warn(warning)));
        }
        ended = Some(format!(
            "setting `exemptions[{index}]` would let it pass, but ended on {expires}"
        ));
    }
    Ok(Exempt::No(ended))
}

fn holds(
    exemption: &Exemption,
    request: &AdmissionRequest<'_>,
    ingress: &Ingress<'_>,
) -> Result<bool, Malformed> {
    let name = exemption.name.as_deref();
    if exemption.namespace != request.namespace || name.is_some_and(|name| name != request.name) {
        return Ok(false);
    }
    if let Some(class) = exemption.ingress_class.as_deref() {
        // One that says two classes has neither.
        let mut classes = ingress.class.names();
        if (classes.next(), classes.next()) != (Some(class), None) {
            return Ok(false);
        }
    }
    match &exemption.backend_service {
        Some(service) => leads_to(service, ingress),
        None => Ok(true),
    }
}

/// Whether every backend is the Service, and there is one.
fn leads_to(service: &str, ingress: &Ingress<'_>) -> Result<bool, Malformed> {
    let mut any = false;
    for place in ingress.places()? {
        if place.backend.is_some() {
            if place.service()?.as_deref() != Some(service) {
                return Ok(false);
            }
            any = true;
        }
    }
    Ok(any)
}

/// Whether the day `expires` lies before one that the API server has written into the object: that of its
/// creation, which is today for a new one, or of a change (docs/adr/0008). A manifest has none.
fn has_ended(expires: &str, ingress: &Ingress<'_>) -> Result<bool, Malformed> {
    let Some(metadata) = &ingress.metadata else {
        return Ok(false);
    };
    let is_later = |time: Option<Cow<'_, str>>| {
        let time = time.unwrap_or_default();
        date::day_of(&time).is_some_and(|day| day > expires)
    };
    if is_later(metadata.string("creationTimestamp")?) {
        return Ok(true);
    }
    for entry in metadata.array("managedFields")?.unwrap_or_default() {
        if is_later(entry.object()?.string("time")?) {
            return Ok(true);
        }
    }
    Ok(false)
}
