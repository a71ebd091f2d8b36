//! **hostname-ownership**: a namespace publishes only the hostnames that are delegated to it.
//!
//! ExternalDNS and kare-dns publish every hostname that the Gateway accepts, and of two routes with a
//! hostname the older one wins, so a stray route is a DNS takeover.
//!
//! [`published`] reads from an object what it publishes, kind by kind; the other modules check that,
//! whatever the kind.

mod conflicts;
mod hostnames;
mod published;
mod rule;
mod settings;

pub use rule::Rule;
pub use settings::{Delegation, Exemption, Settings};

use admission::{AdmissionRequest, Cluster, Findings, Malformed, Object, Verdict};

use published::{KINDS, Published};

/// The API group of Gateway API.
const GROUP: &str = "gateway.networking.k8s.io";

admission::export!(Settings, evaluate, context - aware);

/// Checks one request. Anything but the creation of a route, or a change of its spec or of an annotation
/// that publishes hostnames, passes.
///
/// # Errors
/// When a field that decides cannot be read.
pub fn evaluate(
    settings: &Settings,
    request: &AdmissionRequest<'_>,
    cluster: &dyn Cluster,
) -> Result<Verdict, Malformed> {
    let kind = request.kind.kind.as_ref();
    if !KINDS.contains(&kind) {
        return Ok(Verdict::accept());
    }
    let Some(object) = request.object_of(GROUP, kind)? else {
        return Ok(Verdict::accept());
    };
    let root = object.object()?;
    if is_unchanged(settings, &root, request)? {
        return Ok(Verdict::accept());
    }
    let namespace = request.namespace.as_ref();
    if settings.exempts(namespace, &request.name) {
        return Ok(Verdict::accept().audit("hostname-ownership", "exempt"));
    }
    let published = Published::of_route(settings, &root)?;
    let mut findings = Findings::new(&settings.disabled_rules);
    hostnames::check(settings, namespace, &published, &mut findings);
    // A look-up costs more than everything before it.
    if findings.is_empty() && findings.is_on(Rule::TakenHostnames) {
        conflicts::check(&published.hostnames, namespace, cluster, &mut findings);
    }
    Ok(findings.verdict())
}

/// Whether an update changes other metadata alone, such as a finalizer, so that what was admitted under
/// other settings keeps working. The whole spec counts, not only the hostnames: other parents, for one,
/// publish them elsewhere. The API server writes old and new object alike. An object that waits for its
/// finalizers is checked as any other, since its hostnames are published until it is gone.
fn is_unchanged(
    settings: &Settings,
    object: &Object<'_>,
    request: &AdmissionRequest<'_>,
) -> Result<bool, Malformed> {
    match request.old_object()? {
        Some(old) => Ok(deciding(settings, object)? == deciding(settings, &old.object()?)?),
        None => Ok(false),
    }
}

/// The keys and texts of what decides.
fn deciding<'a>(
    settings: &'a Settings,
    object: &Object<'a>,
) -> Result<Vec<(&'a str, &'a str)>, Malformed> {
    let spec = object.get("spec")?.map(|spec| ("spec", spec));
    let annotations = published::annotations(settings, object)?;
    let parts = spec.into_iter().chain(annotations);
    Ok(parts.map(|(key, node)| (key, node.text())).collect())
}
