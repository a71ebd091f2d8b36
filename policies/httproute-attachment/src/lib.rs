//! **httproute-attachment**: routes attach only to the internal Gateway and send traffic only to Services of
//! their own namespace.
//!
//! K8TRE replaces Ingresses with HTTPRoutes, so a route can cause every problem that an Ingress could. The
//! policy hostname-ownership checks the hostnames that a route claims.

mod backends;
mod configuration;
mod filters;
mod kinds;
mod parents;
mod route;
mod settings;

pub use settings::{Backends, Gateway, Settings};

use admission::{
    AdmissionRequest, Cluster, Findings, Malformed, Node, Object, Rule, RuleSet, Verdict,
};

use route::RouteChecker;

/// The API group of Gateway API, and that of its experimental kinds.
const GROUP: &str = "gateway.networking.k8s.io";
const EXPERIMENTAL_GROUP: &str = "gateway.networking.x-k8s.io";

admission::export!(Settings, evaluate);

/// The rules of this policy.
pub const RULES: &[Rule] = &[
    parents::PARENTS,
    parents::PARENT_PORTS,
    parents::SECTION_NAMES,
    parents::DEFAULT_GATEWAYS,
    backends::BACKEND_KINDS,
    backends::BACKEND_NAMESPACES,
    backends::BACKENDS,
    filters::EXTENSION_REFS,
    filters::EXTERNAL_AUTH,
    filters::UNKNOWN_FILTERS,
    filters::FILTER_HOSTNAMES,
    filters::CORS_ORIGINS,
    filters::IDENTITY_HEADERS,
    filters::FILTER_HEADERS,
    filters::HEADER_VALUES,
    configuration::GATEWAY_CONFIGURATION,
    route::UNKNOWN_FIELDS,
    kinds::TRAFFIC_KINDS,
];

impl RuleSet for Settings {
    const RULES: &'static [Rule] = RULES;
}

/// Checks one request. Accepts everything except the creation of an object that routes traffic or a change of
/// its spec.
///
/// # Errors
/// Returns an error if a field that the verdict depends on cannot be read.
pub fn evaluate(
    settings: &Settings,
    request: &AdmissionRequest<'_>,
    _: &dyn Cluster,
) -> Result<Verdict, Malformed> {
    let (group, kind) = (request.kind.group.as_ref(), request.kind.kind.as_ref());
    let Some(object) = request.object_of(group, kind)? else {
        return Ok(Verdict::accept());
    };
    let root = object.object()?;
    if is_spec_unchanged(&root, request)? {
        return Ok(Verdict::accept());
    }
    let namespace = request.namespace.as_ref();
    if group != GROUP || !matches!(kind, "HTTPRoute" | "GRPCRoute") {
        return Ok(kinds::check(settings, group, kind, namespace));
    }
    if settings.exemptions.iter().any(|it| it.covers(request)) {
        return Ok(Verdict::accept().audit("httproute-attachment", "exempt"));
    }
    let mut checker = RouteChecker {
        settings,
        namespace,
        findings: Findings::without(settings.disabled_rules()),
    };
    checker.check_route(&root)?;
    Ok(checker.findings.verdict())
}

/// Returns whether an update leaves the spec as it is, such as one that removes a finalizer, so that objects
/// admitted under other settings keep working. The API server serializes the old and the new object alike. An
/// object that is being deleted is still checked, since it routes traffic until its finalizers are gone.
fn is_spec_unchanged(
    object: &Object<'_>,
    request: &AdmissionRequest<'_>,
) -> Result<bool, Malformed> {
    let Some(old) = request.old_object()? else {
        return Ok(false);
    };
    let (old, new) = (old.object()?.get("spec")?, object.get("spec")?);
    Ok(old.map(Node::text) == new.map(Node::text))
}
