//! Exemptions: Ingresses that the policy accepts without checking them.

use std::borrow::Cow;

use admission::{AdmissionRequest, Finding, Malformed, Verdict, joined};

use crate::AUDIT;
use crate::date;
use crate::ingress::Ingress;
use crate::message::RETIRED;
use crate::settings::{Exemption, Settings};

admission::rule! {
    /// The exemption of the Ingress expires, or has expired.
    ///
    /// # What it checks
    /// An exemption in the settings can have a last day, `expires`. Until then, the policy accepts the Ingress
    /// and warns about that day; after it, the policy checks the Ingress like any other.
    ///
    /// # Why
    /// The team that owns the app must know when the exemption ends, before an update is rejected.
    ///
    /// # Example
    /// ```yaml
    /// # settings of httproute-over-ingress: {exemptions: [{namespace: backend, reason: a, expires: 2099-12-31}]}
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   ingressClassName: nginx
    ///   rules:
    ///   - host: portal.k8tre.internal
    ///     http:
    ///       paths:
    ///       - path: /
    ///         pathType: Prefix
    ///         backend: {service: {name: portal, port: {number: 80}}}
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   hostnames: [portal.k8tre.internal]
    ///   rules: [{backendRefs: [{name: portal, port: 80}]}]
    /// ```
    pub EXPIRING_EXEMPTION = "expiring-exemption";
}

/// Whether an Ingress is exempt.
pub(crate) enum Exempt {
    /// It is accepted.
    Yes(Verdict),
    /// It is checked; with a note if its exemption has expired.
    No(Option<Finding>),
}

/// Looks for an exemption that matches the Ingress.
///
/// # Errors
/// Returns an error if a field that an exemption matches has the wrong type.
pub(crate) fn find(
    settings: &Settings,
    request: &AdmissionRequest<'_>,
    ingress: &Ingress<'_>,
) -> Result<Exempt, Malformed> {
    let mut expired = None;
    for (index, exemption) in settings.exemptions.iter().enumerate() {
        if !matches(exemption, request, ingress)? {
            continue;
        }
        let mut verdict = Verdict::accept().audit(AUDIT, joined(&["exempt: ", &exemption.reason]));
        if settings.is_served_by_nginx(ingress) {
            verdict = verdict.remark(RETIRED);
        }
        let Some(expires) = &exemption.expires else {
            return Ok(Exempt::Yes(verdict));
        };
        if !is_expired(expires, ingress)? {
            let message = joined(&["exempt until ", expires, "; after that, the policy applies"]);
            let finding = EXPIRING_EXEMPTION.finding("metadata.name", message);
            return Ok(Exempt::Yes(verdict.warn(finding)));
        }
        let index = index.to_string();
        let parts = [
            "the exemption in setting `exemptions[",
            &index,
            "]` expired on ",
            expires,
        ];
        let message = joined(&parts);
        expired = Some(EXPIRING_EXEMPTION.finding("metadata.name", message));
    }
    Ok(Exempt::No(expired))
}

fn matches(
    exemption: &Exemption,
    request: &AdmissionRequest<'_>,
    ingress: &Ingress<'_>,
) -> Result<bool, Malformed> {
    let name = exemption.name.as_deref();
    if exemption.namespace != request.namespace || name.is_some_and(|name| name != request.name) {
        return Ok(false);
    }
    if let Some(class) = exemption.ingress_class.as_deref() {
        // An Ingress with two contradictory classes matches neither.
        let mut classes = ingress.class.names();
        if (classes.next(), classes.next()) != (Some(class), None) {
            return Ok(false);
        }
    }
    match &exemption.backend_service {
        Some(service) => uses_only(service, ingress),
        None => Ok(true),
    }
}

/// Whether there are backends and all of them are the Service.
fn uses_only(service: &str, ingress: &Ingress<'_>) -> Result<bool, Malformed> {
    let mut any = false;
    for entry in ingress.entries()? {
        if entry.backend.is_some() {
            if entry.service()?.as_deref() != Some(service) {
                return Ok(false);
            }
            any = true;
        }
    }
    Ok(any)
}

/// Whether the day `expires` is before a date that the API server wrote into the object: its creation, which is
/// today for a new object, or its last change (docs/adr/0008). A manifest has no such date.
fn is_expired(expires: &str, ingress: &Ingress<'_>) -> Result<bool, Malformed> {
    let Some(metadata) = &ingress.metadata else {
        return Ok(false);
    };
    let is_later = |time: Option<Cow<'_, str>>| {
        let time = time.unwrap_or_default();
        date::date_of(&time).is_some_and(|day| day > expires)
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
