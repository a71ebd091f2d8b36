//! **secret-store-references**: references of External Secrets name a store that is allowed for their
//! namespace, exists and serves the namespace.
//!
//! The webhook of External Secrets checks none of this. A wrong reference shows only later, as a sync that
//! fails.
//!
//! Comments name source files of External Secrets 2.9.0, the version of the chart in `bootstrap/`. The suite
//! `cluster` runs 0.20.4, which has the same functions: providers in `pkg/provider`, generators in
//! `pkg/generator`, and `find` in `pkg/find`.

mod checker;
mod conditions;
mod generators;
mod keys;
mod labels;
mod lookup;
mod push;
mod references;
mod settings;
mod store_refs;
mod stores;
mod suggest;
mod targets;

pub use settings::{AllowedStore, KeyPrefix, MissingStore, Settings, StoreKind};

use admission::{
    AdmissionRequest, Cluster, Findings, Malformed, Node, Object, Operation, Rule, Verdict,
};

use checker::Checker;

/// The API group of External Secrets.
const GROUP: &str = "external-secrets.io";

admission::export!(Settings, evaluate, context - aware);

/// The rules of this policy.
pub const RULES: &[Rule] = &[
    store_refs::STORE_NOT_ALLOWED,
    store_refs::WRONG_STORE_KIND,
    references::STORE_NOT_SET,
    lookup::MISSING_STORE,
    lookup::UNREADY_STORE,
    lookup::NAMESPACE_NOT_SERVED,
    keys::KEY_OUTSIDE_PREFIX,
    keys::FIND_NOT_ALLOWED,
    generators::GENERATOR_NOT_ALLOWED,
    generators::GENERATOR_STATE_NOT_ALLOWED,
    references::MISPLACED_GENERATOR,
    push::PUSH_NOT_ALLOWED,
    push::PUSH_SELECTOR_NOT_ALLOWED,
    push::PUSH_METADATA_NOT_ALLOWED,
    targets::SECRET_TYPE_NOT_ALLOWED,
    targets::MANIFEST_NOT_ALLOWED,
    stores::SECRET_STORE_OUTSIDE_PLATFORM,
    stores::PROVIDER_NOT_ALLOWED,
    stores::CONTROLLER_IDENTITY,
    stores::STORE_WITHOUT_CONDITIONS,
];

/// The kinds that the policy checks.
#[derive(Clone, Copy)]
enum Kind {
    ExternalSecret,
    PushSecret,
    Store(StoreKind),
}

/// Evaluates one request. Accepts everything except the creation of an object of External Secrets or a change
/// of its spec.
///
/// # Errors
/// Returns an error if a field that the verdict depends on cannot be read.
pub fn evaluate(
    settings: &Settings,
    request: &AdmissionRequest<'_>,
    cluster: &dyn Cluster,
) -> Result<Verdict, Malformed> {
    if request.kind.group == generators::GROUP {
        return generators::evaluate(settings, request);
    }
    let name = request.kind.kind.as_ref();
    // The field with the inner spec, and whether the kind is cluster-scoped.
    let (kind, inner, is_cluster_scoped) = match name {
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
    if is_spec_unchanged(&object, request)? {
        return Ok(Verdict::accept());
    }
    let spec = required(&object, "spec")?;
    let spec = match inner {
        Some(inner) => required(&spec, inner)?,
        None => spec,
    };
    let mut findings = Findings::default();
    let references = match kind {
        Kind::Store(kind) => {
            let store = stores::Created {
                kind,
                namespace: &request.namespace,
                name: &request.name,
            };
            stores::check(settings, &store, &spec, &mut findings)?;
            return Ok(findings.verdict());
        }
        Kind::ExternalSecret => references::of_external_secret(&spec)?,
        Kind::PushSecret => references::of_push_secret(&spec)?,
    };
    let checker = Checker {
        settings,
        namespace: Some(request.namespace.as_ref()).filter(|_| !is_cluster_scoped),
    };
    targets::check(settings, &spec, &mut findings)?;
    let mut allowed = checker.check(references, &mut findings)?;
    if matches!(kind, Kind::PushSecret) && !settings.allow_push {
        push::reject(name, &spec, &mut findings);
        // The object is rejected anyway, so the stores are not looked up.
        allowed.clear();
    }
    lookup::check(&checker, &allowed, cluster, &mut findings);
    Ok(findings.verdict())
}

/// Returns whether an update leaves the spec as it is, such as one that removes a finalizer, so that objects
/// admitted under other settings keep working. The API server serializes the old and the new object alike.
fn is_spec_unchanged(
    object: &Object<'_>,
    request: &AdmissionRequest<'_>,
) -> Result<bool, Malformed> {
    let Some(old) = request
        .old_object
        .filter(|_| request.operation == Operation::Update)
    else {
        return Ok(false);
    };
    let old = old.object()?.get("spec")?.map(Node::text);
    Ok(object.get("spec")?.map(Node::text) == old)
}

fn required<'a>(object: &Object<'a>, field: &str) -> Result<Object<'a>, Malformed> {
    let found = object.object(field)?;
    found.ok_or_else(|| object.malformed(field, "is missing"))
}
