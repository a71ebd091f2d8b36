//! **hostname-ownership**: a namespace publishes only the names that are delegated to it.
//!
//! ExternalDNS and kare-dns publish names of routes, Ingresses, Services and DNSEndpoints, and the Gateway and
//! Ingress controllers serve them. An object with the name of another app takes over its DNS record or traffic.
//!
//! [`published`] reads the names that an object publishes; the other modules check them, whatever its kind.

mod conflicts;
mod hostnames;
mod published;
mod settings;
mod targets;

pub use settings::{Delegation, Settings};

use admission::{AdmissionRequest, Cluster, Findings, Malformed, Object, Rule, RuleSet, Verdict};

use published::Kind;

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
    targets::TARGETS,
    targets::EXTERNAL_NAMES,
];

impl RuleSet for Settings {
    const RULES: &'static [Rule] = RULES;
}

/// Checks one request. Accepts everything except the creation of an object that publishes names, and a change
/// of the parts that do.
///
/// # Errors
/// Returns an error if a field that the verdict depends on cannot be read.
pub fn evaluate(
    settings: &Settings,
    request: &AdmissionRequest<'_>,
    cluster: &dyn Cluster,
) -> Result<Verdict, Malformed> {
    let Some(kind) = Kind::of(request) else {
        return Ok(Verdict::accept());
    };
    let Some(object) = request.object_of(&request.kind.group, kind.name)? else {
        return Ok(Verdict::accept());
    };
    let root = object.object()?;
    if is_unchanged(settings, &root, request)? {
        return Ok(Verdict::accept());
    }
    let namespace = request.namespace.as_ref();
    if settings.is_exempt(namespace, &request.name) {
        return Ok(Verdict::accept().audit("hostname-ownership", "exempt"));
    }
    let names = kind.names(settings, &root)?;
    let mut findings = Findings::without(settings.disabled_rules());
    hostnames::check(settings, namespace, &names, &mut findings);
    targets::check(settings, kind.name, &root, &mut findings)?;
    // Queries cost more than everything before them.
    let is_worth_a_query = !names.is_empty() && findings.has_no_errors();
    if is_worth_a_query && findings.is_enabled(conflicts::TAKEN_HOSTNAMES) {
        conflicts::check(settings, namespace, &names, cluster, &mut findings);
    }
    Ok(findings.verdict())
}

/// Returns whether an update changes only other parts, such as a finalizer, so that objects admitted under other
/// settings keep working. The whole spec counts, not only the names: other parents of a route, or another type
/// of a Service, publish them elsewhere. The API server serializes the old and the new object alike. An object
/// that is being deleted is still checked, since its names are published until its finalizers are gone.
fn is_unchanged(
    settings: &Settings,
    object: &Object<'_>,
    request: &AdmissionRequest<'_>,
) -> Result<bool, Malformed> {
    match request.old_object()? {
        Some(old) => {
            Ok(published::parts(settings, object)? == published::parts(settings, &old.object()?)?)
        }
        None => Ok(false),
    }
}
