//! What ExternalSecrets create, and PushSecrets write.

use admission::{Findings, Malformed, Object};

use crate::settings::Settings;

admission::rule! {
    /// A template makes a Secret of a type that is not allowed.
    ///
    /// # What it checks
    /// `type` in `target.template` of an ExternalSecret and in `template` of a PushSecret must be in the setting
    /// `allowedSecretTypes`. `target` in `templateFrom` must be `Data`, `Labels` or `Annotations`.
    ///
    /// # Why
    /// Kubernetes fills a Secret of the type `kubernetes.io/service-account-token` with a token, and accepts one
    /// of the type `bootstrap.kubernetes.io/token` from new nodes. So External Secrets, which may write all
    /// Secrets, would give credentials to users who may not create Secrets. Other targets are paths in the
    /// Secret, such as `type`.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: external-secrets.io/v1
    /// kind: ExternalSecret
    /// metadata: {name: db, namespace: research}
    /// spec:
    ///   secretStoreRef: {kind: ClusterSecretStore, name: secret-store}
    ///   target: {template: {type: kubernetes.io/service-account-token}}
    ///   data: [{secretKey: password, remoteRef: {key: db}}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: external-secrets.io/v1
    /// kind: ExternalSecret
    /// metadata: {name: db, namespace: research}
    /// spec:
    ///   secretStoreRef: {kind: ClusterSecretStore, name: secret-store}
    ///   target: {template: {type: Opaque}}
    ///   data: [{secretKey: password, remoteRef: {key: db}}]
    /// ```
    pub SECRET_TYPE_NOT_ALLOWED = "secret-type-not-allowed";
}

admission::rule! {
    /// An ExternalSecret creates an object other than a Secret.
    ///
    /// # What it checks
    /// `target.manifest` is rejected unless the setting `allowManifests` is set.
    ///
    /// # Why
    /// External Secrets creates the object with its own permissions, which users may not have. Objects other than
    /// Secrets are also not encrypted.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: external-secrets.io/v1
    /// kind: ExternalSecret
    /// metadata: {name: db, namespace: research}
    /// spec:
    ///   secretStoreRef: {kind: ClusterSecretStore, name: secret-store}
    ///   target: {manifest: {apiVersion: v1, kind: ConfigMap}}
    ///   data: [{secretKey: password, remoteRef: {key: db}}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: external-secrets.io/v1
    /// kind: ExternalSecret
    /// metadata: {name: db, namespace: research}
    /// spec:
    ///   secretStoreRef: {kind: ClusterSecretStore, name: secret-store}
    ///   data: [{secretKey: password, remoteRef: {key: db}}]
    /// ```
    pub MANIFEST_NOT_ALLOWED = "manifest-not-allowed";
}

/// Checks the target of an ExternalSecret, and the template of a PushSecret.
///
/// Sources in External Secrets: `ApplyTemplate` in
/// `pkg/controllers/externalsecret/externalsecret_controller_template.go`, and `setMetadata` in
/// `pkg/controllers/pushsecret/pushsecret_controller_template.go`. The chart's version rejects some of this
/// itself (`ValidateSecretTemplate` in `apis/externalsecrets/v1/externalsecret_validator.go`), older ones do not.
///
/// # Errors
/// Returns an error if a field that the verdict depends on cannot be read.
pub(crate) fn check(
    settings: &Settings,
    spec: &Object<'_>,
    findings: &mut Findings,
) -> Result<(), Malformed> {
    if let Some(target) = spec.object("target")? {
        let manifest = target.get("manifest")?;
        if let Some(manifest) = manifest
            && !settings.allow_manifests
        {
            let message = "creates an object other than a Secret; remove it";
            findings.reject(MANIFEST_NOT_ALLOWED, manifest.path(), message);
        }
        if let Some(template) = target.object("template")? {
            check_template(settings, &template, manifest.is_some(), findings)?;
        }
    }
    if let Some(template) = spec.object("template")? {
        check_template(settings, &template, false, findings)?;
    }
    Ok(())
}

fn check_template(
    settings: &Settings,
    template: &Object<'_>,
    is_manifest: bool,
    findings: &mut Findings,
) -> Result<(), Malformed> {
    let allowed = &settings.allowed_secret_types;
    if let Some(node) = template.get("type")? {
        let kind = node.string()?;
        // An empty type is Opaque.
        if !kind.is_empty() && !allowed.iter().any(|it| *it == kind) {
            let instead = match allowed.as_slice() {
                [] => "remove it".to_owned(),
                allowed => format!("allowed: {}", allowed.join(", ")),
            };
            let message = format!("`{kind}` is not allowed; {instead}");
            findings.reject(SECRET_TYPE_NOT_ALLOWED, node.path(), message);
        }
    }
    if is_manifest {
        // Templates of other objects write to any path in them.
        return Ok(());
    }
    for source in template.array("templateFrom")?.unwrap_or_default() {
        let Some(node) = source.object()?.get("target")? else {
            continue;
        };
        let target = node.string()?;
        let is_field = |field| target.eq_ignore_ascii_case(field);
        if !["", "Data", "Labels", "Annotations"]
            .into_iter()
            .any(is_field)
        {
            let message =
                format!("`{target}` can be any field; use `Data`, `Labels` or `Annotations`");
            findings.reject(SECRET_TYPE_NOT_ALLOWED, node.path(), message);
        }
    }
    Ok(())
}
