//! Checks of where the names of an object lead.

use admission::{Findings, Malformed, Object};

use crate::published;
use crate::settings::Settings;

admission::rule! {
    /// An annotation of ExternalDNS replaces the address of the object.
    ///
    /// # What it checks
    /// No object may have the annotation `target` with a prefix of the setting `hostnameAnnotations`, such as
    /// `external-dns.alpha.kubernetes.io/target`. DNSEndpoints are not checked, because they have no address of
    /// their own.
    ///
    /// # Why
    /// ExternalDNS publishes this address instead of the load balancer's (`source/service.go`,
    /// `TargetsFromTargetAnnotation`), so that the hostname of an app can lead out of the TRE.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata:
    ///   name: portal
    ///   namespace: backend
    ///   annotations:
    ///     external-dns.alpha.kubernetes.io/hostname: portal.k8tre.internal
    ///     external-dns.alpha.kubernetes.io/target: portal.example.org
    /// spec:
    ///   type: LoadBalancer
    ///   selector: {app: portal}
    ///   ports: [{port: 443}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata:
    ///   name: portal
    ///   namespace: backend
    ///   annotations:
    ///     external-dns.alpha.kubernetes.io/hostname: portal.k8tre.internal
    /// spec:
    ///   type: LoadBalancer
    ///   selector: {app: portal}
    ///   ports: [{port: 443}]
    /// ```
    pub TARGETS = "targets";
}

admission::rule! {
    /// A Service is of type ExternalName.
    ///
    /// # What it checks
    /// No Service may be of type `ExternalName`, with or without hostnames.
    ///
    /// # Why
    /// ingress-nginx sends the requests for such a Service to any host that it names, such as a Service of
    /// another namespace (`controller/endpointslices.go`). Network policies then see ingress-nginx as the
    /// client, not the app. Cilium's Gateway ignores such Services.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: database, namespace: backend}
    /// spec:
    ///   type: ExternalName
    ///   externalName: database.gitea.svc.cluster.local
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: v1
    /// kind: Service
    /// metadata: {name: database, namespace: backend}
    /// spec:
    ///   selector: {app: database}
    ///   ports: [{port: 5432}]
    /// ```
    pub EXTERNAL_NAMES = "external-names";
}

/// Checks the target annotations of an object, and the type of a Service.
///
/// # Errors
/// Returns an error if a field has another type than its API gives it.
pub(crate) fn check(
    settings: &Settings,
    kind: &str,
    root: &Object<'_>,
    findings: &mut Findings,
) -> Result<(), Malformed> {
    if let Some(annotations) = published::annotations(root)?
        && kind != "DNSEndpoint"
    {
        for (key, node) in annotations.iter() {
            if settings.is_target(key) {
                let message = "leads to another address than the object's; remove it";
                findings.reject_field(TARGETS, node, "", message);
            }
        }
    }
    if kind == "Service"
        && let Some(spec) = root.object("spec")?
        && let Some(node) = spec.get("type")?
        && node.string()? == "ExternalName"
    {
        let message = "`ExternalName` can lead to any host; connect to that host directly";
        findings.reject_field(EXTERNAL_NAMES, node, "", message);
    }
    Ok(())
}
