//! **httproute-attachment**: routes attach to the internal Gateway alone, claim the hosts that are their
//! namespace's, and lead to its own Services.
//!
//! K8TRE sends every app to HTTPRoutes, and kare-dns publishes every hostname that the Gateway accepts, so
//! a stray route is a DNS takeover.

mod backends;
mod filters;
mod findings;
mod hostnames;
mod judge;
mod kinds;
mod parents;
mod rule;
mod settings;
mod taken;

pub use rule::Rule;
pub use settings::{Backends, Delegation, Exemption, Gateway, Settings};

use admission::{AdmissionRequest, Cluster, Malformed, Node, Object, Verdict};

use findings::Findings;
use judge::Judge;

/// The API group of Gateway API, and that of its experiments.
const GROUP: &str = "gateway.networking.k8s.io";
const EXPERIMENTAL_GROUP: &str = "gateway.networking.x-k8s.io";

admission::export!(Settings, evaluate, context - aware);

/// Judges one request. Anything but the creation of an object of Gateway API, or a change of what decides
/// about it, passes.
///
/// # Errors
/// When a field that decides cannot be read.
pub fn evaluate(
    settings: &Settings,
    request: &AdmissionRequest<'_>,
    cluster: &dyn Cluster,
) -> Result<Verdict, Malformed> {
    let Some(object) = gateway_object(request)? else {
        return Ok(Verdict::accept());
    };
    let root = object.object()?;
    if is_unchanged(settings, &root, request)? {
        return Ok(Verdict::accept());
    }
    let kind = request.kind.kind.as_ref();
    let namespace = request.namespace.as_ref();
    if !matches!(kind, "HTTPRoute" | "GRPCRoute") {
        return Ok(kinds::judge(settings, kind, namespace));
    }
    if settings.exempts(namespace, &request.name) {
        return Ok(Verdict::accept().audit("httproute-attachment", "exempt"));
    }
    let mut judge = Judge {
        settings,
        namespace,
        findings: Findings::new(settings),
    };
    judge.route(&root, cluster)?;
    Ok(judge.findings.verdict())
}

/// The object of a request about a kind that is judged.
fn gateway_object<'a>(request: &AdmissionRequest<'a>) -> Result<Option<Node<'a>>, Malformed> {
    let kind = request.kind.kind.as_ref();
    match request.object_of(GROUP, kind)? {
        None => request.object_of(EXPERIMENTAL_GROUP, kind),
        object => Ok(object),
    }
}

/// Whether an update leaves what decides as it is: other metadata alone, such as a finalizer, or what was
/// admitted under other settings. The API server writes old and new object alike. An object that waits for
/// its finalizers is judged as any other, since it routes until it is gone.
fn is_unchanged(
    settings: &Settings,
    object: &Object<'_>,
    request: &AdmissionRequest<'_>,
) -> Result<bool, Malformed> {
    match request.stored()? {
        Some(old) => Ok(deciding(settings, object)? == deciding(settings, &old.object()?)?),
        None => Ok(false),
    }
}

/// What decides: the keys and texts of it.
fn deciding<'a>(
    settings: &'a Settings,
    object: &Object<'a>,
) -> Result<Vec<(&'a str, &'a str)>, Malformed> {
    let spec = object.get("spec")?.map(|spec| ("spec", spec));
    let annotations = judge::annotations(settings, object)?;
    let parts = spec.into_iter().chain(annotations);
    Ok(parts.map(|(key, node)| (key, node.text())).collect())
}
