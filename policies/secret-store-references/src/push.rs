//! PushSecrets and ClusterPushSecrets.

use admission::{Findings, Node, Object};

use crate::checker::Checker;

admission::rule! {
    /// A PushSecret sends secrets out of the cluster.
    ///
    /// # What it checks
    /// PushSecrets and ClusterPushSecrets are rejected unless the setting `allowPush` is set. Other rules then
    /// check their stores, keys and generators.
    ///
    /// # Why
    /// A PushSecret copies a Secret of the cluster to an external store, which is a way to take data out of the
    /// TRE. K8TRE's manifests have no PushSecrets.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: external-secrets.io/v1alpha1
    /// kind: PushSecret
    /// metadata: {name: db, namespace: research}
    /// spec:
    ///   secretStoreRefs: [{kind: ClusterSecretStore, name: secret-store}]
    ///   selector: {secret: {name: db}}
    ///   data: [{match: {remoteRef: {remoteKey: db}}}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// # Create the secret in the store, and read it.
    /// apiVersion: external-secrets.io/v1
    /// kind: ExternalSecret
    /// metadata: {name: db, namespace: research}
    /// spec:
    ///   secretStoreRef: {kind: ClusterSecretStore, name: secret-store}
    ///   data: [{secretKey: password, remoteRef: {key: db}}]
    /// ```
    pub PUSH_NOT_ALLOWED = "push-not-allowed";
}

admission::rule! {
    /// A PushSecret selects stores by label.
    ///
    /// # What it checks
    /// `labelSelector` in `secretStoreRefs` and in `dataTo[].storeRef` of a PushSecret is rejected unless the
    /// setting `allowPushSelectors` is set.
    ///
    /// # Why
    /// Labels of stores change, so the policy cannot check whether `allowedStores` contains the selected
    /// stores.
    ///
    /// # Example
    /// ```yaml
    /// # settings of secret-store-references: {allowPush: true}
    /// apiVersion: external-secrets.io/v1alpha1
    /// kind: PushSecret
    /// metadata: {name: db, namespace: research}
    /// spec:
    ///   secretStoreRefs: [{labelSelector: {matchLabels: {team: research}}}]
    ///   selector: {secret: {name: db}}
    ///   data: [{match: {remoteRef: {remoteKey: db}}}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// # settings of secret-store-references: {allowPush: true}
    /// apiVersion: external-secrets.io/v1alpha1
    /// kind: PushSecret
    /// metadata: {name: db, namespace: research}
    /// spec:
    ///   secretStoreRefs: [{kind: ClusterSecretStore, name: secret-store}]
    ///   selector: {secret: {name: db}}
    ///   data: [{match: {remoteRef: {remoteKey: db}}}]
    /// ```
    pub PUSH_SELECTOR_NOT_ALLOWED = "push-selector-not-allowed";
}

admission::rule! {
    /// A PushSecret has options for the provider.
    ///
    /// # What it checks
    /// `metadata` in `data` and `dataTo` of a PushSecret is rejected unless the setting `allowPushMetadata` is
    /// set.
    ///
    /// # Why
    /// The provider interprets it. For Kubernetes, it can name another namespace to write to. For AWS, it can
    /// attach a policy that gives others access to the secret.
    ///
    /// # Example
    /// ```yaml
    /// # settings of secret-store-references: {allowPush: true}
    /// apiVersion: external-secrets.io/v1alpha1
    /// kind: PushSecret
    /// metadata: {name: db, namespace: research}
    /// spec:
    ///   secretStoreRefs: [{kind: ClusterSecretStore, name: secret-store}]
    ///   selector: {secret: {name: db}}
    ///   data:
    ///   - match: {remoteRef: {remoteKey: db}}
    ///     metadata:
    ///       apiVersion: kubernetes.external-secrets.io/v1alpha1
    ///       kind: PushSecretMetadata
    ///       spec: {remoteNamespace: genomics}
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// # settings of secret-store-references: {allowPush: true}
    /// apiVersion: external-secrets.io/v1alpha1
    /// kind: PushSecret
    /// metadata: {name: db, namespace: research}
    /// spec:
    ///   secretStoreRefs: [{kind: ClusterSecretStore, name: secret-store}]
    ///   selector: {secret: {name: db}}
    ///   data: [{match: {remoteRef: {remoteKey: db}}}]
    /// ```
    pub PUSH_METADATA_NOT_ALLOWED = "push-metadata-not-allowed";
}

/// Rejects an object of `kind`, PushSecret or ClusterPushSecret.
pub(crate) fn reject(kind: &str, spec: &Object<'_>, findings: &mut Findings) {
    let message =
        format!("a {kind} sends secrets out of the cluster; the setting `allowPush` is false");
    findings.reject(PUSH_NOT_ALLOWED, spec.node().path(), message);
}

impl Checker<'_> {
    pub(crate) fn store_selector(&self, node: Node<'_>, findings: &mut Findings) {
        if !self.settings.allow_push_selectors {
            let message = "selects stores by label, so they cannot be checked; name a store";
            findings.reject(PUSH_SELECTOR_NOT_ALLOWED, node.path(), message);
        }
    }

    /// Checks options for a provider.
    ///
    /// Sources in External Secrets: `PushSecret` in `providers/v1/kubernetes/client.go` for `remoteNamespace`
    /// (since 2.1), and `manageResourcePolicy` in `providers/v1/aws/secretsmanager/secretsmanager.go`.
    pub(crate) fn push_metadata(&self, node: Node<'_>, findings: &mut Findings) {
        if !self.settings.allow_push_metadata {
            let message = "may name another namespace or attach access policies; remove it";
            findings.reject(PUSH_METADATA_NOT_ALLOWED, node.path(), message);
        }
    }
}
