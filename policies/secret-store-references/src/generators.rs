//! Generators, references to them, and the state that External Secrets keeps of them.

use admission::{AdmissionRequest, Findings, Malformed, Verdict};

use crate::checker::Checker;
use crate::settings::Settings;

/// The API group of generators.
pub(crate) const GROUP: &str = "generators.external-secrets.io";

admission::rule! {
    /// A generator is of a kind that is not allowed.
    ///
    /// # What it checks
    /// The kind of a generator must be in the setting `allowedGenerators`: when it is created, when its spec
    /// changes, and when an object refers to it.
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

admission::rule! {
    /// A GeneratorState is written by a user other than External Secrets.
    ///
    /// # What it checks
    /// Only the setting `externalSecretsAccount` may create a GeneratorState or change its spec. The audit
    /// scanner does not know who created it, so it reports the kinds of generators that are not in
    /// `allowedGenerators`.
    ///
    /// # Why
    /// When a GeneratorState is deleted, External Secrets cleans up with the generator in its spec. For some
    /// kinds, such as Grafana, it reads a Secret of the namespace and sends it to a URL, both from the spec. So
    /// users who can write a GeneratorState can send out Secrets. The chart of External Secrets grants this to
    /// the roles `edit` and `admin` by default.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: generators.external-secrets.io/v1alpha1
    /// kind: GeneratorState
    /// metadata: {name: db, namespace: research}
    /// spec:
    ///   garbageCollectionDeadline: "2026-01-01T00:00:00Z"
    ///   resource:
    ///     kind: Grafana
    ///     spec: {url: "https://example.com", auth: {token: {name: db, key: password}}}
    ///   state: {serviceAccount: {id: 1, tokenID: 1}}
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: external-secrets.io/v1
    /// kind: ExternalSecret
    /// metadata: {name: db, namespace: research}
    /// spec:
    ///   dataFrom:
    ///   - sourceRef:
    ///       generatorRef: {apiVersion: generators.external-secrets.io/v1alpha1, kind: Password, name: db}
    /// ```
    pub GENERATOR_STATE_NOT_ALLOWED = "generator-state-not-allowed";
}

/// Evaluates a request for a kind of the generators' API group. Each is a generator, except for GeneratorState.
///
/// Sources in External Secrets: `handleFinalizer` in
/// `pkg/controllers/generatorstate/generatorstate_controller.go` passes `spec.resource` to `Cleanup`, and adds and
/// removes a finalizer. The controller creates the object and sets its deadline (`EnqueueSetLatest` and
/// `disposeState` in `runtime/statemanager/statemanager.go`). Updates by others, such as the garbage collector,
/// change no spec.
///
/// # Errors
/// Returns an error if a field that the verdict depends on cannot be read.
pub(crate) fn evaluate(
    settings: &Settings,
    request: &AdmissionRequest<'_>,
) -> Result<Verdict, Malformed> {
    let kind = request.kind.kind.as_ref();
    let Some(object) = request.object_of(GROUP, kind)? else {
        return Ok(Verdict::accept());
    };
    let object = object.object()?;
    if crate::is_spec_unchanged(&object, request)? {
        return Ok(Verdict::accept());
    }
    let checker = Checker {
        settings,
        namespace: None,
    };
    let mut findings = Findings::default();
    match (kind, request.username()?) {
        ("GeneratorState", Some(user)) if user == settings.external_secrets_account => {}
        ("GeneratorState", Some(_)) => findings.reject(
            GENERATOR_STATE_NOT_ALLOWED,
            "kind",
            "only External Secrets may write a GeneratorState; use a generator in an ExternalSecret",
        ),
        ("GeneratorState", None) => {
            let spec = crate::required(&object, "spec")?;
            let resource = crate::required(&spec, "resource")?;
            let kind = resource.string("kind")?.unwrap_or_default();
            checker.generator(resource.node().path(), &kind, &mut findings);
        }
        _ => checker.generator("kind".to_owned(), kind, &mut findings),
    }
    Ok(findings.verdict())
}

impl Checker<'_> {
    pub(crate) fn generator(&self, path: String, kind: &str, findings: &mut Findings) {
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
        findings.reject(GENERATOR_NOT_ALLOWED, path, message);
    }
}
