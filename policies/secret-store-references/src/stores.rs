//! Stores themselves: who may make them, and of what.

use admission::{Malformed, Object};

use crate::findings::Findings;
use crate::settings::{Settings, StoreKind};

/// Judges the spec of a store.
///
/// # Errors
/// When a field that decides cannot be read.
pub(crate) fn judge(
    settings: &Settings,
    kind: StoreKind,
    namespace: &str,
    spec: &Object<'_>,
    findings: &mut Findings,
) -> Result<(), Malformed> {
    match kind {
        StoreKind::SecretStore => in_namespace(settings, namespace, findings),
        StoreKind::ClusterSecretStore => cluster_wide(settings, spec, findings)?,
    }
    Ok(())
}

fn in_namespace(settings: &Settings, namespace: &str, findings: &mut Findings) {
    let platform = &settings.platform_namespaces;
    if !settings.restrict_stores || platform.iter().any(|it| it == namespace) {
        return;
    }
    let instead = match settings.stores_for(Some(namespace)).next() {
        Some(store) => format!("; refer to {} `{}`", store.kind, store.name),
        None => String::new(),
    };
    findings.refuse(
        "metadata.namespace".to_owned(),
        format!("`{namespace}` may not have a SecretStore of its own{instead}"),
    );
}

fn cluster_wide(
    settings: &Settings,
    spec: &Object<'_>,
    findings: &mut Findings,
) -> Result<(), Malformed> {
    let allowed = &settings.allowed_providers;
    let instead = match allowed.as_slice() {
        [] => "none is allowed".to_owned(),
        allowed => format!("allowed: {}", allowed.join(", ")),
    };
    let provider = spec.object("provider")?;
    let mut named = false;
    for (name, node) in provider.iter().flat_map(Object::iter) {
        if node.is_null() {
            continue;
        }
        named = true;
        if !allowed.iter().any(|it| it == name) {
            let problem = format!("provider `{name}` is not allowed; {instead}");
            findings.refuse(node.path(), problem);
        }
    }
    if !named {
        findings.refuse(
            "spec.provider".to_owned(),
            format!("names no provider; {instead}"),
        );
    }
    let conditions = spec.array("conditions")?.unwrap_or_default();
    if conditions.is_empty() {
        findings.note(
            "spec.conditions".to_owned(),
            "not given, so every namespace may use the store; name namespaces or their labels",
        );
    }
    Ok(())
}
