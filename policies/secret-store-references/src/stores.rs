//! SecretStores and ClusterSecretStores.

use admission::{Findings, Malformed, Object};

use crate::settings::{Settings, StoreKind};

admission::rule! {
    /// A SecretStore is outside the platform namespaces.
    ///
    /// # What it checks
    /// SecretStores are allowed in the setting `platformNamespaces`, and where `allowedStores` lists them by name
    /// for their namespace. With `restrictStores: false`, they are allowed everywhere.
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
    /// A store has a provider that is not allowed, or none.
    ///
    /// # What it checks
    /// The provider of a SecretStore or ClusterSecretStore must be in the setting `allowedProviders`.
    ///
    /// # Why
    /// The provider is where secrets come from, and where PushSecrets send them. K8TRE uses Kubernetes, Azure Key Vault
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
    /// A SecretStore reads with the identity of External Secrets.
    ///
    /// # What it checks
    /// A SecretStore outside `platformNamespaces` needs `auth.jwt` or `auth.secretRef` for the provider aws. For
    /// azurekv, it needs a `serviceAccountRef` with `authType: WorkloadIdentity`, and may not use
    /// `ManagedIdentity`. For kubernetes, it may not use a kubeconfig (`authRef`). For vault, the methods
    /// `kubernetes` and `iam` need a service account or credentials. Other providers are not checked.
    ///
    /// # Why
    /// Otherwise it reads with the cloud identity of the External Secrets pod, which can read the secrets of all
    /// namespaces.
    ///
    /// # Example
    /// ```yaml
    /// # settings of secret-store-references: {restrictStores: false}
    /// apiVersion: external-secrets.io/v1
    /// kind: SecretStore
    /// metadata: {name: own, namespace: research}
    /// spec:
    ///   provider: {aws: {service: SecretsManager, region: eu-west-2}}
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// # settings of secret-store-references: {restrictStores: false}
    /// apiVersion: external-secrets.io/v1
    /// kind: SecretStore
    /// metadata: {name: own, namespace: research}
    /// spec:
    ///   provider:
    ///     aws: {service: SecretsManager, region: eu-west-2, auth: {jwt: {serviceAccountRef: {name: reader}}}}
    /// ```
    pub CONTROLLER_IDENTITY = "controller-identity";
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

/// A store in a request.
pub(crate) struct Created<'a> {
    pub(crate) kind: StoreKind,
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
}

/// Checks a store.
///
/// # Errors
/// Returns an error if a field that the verdict depends on cannot be read.
pub(crate) fn check(
    settings: &Settings,
    store: &Created<'_>,
    spec: &Object<'_>,
    findings: &mut Findings,
) -> Result<(), Malformed> {
    let provider = spec.object("provider")?;
    match store.kind {
        StoreKind::SecretStore => {
            let mut platform = settings.platform_namespaces.iter();
            if !platform.any(|it| it == store.namespace) {
                check_permission(settings, store, findings);
                if let Some(provider) = &provider {
                    check_identity(provider, findings)?;
                }
            }
        }
        StoreKind::ClusterSecretStore => {
            if spec.array("conditions")?.unwrap_or_default().is_empty() {
                findings.warn(
                    STORE_WITHOUT_CONDITIONS,
                    "spec.conditions",
                    "not set, so every namespace may use the store; add conditions",
                );
            }
        }
    }
    check_provider(settings, provider.as_ref(), findings);
    Ok(())
}

fn check_permission(settings: &Settings, store: &Created<'_>, findings: &mut Findings) {
    let namespace = store.namespace;
    if !settings.restrict_stores || settings.allows_store(store.kind, store.name, Some(namespace)) {
        return;
    }
    let instead = match settings.stores_for(Some(namespace)).next() {
        Some(store) => format!("; use {} `{}`", store.kind, store.name),
        None => String::new(),
    };
    let message = format!("`{namespace}` may not contain a SecretStore{instead}");
    findings.reject(SECRET_STORE_OUTSIDE_PLATFORM, "metadata.namespace", message);
}

/// Checks that a SecretStore reads with an identity of its namespace. For providers that are not here, the
/// setting `allowedProviders` decides alone.
///
/// Sources, in External Secrets: `constructCredsProvider` in `providers/v1/aws/auth/auth.go`,
/// `authorizerForWorkloadIdentity` and `authorizerForManagedIdentity` in `providers/v1/azure/keyvault/keyvault.go`,
/// `BuildRESTConfigFromKubernetesConnection` in `runtime/esutils/k8s_rest_config.go`, and `auth_kubernetes.go` and
/// `auth_iam.go` in `providers/v1/vault`.
fn check_identity(provider: &Object<'_>, findings: &mut Findings) -> Result<(), Malformed> {
    let mut reject = |node: &Object<'_>, fix: &str| {
        let message = format!("reads with the identity of External Secrets; {fix}");
        findings.reject(CONTROLLER_IDENTITY, node.node().path(), message);
    };
    if let Some(aws) = provider.object("aws")? {
        let auth = aws.object("auth")?;
        if !has_any(auth.as_ref(), ["jwt", "secretRef"])? {
            reject(&aws, "set `auth.jwt` or `auth.secretRef`");
        }
    }
    if let Some(azure) = provider.object("azurekv")? {
        let kind = azure.string("authType")?.unwrap_or_default();
        let has_account = azure.get("serviceAccountRef")?.is_some();
        if kind == "ManagedIdentity" || (kind == "WorkloadIdentity" && !has_account) {
            reject(
                &azure,
                "use `authType: WorkloadIdentity` and set `serviceAccountRef`",
            );
        }
    }
    // A kubeconfig can name files, such as the token of External Secrets.
    if let Some(kubernetes) = provider.object("kubernetes")?
        && has_any(Some(&kubernetes), ["authRef"])?
    {
        reject(&kubernetes, "use `auth` instead of `authRef`");
    }
    let vault = provider.object("vault")?;
    let Some(auth) = vault.map(|it| it.object("auth")).transpose()?.flatten() else {
        return Ok(());
    };
    if let Some(kubernetes) = auth.object("kubernetes")?
        && !has_any(Some(&kubernetes), ["serviceAccountRef", "secretRef"])?
    {
        reject(&kubernetes, "set `serviceAccountRef` or `secretRef`");
    }
    if let Some(iam) = auth.object("iam")?
        && !has_any(Some(&iam), ["jwt", "secretRef"])?
    {
        reject(&iam, "set `jwt` or `secretRef`");
    }
    Ok(())
}

/// Returns whether one of the fields is set.
fn has_any<const N: usize>(
    object: Option<&Object<'_>>,
    fields: [&str; N],
) -> Result<bool, Malformed> {
    for (object, field) in object
        .into_iter()
        .flat_map(|it| fields.map(|field| (it, field)))
    {
        if object.get(field)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn check_provider(settings: &Settings, provider: Option<&Object<'_>>, findings: &mut Findings) {
    let allowed = &settings.allowed_providers;
    let instead = match allowed.as_slice() {
        [] => "no provider is allowed".to_owned(),
        allowed => format!("allowed: {}", allowed.join(", ")),
    };
    let mut is_set = false;
    for (name, node) in provider.into_iter().flat_map(Object::iter) {
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
}
