//! **httproute-attachment**: routes attach to the internal Gateway alone and lead to Services of their own
//! namespace.
//!
//! K8TRE sends every app to HTTPRoutes, so whatever an Ingress could do wrong, a route can. The policy
//! hostname-ownership checks which hostnames a route claims.

mod backends;
mod filters;
mod judge;
mod kinds;
mod parents;
mod rule;
mod settings;

pub use rule::Rule;
pub use settings::{Backends, Exemption, Gateway, Settings};

use admission::{AdmissionRequest, Cluster, Findings, Malformed, Node, Object, Verdict};

use judge::Judge;

/// The API group of Gateway API, and that of its experiments.
const GROUP: &str = "gateway.networking.k8s.io";
const EXPERIMENTAL_GROUP: &str = "gateway.networking.x-k8s.io";

admission::export!(Settings, evaluate);

/// Judges one request. Anything but the creation of an object of Gateway API, or a change of its spec,
/// passes.
///
/// # Errors
/// When a field that decides cannot be read.
pub fn evaluate(
    settings: &Settings,
    request: &AdmissionRequest<'_>,
    _: &dyn Cluster,
) -> Result<Verdict, Malformed> {
    let Some(object) = gateway_object(request)? else {
        return Ok(Verdict::accept());
    };
    let root = object.object()?;
    if is_unchanged(&root, request)? {
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
        findings: Findings::new(&settings.disabled_rules),
    };
    judge.route(&root)?;
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

/// Whether an update leaves the spec as it is: metadata alone, such as a finalizer, or what was admitted
/// under other settings. The API server writes old and new object alike. An object that waits for its
/// finalizers is checked as any other, since it routes until it is gone.
fn is_unchanged(object: &Object<'_>, request: &AdmissionRequest<'_>) -> Result<bool, Malformed> {
    let Some(old) = request.stored()? else {
        return Ok(false);
    };
    let (old, new) = (old.object()?.get("spec")?, object.get("spec")?);
    Ok(old.map(Node::text) == new.map(Node::text))
}
