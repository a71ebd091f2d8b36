//! Decides whether an Ingress is accepted, and summarizes why not.

use std::cell::Cell;

use admission::{AdmissionRequest, Cluster, Finding, Malformed, joined};
use ingress2route::{Diagnostic, Difference, Kind, Port, Translation, translate};

use crate::ingress::Ingress;
use crate::ports::Ports;
use crate::settings::{Settings, Untranslatable};
use crate::{reported, siblings, suggest};

admission::rule! {
    /// The Ingress can be expressed as an HTTPRoute or GRPCRoute.
    ///
    /// # What it checks
    /// Every Ingress is translated into routes on the internal Gateway. If nothing in it requires
    /// ingress-nginx, the policy rejects it. The message contains the routes to use instead; if they lack
    /// something, such as a host, they are comments. hostname-ownership and httproute-attachment check the
    /// routes when they are applied.
    ///
    /// # Why
    /// The internal Gateway provides certificates, DNS and the redirect to HTTPS for every app. An Ingress
    /// needs a second entry point, with its own certificates and its own rules.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   ingressClassName: nginx
    ///   rules:
    ///   - host: portal.k8tre.internal
    ///     http:
    ///       paths:
    ///       - path: /
    ///         pathType: Prefix
    ///         backend: {service: {name: portal, port: {number: 80}}}
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   hostnames: [portal.k8tre.internal]
    ///   rules: [{backendRefs: [{name: portal, port: 80}]}]
    /// ```
    pub TRANSLATABLE_INGRESS = "translatable-ingress";
}

admission::rule! {
    /// A feature of the Ingress cannot be expressed as a route.
    ///
    /// # What it checks
    /// Some annotations, paths and backends have no equivalent in Gateway API, or Cilium does not implement it.
    /// The policy accepts an Ingress with such a feature if its class is one of `allowedClasses`, and warns
    /// about each feature. With `untranslatable: reject`, it rejects the Ingress. A value that ingress-nginx
    /// ignores or treats as off, or that the Gateway satisfies, does not count.
    ///
    /// # Why
    /// ingress-nginx is the exception in K8TRE. It is retired: there have been no releases and no security fixes
    /// since March 2026. The warnings name everything that keeps an app from using the internal Gateway.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata:
    ///   name: portal
    ///   namespace: backend
    ///   annotations:
    ///     nginx.ingress.kubernetes.io/auth-url: https://auth.k8tre.internal
    /// spec:
    ///   ingressClassName: nginx
    ///   rules:
    ///   - host: portal.k8tre.internal
    ///     http:
    ///       paths:
    ///       - path: /
    ///         pathType: Prefix
    ///         backend: {service: {name: portal, port: {number: 80}}}
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   hostnames: [portal.k8tre.internal]
    ///   rules: [{backendRefs: [{name: portal, port: 80}]}]
    /// ```
    pub REQUIRES_INGRESS_NGINX = "requires-ingress-nginx";
}

admission::rule! {
    /// The Ingress requires ingress-nginx, but its class is missing or not allowed.
    ///
    /// # What it checks
    /// An Ingress that cannot be expressed as a route must have one of the classes in `allowedClasses`, in
    /// `ingressClassName` or in the annotation `kubernetes.io/ingress.class`.
    ///
    /// # Why
    /// Another class is served by another controller, such as a cloud load balancer, which may expose the app
    /// to the internet. Without a class, the default of the cluster decides.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata:
    ///   name: portal
    ///   namespace: backend
    ///   annotations:
    ///     nginx.ingress.kubernetes.io/auth-url: https://auth.k8tre.internal
    /// spec:
    ///   ingressClassName: alb
    ///   rules:
    ///   - host: portal.k8tre.internal
    ///     http:
    ///       paths:
    ///       - path: /
    ///         pathType: Prefix
    ///         backend: {service: {name: portal, port: {number: 80}}}
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata:
    ///   name: portal
    ///   namespace: backend
    ///   annotations:
    ///     nginx.ingress.kubernetes.io/auth-url: https://auth.k8tre.internal
    /// spec:
    ///   ingressClassName: nginx
    ///   rules:
    ///   - host: portal.k8tre.internal
    ///     http:
    ///       paths:
    ///       - path: /
    ///         pathType: Prefix
    ///         backend: {service: {name: portal, port: {number: 80}}}
    /// ```
    pub INGRESS_CLASS = "ingress-class";
}

admission::rule! {
    /// `ingressClassName` and the annotation `kubernetes.io/ingress.class` differ.
    ///
    /// # What it checks
    /// The class of an Ingress is either in the field or in the annotation. Both may be set only if they are
    /// the same.
    ///
    /// # Why
    /// Controllers differ in which of the two they read, so more than one controller may serve the Ingress.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata:
    ///   name: portal
    ///   namespace: backend
    ///   annotations:
    ///     kubernetes.io/ingress.class: alb
    ///     nginx.ingress.kubernetes.io/auth-url: https://auth.k8tre.internal
    /// spec:
    ///   ingressClassName: nginx
    ///   rules:
    ///   - host: portal.k8tre.internal
    ///     http:
    ///       paths:
    ///       - path: /
    ///         pathType: Prefix
    ///         backend: {service: {name: portal, port: {number: 80}}}
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata:
    ///   name: portal
    ///   namespace: backend
    ///   annotations:
    ///     nginx.ingress.kubernetes.io/auth-url: https://auth.k8tre.internal
    /// spec:
    ///   ingressClassName: nginx
    ///   rules:
    ///   - host: portal.k8tre.internal
    ///     http:
    ///       paths:
    ///       - path: /
    ///         pathType: Prefix
    ///         backend: {service: {name: portal, port: {number: 80}}}
    /// ```
    pub CONTRADICTORY_CLASSES = "contradictory-classes";
}

/// The decision about an Ingress.
pub(crate) struct Decision {
    pub(crate) translation: Translation,
    /// Why it is rejected; `None` if it is accepted.
    pub(crate) reason: Option<RejectionReason>,
    /// The reason as findings; empty if it is accepted.
    pub(crate) findings: Vec<Finding>,
    /// Why the other Ingresses of the hosts are unknown.
    pub(crate) not_checked: Option<Finding>,
}

/// Why an Ingress is rejected.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum RejectionReason {
    /// It can be expressed as a route.
    Translatable,
    /// It requires ingress-nginx, but its class is not allowed, missing or contradictory.
    Class,
    /// It requires ingress-nginx, but the settings do not allow any Ingress.
    Untranslatable,
    /// It has an annotation that ingress-nginx does not know, and another problem.
    Unknown,
    /// It has an annotation that ingress-nginx does not know, and would be accepted without it.
    OnlyUnknown,
}

/// Decides whether to accept an Ingress.
///
/// # Errors
/// Returns an error if a field that the decision depends on has the wrong type.
pub(crate) fn decide(
    settings: &Settings,
    request: &AdmissionRequest<'_>,
    ingress: &Ingress<'_>,
    cluster: &dyn Cluster,
) -> Result<Decision, Malformed> {
    let class = reported::class(settings, ingress, cluster);
    let features = reported::features(class.as_deref().unwrap_or_default());
    let is_reported = |name: &str| reported::has(&features, name);
    let is_reported: Option<&dyn Fn(&str) -> bool> = match features.is_empty() {
        true => None,
        false => Some(&is_reported),
    };
    let options = settings.options(settings.is_served_by_nginx(ingress), is_reported);
    // An accepted Ingress needs no routes, so look up ports only in a second translation.
    let needs_ports = Cell::new(false);
    let no_lookup = |_: &str, _: &str| {
        needs_ports.set(true);
        Port::Unknown
    };
    let mut translation = translate(&ingress.root, &[], &options, &no_lookup)?;
    let mut reason = rejection_reason(settings, ingress, &translation);
    let mut not_checked = None;
    if reason.is_some_and(|reason| reason != RejectionReason::OnlyUnknown) {
        let list = match options.nginx {
            true => siblings::list(cluster),
            false => Ok("{}".to_owned()),
        };
        let siblings = match &list {
            Ok(list) => siblings::read(settings, request, &ingress.class, list),
            Err(finding) => Err(finding.clone()),
        };
        let siblings = siblings.unwrap_or_else(|finding| {
            not_checked = Some(finding);
            Vec::new()
        });
        if needs_ports.get() || !siblings.is_empty() {
            let ports = Ports::new(cluster, &request.namespace);
            let number = |service: &str, port: &str| ports.number(service, port);
            translation = translate(&ingress.root, &siblings, &options, &number)?;
            reason = rejection_reason(settings, ingress, &translation);
        }
    }
    // The README says what is true of every route.
    let is_common = |note: &Diagnostic| note.difference == Some(Difference::PathNormalization);
    translation.notes.retain(|note| !is_common(note));
    Ok(Decision {
        not_checked,
        findings: match reason {
            Some(reason) => reason.findings(settings, ingress, &translation),
            None => Vec::new(),
        },
        reason,
        translation,
    })
}

fn rejection_reason(
    settings: &Settings,
    ingress: &Ingress<'_>,
    translation: &Translation,
) -> Option<RejectionReason> {
    let mut classes = ingress.class.names();
    let class = classes.next().filter(|_| classes.next().is_none());
    let reason = if translation.untranslatable.is_empty() {
        Some(RejectionReason::Translatable)
    } else if settings.untranslatable == Untranslatable::Reject {
        Some(RejectionReason::Untranslatable)
    } else if !class.is_some_and(|class| settings.is_allowed(class)) {
        Some(RejectionReason::Class)
    } else {
        None
    };
    match (translation.unknown.is_empty(), reason) {
        (true, reason) => reason,
        (false, None) => Some(RejectionReason::OnlyUnknown),
        (false, Some(_)) => Some(RejectionReason::Unknown),
    }
}

impl RejectionReason {
    fn findings(
        self,
        settings: &Settings,
        ingress: &Ingress<'_>,
        translation: &Translation,
    ) -> Vec<Finding> {
        let finding = match self {
            Self::Unknown | Self::OnlyUnknown => {
                let mut findings = Vec::new();
                for unknown in &translation.unknown {
                    findings.push(suggest::finding(unknown));
                }
                return findings;
            }
            Self::Class => class(settings, ingress),
            Self::Untranslatable => {
                let problem = "Ingresses are not allowed; remove what cannot be expressed as a route and use an HTTPRoute";
                let message = joined(&[problem, &on_gateway(settings)]);
                REQUIRES_INGRESS_NGINX.finding("kind", message)
            }
            Self::Translatable => {
                TRANSLATABLE_INGRESS.finding("kind", use_routes(settings, translation))
            }
        };
        vec![finding]
    }
}

/// Returns the message about an Ingress that can be expressed as routes.
fn use_routes(settings: &Settings, translation: &Translation) -> String {
    let gateway = on_gateway(settings);
    let not_required = "this Ingress does not require ingress-nginx; ";
    let can_be = "this Ingress can be expressed as ";
    match translation.routes.as_slice() {
        [] => joined(&[not_required, "use an HTTPRoute", &gateway]),
        _ if !translation.is_complete() => joined(&[
            not_required,
            "use an HTTPRoute",
            &gateway,
            ", with the fixes below",
        ]),
        [route] => {
            let kind = match route.kind {
                Kind::Grpc => "a GRPCRoute",
                _ => "an HTTPRoute",
            };
            joined(&[
                can_be,
                kind,
                &gateway,
                "; use that if ",
                ROUTE_POLICIES,
                " allow it",
            ])
        }
        [route, ..] => {
            let count = translation.routes.len().to_string();
            let kind = route.kind.name();
            joined(&[
                can_be,
                &count,
                " ",
                kind,
                "s",
                &gateway,
                "; use those if ",
                ROUTE_POLICIES,
                " allow them",
            ])
        }
    }
}

/// The policies that also check the routes. Their settings, such as `delegation` and `backends`, are not repeated
/// in those of this policy.
const ROUTE_POLICIES: &str = "`hostname-ownership` and `httproute-attachment`";

fn on_gateway(settings: &Settings) -> String {
    let gateway = &settings.gateway;
    joined(&[" on `", &gateway.namespace, "/", &gateway.name, "`"])
}

fn class(settings: &Settings, ingress: &Ingress<'_>) -> Finding {
    if let Some(contradiction) = contradiction(ingress) {
        return contradiction;
    }
    let (path, problem) = match (ingress.class.names().next(), &ingress.class.field) {
        (None, _) => (
            CLASS_FIELD,
            "is not set, but this Ingress requires ingress-nginx".to_owned(),
        ),
        (Some(name), field) => (
            if field.is_some() {
                CLASS_FIELD
            } else {
                CLASS_ANNOTATION
            },
            joined(&[
                "`",
                name,
                "` is not allowed for an Ingress that requires ingress-nginx",
            ]),
        ),
    };
    let message = match settings.allowed_classes.first() {
        Some(class) => joined(&[&problem, "; use `", class, "`, or remove what requires it"]),
        None => joined(&[&problem, "; remove what requires it"]),
    };
    INGRESS_CLASS.finding(path, message)
}

/// Returns a finding if field and annotation name different classes.
pub(crate) fn contradiction(ingress: &Ingress<'_>) -> Option<Finding> {
    let mut names = ingress.class.names();
    let (field, annotation) = (names.next()?, names.next()?);
    let parts = [
        "`",
        field,
        "` contradicts `",
        annotation,
        "` in ",
        CLASS_ANNOTATION,
        "; keep one of them",
    ];
    Some(CONTRADICTORY_CLASSES.finding(CLASS_FIELD, joined(&parts)))
}

const CLASS_FIELD: &str = "spec.ingressClassName";
const CLASS_ANNOTATION: &str = "metadata.annotations[kubernetes.io/ingress.class]";
