//! SecretStores and ClusterSecretStores.

use admission::{Findings, Malformed, Object};

use crate::settings::{Settings, StoreKind};

admission::rule! {
    /// A SecretStore is outside the platform namespaces.
    ///
    /// # What it checks
    /// SecretStores are allowed only in the setting `platformNamespaces`, unless `restrictStores` is false.
    ///
    /// # Why
    /// With a SecretStore of its own, a namespace can read secrets from any provider, so the list of allowed
    /// stores would restrict nothing.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: external-secrets.io/v1
    /// kind: SecretStore
    /// metadata: {name: own, namespace: research}
    /// spec:
    ///   provider: {aws: {service: SecretsManager, region: eu-west-2}}
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// # Use the shared store.
    /// apiVersion: external-secrets.io/v1
    /// kind: ExternalSecret
    /// metadata: {name: db, namespace: research}
    /// spec:
    ///   secretStoreRef: {kind: ClusterSecretStore, name: secret-store}
    ///   data: [{secretKey: password, remoteRef: {key: db}}]
    /// ```
    pub SECRET_STORE_OUTSIDE_PLATFORM = "secret-store-outside-platform";
}

admission::rule! {
    /// A ClusterSecretStore has a provider that is not allowed, or none.
    ///
    /// # What it checks
    /// The provider of a ClusterSecretStore must be in the setting `allowedProviders`.
    ///
    /// # Why
    /// The provider is where the secrets of all namespaces come from. K8TRE uses Kubernetes, Azure Key Vault
    /// and AWS only.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: external-secrets.io/v1
    /// kind: ClusterSecretStore
    /// metadata: {name: secret-store}
    /// spec:
    ///   conditions: [{namespaces: [research]}]
    ///   provider: {webhook: {url: "https://example.com/secrets"}}
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: external-secrets.io/v1
    /// kind: ClusterSecretStore
    /// metadata: {name: secret-store}
    /// spec:
    ///   conditions: [{namespaces: [research]}]
    ///   provider: {azurekv: {vaultUrl: "https://k8tre.vault.azure.net"}}
    /// ```
    pub PROVIDER_NOT_ALLOWED = "provider-not-allowed";
}

admission::rule! {
    /// A ClusterSecretStore has no conditions, so every namespace may use it.
    ///
    /// # What it checks
    /// The policy warns about a ClusterSecretStore without `spec.conditions`.
    ///
    /// # Why
    /// External Secrets enforces the conditions of a store when it syncs, even if this policy does not run.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: external-secrets.io/v1
    /// kind: ClusterSecretStore
    /// metadata: {name: secret-store}
    /// spec:
    ///   provider: {azurekv: {vaultUrl: "https://k8tre.vault.azure.net"}}
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: external-secrets.io/v1
    /// kind: ClusterSecretStore
    /// metadata: {name: secret-store}
    /// spec:
    ///   conditions: [{namespaceSelector: {matchLabels: {secret-store: allowed}}}]
    ///   provider: {azurekv: {vaultUrl: "https://k8tre.vault.azure.net"}}
    /// ```
    pub STORE_WITHOUT_CONDITIONS = "store-without-conditions";
}

/// Checks a store.
///
/// # Errors
/// Returns an error if a field that the verdict depends on cannot be read.
pub(crate) fn check(
    settings: &Settings,
    kind: StoreKind,
    namespace: &str,
    spec: &Object<'_>,
    findings: &mut Findings,
) -> Result<(), Malformed> {
    match kind {
        StoreKind::SecretStore => secret_store(settings, namespace, findings),
        StoreKind::ClusterSecretStore => cluster_secret_store(settings, spec, findings)?,
    }
    Ok(())
}

fn secret_store(settings: &Settings, namespace: &str, findings: &mut Findings) {
    let platform = &settings.platform_namespaces;
    if !settings.restrict_stores || platform.iter().any(|it| it == namespace) {
        return;
    }
    let instead = match settings.stores_for(Some(namespace)).next() {
        Some(store) => format!("; use {} `{}`", store.kind, store.name),
        None => String::new(),
    };
    let message = format!("`{namespace}` may not contain a SecretStore{instead}");
    findings.reject(SECRET_STORE_OUTSIDE_PLATFORM, "metadata.namespace", message);
}

fn cluster_secret_store(
    settings: &Settings,
    spec: &Object<'_>,
    findings: &mut Findings,
) -> Result<(), Malformed> {
    let allowed = &settings.allowed_providers;
    let instead = match allowed.as_slice() {
        [] => "no provider is allowed".to_owned(),
        allowed => format!("allowed: {}", allowed.join(", ")),
    };
    let provider = spec.object("provider")?;
    let mut is_set = false;
    for (name, node) in provider.iter().flat_map(Object::iter) {
        if node.is_null() {
            continue;
        }
        is_set = true;
        if !allowed.iter().any(|it| it == name) {
            let message = format!("provider `{name}` is not allowed; {instead}");
            findings.reject(PROVIDER_NOT_ALLOWED, node.path(), message);
        }
    }
    if !is_set {
        let message = format!("not set; {instead}");
        findings.reject(PROVIDER_NOT_ALLOWED, "spec.provider", message);
    }
    let conditions = spec.array("conditions")?.unwrap_or_default();
    if conditions.is_empty() {
        findings.warn(
            STORE_WITHOUT_CONDITIONS,
            "spec.conditions",
            "not set, so every namespace may use the store; add conditions",
        );
    }
    Ok(())
}
