//! References to generators.

use admission::{Findings, Node};

use crate::checker::Checker;

admission::rule! {
    /// A generator is of a kind that is not allowed.
    ///
    /// # What it checks
    /// The kind of each generator must be in the setting `allowedGenerators`.
    ///
    /// # Why
    /// Most generators have their own credentials for an external service, so they bypass the allowed stores.
    /// `Webhook` sends data out of the cluster, and a `ClusterGenerator` may contain any generator.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: external-secrets.io/v1
    /// kind: ExternalSecret
    /// metadata: {name: registry, namespace: research}
    /// spec:
    ///   dataFrom:
    ///   - sourceRef:
    ///       generatorRef:
    ///         apiVersion: generators.external-secrets.io/v1alpha1
    ///         kind: ECRAuthorizationToken
    ///         name: ecr
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: external-secrets.io/v1
    /// kind: ExternalSecret
    /// metadata: {name: registry, namespace: research}
    /// spec:
    ///   secretStoreRef: {kind: ClusterSecretStore, name: secret-store}
    ///   dataFrom: [{extract: {key: registry}}]
    /// ```
    pub GENERATOR_NOT_ALLOWED = "generator-not-allowed";
}

impl Checker<'_> {
    pub(crate) fn generator(&self, node: Node<'_>, kind: &str, findings: &mut Findings) {
        let allowed = &self.settings.allowed_generators;
        if allowed.iter().any(|it| it == kind) {
            return;
        }
        let why = match kind {
            "Webhook" => "sends data out of the cluster",
            "ClusterGenerator" => "may contain any generator",
            // These need no external service.
            "Fake" | "MFA" | "Password" | "SSHKey" | "UUID" => "is not allowed",
            _ => "has its own credentials",
        };
        let instead = match allowed.as_slice() {
            [] => "no generator is allowed".to_owned(),
            allowed => format!("allowed: {}", allowed.join(", ")),
        };
        let message = format!("`{kind}` {why}; {instead}");
        findings.reject(GENERATOR_NOT_ALLOWED, node.path(), message);
    }
}
