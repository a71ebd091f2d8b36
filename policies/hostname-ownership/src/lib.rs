//! **hostname-ownership**: a namespace publishes only the hostnames that are delegated to it.
//!
//! ExternalDNS and kare-dns publish every hostname that the Gateway accepts, and of two routes with the same
//! hostname the older one wins. So a route with another app's hostname takes over its DNS record and traffic.
//!
//! [`published`] reads the hostnames that an object publishes; the other modules check them, whatever its kind.

mod conflicts;
mod hostnames;
mod published;
mod settings;

pub use settings::{Delegation, Settings};

use admission::{AdmissionRequest, Cluster, Findings, Malformed, Object, Rule, RuleSet, Verdict};

use published::{KINDS, Published};

/// The API group of Gateway API.
const GROUP: &str = "gateway.networking.k8s.io";

admission::export!(Settings, evaluate, context - aware);

/// The rules of this policy.
pub const RULES: &[Rule] = &[
    hostnames::HOSTNAMES,
    hostnames::WILDCARDS,
    hostnames::DOMAIN,
    hostnames::SINGLE_LABEL,
    hostnames::RESERVED_HOSTS,
    hostnames::DELEGATION,
    conflicts::TAKEN_HOSTNAMES,
    hostnames::HOSTNAME_ANNOTATIONS,
];

impl RuleSet for Settings {
    const RULES: &'static [Rule] = RULES;
}

/// Checks one request. Accepts everything except the creation of a route, and a change of its spec or of an
/// annotation that publishes hostnames.
///
/// # Errors
/// Returns an error if a field that the verdict depends on cannot be read.
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
    if settings.exemptions.iter().any(|it| it.covers(request)) {
        return Ok(Verdict::accept().audit("hostname-ownership", "exempt"));
    }
    let namespace = request.namespace.as_ref();
    let published = Published::of_route(settings, &root)?;
    let mut findings = Findings::without(settings.disabled_rules());
    hostnames::check(settings, namespace, &published, &mut findings);
    // Queries cost more than everything before them.
    if findings.has_no_errors() && findings.is_enabled(conflicts::TAKEN_HOSTNAMES) {
        conflicts::check(&published.hostnames, namespace, cluster, &mut findings);
    }
    Ok(findings.verdict())
}

/// Returns whether an update changes only other metadata, such as a finalizer, so that routes admitted under
/// other settings keep working. The whole spec counts, not only the hostnames: other parents, for example,
/// publish them elsewhere. The API server serializes the old and the new object alike. A route that is being
/// deleted is still checked, since its hostnames are published until its finalizers are gone.
fn is_unchanged(
    settings: &Settings,
    object: &Object<'_>,
    request: &AdmissionRequest<'_>,
) -> Result<bool, Malformed> {
    match request.old_object()? {
        Some(old) => {
            Ok(checked_parts(settings, object)? == checked_parts(settings, &old.object()?)?)
        }
        None => Ok(false),
    }
}

/// Returns the keys and texts of the spec and of the annotations that publish hostnames.
fn checked_parts<'a>(
    settings: &'a Settings,
    object: &Object<'a>,
) -> Result<Vec<(&'a str, &'a str)>, Malformed> {
    let spec = object.get("spec")?.map(|spec| ("spec", spec));
    let annotations = published::annotations(settings, object)?;
    let parts = spec.into_iter().chain(annotations);
    Ok(parts.map(|(key, node)| (key, node.text())).collect())
}
