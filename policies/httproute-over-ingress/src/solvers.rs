//! cert-manager's solvers of HTTP01 challenges: Ingresses of a few minutes for one path.
//!
//! Their label is anyone's to write, so it is asked who makes the Ingress, whose it is and what it routes.
//! Source: cert-manager's `pkg/issuer/acme/http/ingress.go`.

use admission::{AdmissionRequest, Malformed, Object, Verdict};
use ingress2route::{Handling, PREFIX, annotation, other_controller};

use crate::AUDIT;
use crate::ingress::Ingress;
use crate::settings::Settings;

const LABEL: &str = "acme.cert-manager.io/http01-solver";
const GROUP: &str = "acme.cert-manager.io/";
const PATH: &str = "/.well-known/acme-challenge/";

/// The one that cert-manager itself writes, which lets everybody in.
const OPEN: &str = "whitelist-source-range";

/// Whether an Ingress is a solver.
pub(crate) enum Solver {
    /// It passes.
    Yes(Verdict),
    /// It is judged; a remark where it claims to be one.
    No(Option<String>),
}

/// Holds an Ingress that says it is a solver to everything that a solver is.
///
/// # Errors
/// When a part that decides has the wrong type.
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
    let account = acme.service_account.replace('/', ":");
    let user = request.username()?.unwrap_or_default();
    let why = if user.strip_prefix("system:serviceaccount:") != Some(&account) {
        "another than cert-manager's service account asks for it"
    } else if !is_owned(metadata)? {
        "no Challenge owns it"
    } else if !is_one_challenge(ingress)? {
        "it routes other than the path of one challenge"
    } else if !is_plain(ingress) {
        "its annotations ask for more than a solver needs"
    } else {
        let verdict = Verdict::accept().audit(AUDIT, "exempt: solver of an ACME challenge");
        return Ok(Solver::Yes(verdict));
    };
    Ok(Solver::No(Some(format!(
        "metadata.labels[{LABEL}]: not taken for a solver, since {why}"
    ))))
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

/// Whether it routes the path of one challenge on one host, and nothing else. A token is base64url (RFC
/// 8555, section 8.3), so no path with one is an expression.
fn is_one_challenge(ingress: &Ingress<'_>) -> Result<bool, Malformed> {
    let places = ingress.places()?;
    let [place] = places.as_slice() else {
        return Ok(false);
    };
    let Some((_, path)) = place.host.zip(place.path) else {
        return Ok(false);
    };
    let path = path.string()?;
    let token = path.strip_prefix(PATH).unwrap_or_default();
    let of_token = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    Ok(!token.is_empty() && token.bytes().all(of_token))
}

/// Whether its annotations change nothing about whom it lets in and where to: the template of an Issuer
/// can write any, and is not cert-manager's.
fn is_plain(ingress: &Ingress<'_>) -> bool {
    ingress.annotations().all(|(key, _)| {
        let prefix = key.split('/').next().unwrap_or_default();
        match key.strip_prefix(PREFIX) {
            Some(name) if name == OPEN => true,
            Some(name) => annotation(name).is_some_and(|known| {
                matches!(known.handling, Handling::BuiltIn | Handling::Ignored)
            }),
            None => other_controller(prefix).is_none(),
        }
    })
}
