//! Decides whether an Ingress is accepted, and summarizes why not.

use std::cell::Cell;

use admission::{AdmissionRequest, Cluster, Malformed, joined};
use ingress2route::{Gateway, Kind, Options, Port, Translation, translate};

use crate::ingress::Ingress;
use crate::ports::Ports;
use crate::settings::{Settings, Untranslatable};
use crate::suggest;

/// The decision about an Ingress.
pub(crate) struct Decision {
    pub(crate) translation: Translation,
    /// Why it is rejected; `None` if it is accepted.
    pub(crate) reason: Option<RejectionReason>,
    /// The reason in one sentence; empty if it is accepted.
    pub(crate) summary: String,
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
    let gateway = &settings.gateway;
    let options = Options {
        gateway: Gateway {
            namespace: &gateway.namespace,
            name: &gateway.name,
            section_name: gateway.section_name.as_deref(),
        },
        domain: settings.domain.as_deref(),
        nginx: ingress.class.names().all(|name| settings.is_allowed(name)),
    };
    // An accepted Ingress needs no routes, so look up ports only in a second translation.
    let needs_ports = Cell::new(false);
    let no_lookup = |_: &str, _: &str| {
        needs_ports.set(true);
        Port::Unknown
    };
    let mut translation = translate(&ingress.root, &options, &no_lookup)?;
    let reason = rejection_reason(settings, ingress, &translation);
    let shows_routes = reason.is_some_and(|reason| reason != RejectionReason::OnlyUnknown);
    if shows_routes && needs_ports.get() {
        let ports = Ports::new(cluster, &request.namespace);
        let number = |service: &str, port: &str| ports.number(service, port);
        translation = translate(&ingress.root, &options, &number)?;
    }
    Ok(Decision {
        summary: match reason {
            Some(reason) => reason.summary(settings, ingress, &translation),
            None => String::new(),
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
    fn summary(
        self,
        settings: &Settings,
        ingress: &Ingress<'_>,
        translation: &Translation,
    ) -> String {
        let gateway = &settings.gateway;
        let gateway = joined(&[" on `", &gateway.namespace, "/", &gateway.name, "`"]);
        match self {
            Self::Unknown | Self::OnlyUnknown => {
                let first = translation.unknown.first();
                first.map(suggest::message).unwrap_or_default()
            }
            Self::Class => class(settings, ingress),
            Self::Untranslatable => {
                let problem = "kind: Ingresses are not allowed; remove the listed features and use an HTTPRoute";
                joined(&[problem, &gateway])
            }
            Self::Translatable => {
                let not_required = "kind: this Ingress does not require ingress-nginx; ";
                let can_be = "kind: this Ingress can be expressed as ";
                match translation.routes.as_slice() {
                    [] => joined(&[not_required, "use an HTTPRoute", &gateway]),
                    _ if !translation.is_complete() => {
                        let fix = "fix the listed problems and apply its routes";
                        joined(&[not_required, fix, &gateway])
                    }
                    [route] => {
                        let kind = match route.kind {
                            Kind::Http => "an HTTPRoute",
                            Kind::Grpc => "a GRPCRoute",
                        };
                        joined(&[can_be, kind, &gateway, "; apply that instead"])
                    }
                    [route, ..] => {
                        let count = translation.routes.len().to_string();
                        let kind = route.kind.name();
                        let instead = "; apply those instead";
                        joined(&[can_be, &count, " ", kind, "s", &gateway, instead])
                    }
                }
            }
        }
    }
}

fn class(settings: &Settings, ingress: &Ingress<'_>) -> String {
    if let Some(contradiction) = contradiction(ingress) {
        return contradiction;
    }
    let (path, problem) = match (ingress.class.names().next(), &ingress.class.field) {
        (None, _) => (
            CLASS_FIELD,
            ": is not set, but this Ingress cannot be expressed as an HTTPRoute".to_owned(),
        ),
        (Some(name), field) => (
            if field.is_some() {
                CLASS_FIELD
            } else {
                CLASS_ANNOTATION
            },
            joined(&[
                ": `",
                name,
                "` is not allowed for an Ingress that cannot be expressed as an HTTPRoute",
            ]),
        ),
    };
    match settings.allowed_classes.first() {
        Some(class) => joined(&[
            path,
            &problem,
            "; use `",
            class,
            "`, or remove the listed features",
        ]),
        None => joined(&[path, &problem, "; remove the listed features"]),
    }
}

/// Returns a message if the Ingress names two classes.
pub(crate) fn contradiction(ingress: &Ingress<'_>) -> Option<String> {
    let mut names = ingress.class.names();
    let (field, annotation) = (names.next()?, names.next()?);
    let parts = [
        CLASS_FIELD,
        ": `",
        field,
        "` contradicts `",
        annotation,
        "` in ",
        CLASS_ANNOTATION,
        "; keep one of them",
    ];
    Some(joined(&parts))
}

const CLASS_FIELD: &str = "spec.ingressClassName";
const CLASS_ANNOTATION: &str = "metadata.annotations[kubernetes.io/ingress.class]";
