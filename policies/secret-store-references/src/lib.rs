//! **secret-store-references**: every reference of External Secrets names a store that is approved for
//! its namespace, exists and serves it.
//!
//! External Secrets' own webhook checks none of this; a wrong reference shows hours later, as a sync
//! that fails.

mod conditions;
mod findings;
mod keys;
mod labels;
mod lookup;
mod references;
mod rules;
mod settings;
mod stores;
mod suggest;

pub use settings::{AllowedStore, KeyPrefix, MissingStore, Settings, StoreKind};

use admission::{AdmissionRequest, Cluster, Malformed, Object, Operation, Verdict};

use findings::Findings;
use rules::Rules;

/// The API group of External Secrets.
const GROUP: &str = "external-secrets.io";

admission::export!(Settings, evaluate, context - aware);

/// What the module does with an object of a kind.
#[derive(Clone, Copy)]
enum Kind {
    ExternalSecret,
    PushSecret,
    Store(StoreKind),
}

/// Judges one request. Anything but the creation of an object of External Secrets, or a change of its
/// spec, passes.
///
/// # Errors
/// When a field that decides cannot be read.
pub fn evaluate(
    settings: &Settings,
    request: &AdmissionRequest<'_>,
    cluster: &dyn Cluster,
) -> Result<Verdict, Malformed> {
    let name = request.kind.kind.as_ref();
    // Where the spec stands in it, and whether the kind is cluster-wide.
    let (kind, inner, cluster_wide) = match name {
        "ExternalSecret" => (Kind::ExternalSecret, None, false),
        "ClusterExternalSecret" => (Kind::ExternalSecret, Some("externalSecretSpec"), true),
        "PushSecret" => (Kind::PushSecret, None, false),
        "ClusterPushSecret" => (Kind::PushSecret, Some("pushSecretSpec"), true),
        "SecretStore" => (Kind::Store(StoreKind::SecretStore), None, false),
        "ClusterSecretStore" => (Kind::Store(StoreKind::ClusterSecretStore), None, true),
        _ => return Ok(Verdict::accept()),
    };
    let Some(object) = request.object_of(GROUP, name)? else {
        return Ok(Verdict::accept());
    };
    let object = object.object()?;
    if request.operation == Operation::Update && is_same_spec(&object, request)? {
        return Ok(Verdict::accept());
    }
    let spec = required(&object, "spec")?;
    let spec = match inner {
        Some(inner) => required(&spec, inner)?,
        None => spec,
    };
    let rules = Rules {
        settings,
        namespace: Some(request.namespace.as_ref()).filter(|_| !cluster_wide),
    };
    let mut findings = Findings::default();
    let uses = match kind {
        Kind::Store(kind) => {
            stores::judge(settings, kind, &request.namespace, &spec, &mut findings)?;
            return Ok(findings.verdict());
        }
        Kind::ExternalSecret => references::of_external_secret(&spec)?,
        Kind::PushSecret => references::of_push_secret(&spec)?,
    };
    let mut approved = rules.judge(uses, &mut findings)?;
    if matches!(kind, Kind::PushSecret) && !settings.allow_push {
        let problem = format!("a {name} sends secrets out of the cluster; `allowPush` is off here");
        findings.refuse(spec.node().path(), problem);
        // Every reference of it is refused.
        approved.clear();
    }
    lookup::check(&rules, &approved, cluster, &mut findings);
    Ok(findings.verdict())
}

/// Whether an update leaves the spec as it is: metadata alone, such as a finalizer, or what was admitted
/// under other settings. The API server writes old and new object alike.
fn is_same_spec(object: &Object<'_>, request: &AdmissionRequest<'_>) -> Result<bool, Malformed> {
    let Some(old) = request.old_object else {
        return Ok(false);
    };
    let old = old.object()?.get("spec")?;
    let new = object.get("spec")?;
    Ok(new
        .zip(old)
        .is_some_and(|(new, old)| new.text() == old.text()))
}

fn required<'a>(object: &Object<'a>, field: &str) -> Result<Object<'a>, Malformed> {
    let found = object.object(field)?;
    found.ok_or_else(|| object.malformed(field, "is missing"))
}
