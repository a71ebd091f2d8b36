//! References to stores.

use admission::Findings;

use crate::checker::Checker;
use crate::references::StoreRef;
use crate::settings::StoreKind;
use crate::suggest;

admission::rule! {
    /// A reference names a store that is not allowed for its namespace.
    ///
    /// # What it checks
    /// Each reference that External Secrets uses must name a store in the setting `allowedStores`, with the
    /// same kind. A store with `namespaces` or `namespaceRegexes` is allowed only there. References of
    /// cluster-scoped objects may name a store that is allowed for some namespace, since the policy also checks
    /// the objects that External Secrets creates from them.
    ///
    /// # Why
    /// Secrets must come from approved stores only. External Secrets does not restrict which store a namespace
    /// refers to.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: external-secrets.io/v1
    /// kind: ExternalSecret
    /// metadata: {name: db, namespace: research}
    /// spec:
    ///   secretStoreRef: {kind: ClusterSecretStore, name: vault}
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
    pub STORE_NOT_ALLOWED = "store-not-allowed";
}

admission::rule! {
    /// A reference omits `kind`, which means SecretStore, or has an unknown kind.
    ///
    /// # What it checks
    /// `kind` of a reference must be ClusterSecretStore or SecretStore. The rule also reports a reference
    /// without `kind` if only a ClusterSecretStore of that name is allowed.
    ///
    /// # Why
    /// This is the most common mistake: External Secrets treats a reference without `kind` as a SecretStore,
    /// and an entry does not inherit the kind of the object's `secretStoreRef`. Nothing syncs.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: external-secrets.io/v1
    /// kind: ExternalSecret
    /// metadata: {name: db, namespace: research}
    /// spec:
    ///   secretStoreRef: {name: secret-store}
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
    pub WRONG_STORE_KIND = "wrong-store-kind";
}

impl Checker<'_> {
    /// Checks a reference to a store. Returns the kind of the store if it is allowed.
    pub(crate) fn store(&self, store: &StoreRef<'_>, findings: &mut Findings) -> Option<StoreKind> {
        let name = store.name.as_ref();
        let kind = match store.kind.as_deref() {
            None | Some("SecretStore") => StoreKind::SecretStore,
            Some("ClusterSecretStore") => StoreKind::ClusterSecretStore,
            Some(kind) => {
                let path = format!("{}.kind", store.node.path());
                let message = format!("`{kind}` is unknown; use ClusterSecretStore or SecretStore");
                findings.reject(WRONG_STORE_KIND, path, message);
                return None;
            }
        };
        if self.settings.allows_store(kind, name, self.namespace) {
            return Some(kind);
        }
        let allowed: Vec<_> = self.settings.stores_for(self.namespace).collect();
        let instead = suggest::instead(kind, name, &allowed);
        let path = store.node.path();
        let is_name_allowed = allowed.iter().any(|other| other.name == name);
        let message = match (is_name_allowed, &store.kind) {
            (true, None) => {
                let message = format!("an omitted kind means {kind}; {instead}");
                findings.reject(WRONG_STORE_KIND, path, message);
                return None;
            }
            (true, Some(_)) => format!("{kind} `{name}` is not allowed; {instead}"),
            (false, _) if self.settings.allows_store(kind, name, None) => {
                let namespace = self.namespace.unwrap_or_default();
                format!("`{name}` is not allowed in namespace `{namespace}`; {instead}")
            }
            (false, _) => format!("`{name}` is not allowed; {instead}"),
        };
        findings.reject(STORE_NOT_ALLOWED, path, message);
        None
    }
}
