//! cert-manager's solvers of HTTP01 challenges: short-lived Ingresses for one path.
//!
//! Anyone can set their label, so the policy also checks the requesting user, the owner, the path and the
//! annotations. Source: cert-manager's `pkg/issuer/acme/http/ingress.go`.

use admission::{AdmissionRequest, Finding, Malformed, Object, Verdict, joined};
use ingress2route::{Handling, PREFIX, annotation, other_controller, split_once};

use crate::AUDIT;
use crate::ingress::Ingress;
use crate::message::RETIRED;
use crate::settings::Settings;

const LABEL: &str = "acme.cert-manager.io/http01-solver";
const GROUP: &str = "acme.cert-manager.io/";
const PATH: &str = "/.well-known/acme-challenge/";

/// The annotation that cert-manager itself sets, to a range that allows every client.
const ALLOWED_ANNOTATION: &str = "whitelist-source-range";

admission::rule! {
    /// The Ingress has the label of an ACME solver, but is not one.
    ///
    /// # What it checks
    /// With the setting `acmeSolvers`, the policy accepts the Ingresses by which cert-manager solves HTTP01
    /// challenges. The request must be from cert-manager's service account, a Challenge must own the Ingress,
    /// it must route the path of one challenge on one host, and its annotations must not change that.
    ///
    /// # Why
    /// Anyone can set the label, and the template of an Issuer can add annotations. The label alone would be a
    /// way around every other rule.
    ///
    /// # Example
    /// ```yaml
    /// # settings of httproute-over-ingress: {acmeSolvers: {}, mode: warn}
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata:
    ///   name: portal
    ///   namespace: backend
    ///   labels: {acme.cert-manager.io/http01-solver: "true"}
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
    pub ACME_SOLVER = "acme-solver";
}

/// Whether an Ingress is a solver.
pub(crate) enum Solver {
    /// It is accepted.
    Yes(Verdict),
    /// It is checked; with a note if it has the label of a solver.
    No(Option<Finding>),
}

/// Checks whether an Ingress with the label of a solver really is one.
///
/// # Errors
/// Returns an error if a field that the decision depends on has the wrong type.
pub(crate) fn find(
    settings: &Settings,
    request: &AdmissionRequest<'_>,
    ingress: &Ingress<'_>,
) -> Result<Solver, Malformed> {
    let (Some(acme), Some(metadata)) = (&settings.acme_solvers, &ingress.metadata) else {
        return Ok(Solver::No(None));
    };
    let label = match metadata.object("labels")? {
        Some(labels) => labels.string(LABEL)?,
        None => None,
    };
    if label.as_deref() != Some("true") {
        return Ok(Solver::No(None));
    }
    let user = request.username()?.unwrap_or_default();
    let user = user
        .strip_prefix("system:serviceaccount:")
        .unwrap_or_default();
    let account = split_once(&acme.service_account, b'/');
    let reason = if account.is_none() || split_once(user, b':') != account {
        "the request is not from cert-manager's service account"
    } else if !is_owned(metadata)? {
        "no Challenge owns it"
    } else if !is_one_challenge(ingress)? {
        "it does not route exactly the path of one challenge"
    } else if !has_only_harmless_annotations(ingress) {
        "its annotations request more than a solver needs"
    } else {
        let mut verdict = Verdict::accept().audit(AUDIT, "exempt: ACME challenge solver");
        if settings.is_served_by_nginx(ingress) {
            verdict = verdict.remark(RETIRED);
        }
        return Ok(Solver::Yes(verdict));
    };
    let path = joined(&["metadata.labels[", LABEL, "]"]);
    let message = joined(&["not accepted as an ACME solver: ", reason]);
    Ok(Solver::No(Some(
        ACME_SOLVER.finding(path.as_str(), message),
    )))
}

fn is_owned(metadata: &Object<'_>) -> Result<bool, Malformed> {
    for owner in metadata.array("ownerReferences")?.unwrap_or_default() {
        let owner = owner.object()?;
        let version = owner.string("apiVersion")?.unwrap_or_default();
        if version.starts_with(GROUP) && owner.string("kind")?.as_deref() == Some("Challenge") {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether it routes only the path of one challenge on one host. A token is base64url (RFC 8555, section 8.3),
/// so the path cannot be a regular expression.
fn is_one_challenge(ingress: &Ingress<'_>) -> Result<bool, Malformed> {
    let entries = ingress.entries()?;
    let [entry] = entries.as_slice() else {
        return Ok(false);
    };
    let Some((_, path)) = entry.host.zip(entry.path) else {
        return Ok(false);
    };
    let path = path.string()?;
    let token = path.strip_prefix(PATH).unwrap_or_default();
    let is_token_byte = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    Ok(!token.is_empty() && token.bytes().all(is_token_byte))
}

/// Whether its annotations change neither the allowed clients nor the routing. The template of an Issuer can
/// set any annotation, and its author is not cert-manager.
fn has_only_harmless_annotations(ingress: &Ingress<'_>) -> bool {
    ingress.annotations().all(|(key, _)| {
        let (prefix, _) = split_once(key, b'/').unwrap_or((key, ""));
        match key.strip_prefix(PREFIX) {
            Some(name) if name == ALLOWED_ANNOTATION => true,
            Some(name) => annotation(name).is_some_and(|known| {
                matches!(known.handling, Handling::BuiltIn | Handling::Ignored)
            }),
            None => other_controller(prefix).is_none(),
        }
    })
}
