//! The decision: whether the plane needs the Ingress, and in one sentence why not.

use std::cell::Cell;

use admission::{AdmissionRequest, Cluster, Malformed, joined};
use ingress2route::{Gateway, Kind, Options, Port, Translation, translate};

use crate::ingress::Ingress;
use crate::ports::Ports;
use crate::settings::{Settings, Untranslatable};
use crate::suggest;

/// What becomes of an Ingress.
pub(crate) struct Ruling {
    pub(crate) translation: Translation,
    /// Why it is refused; `None` where it passes.
    pub(crate) refusal: Option<Refusal>,
    /// The same in one sentence; empty where it passes.
    pub(crate) sentence: String,
}

/// Why an Ingress is refused.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// A route can say it.
    Translatable,
    /// No route can say it, and its class is none that may be used then, or two.
    Class,
    /// No route can say it, and that is no reason here.
    Untranslatable,
    /// ingress-nginx does not know an annotation of it, so that cannot be what requires NGINX.
    Unknown,
    /// The same of one that would pass without it.
    OnlyUnknown,
}

/// Decides about an Ingress.
///
/// # Errors
/// When a part that decides has the wrong type.
pub(crate) fn rule(
    settings: &Settings,
    request: &AdmissionRequest<'_>,
    ingress: &Ingress<'_>,
    cluster: &dyn Cluster,
) -> Result<Ruling, Malformed> {
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
    // Of an Ingress that passes nobody reads the routes, so nothing is asked on its behalf.
    let wants_ports = Cell::new(false);
    let unasked = |_: &str, _: &str| {
        wants_ports.set(true);
        Port::Unknown
    };
    let mut translation = translate(&ingress.root, &options, &unasked)?;
    let refusal = refusal(settings, ingress, &translation);
    let shows_routes = refusal.is_some_and(|why| why != Refusal::OnlyUnknown);
    if shows_routes && wants_ports.get() {
        let ports = Ports::new(cluster, &request.namespace);
        let number = |service: &str, port: &str| ports.number(service, port);
        translation = translate(&ingress.root, &options, &number)?;
    }
    Ok(Ruling {
        sentence: match refusal {
            Some(why) => why.sentence(settings, ingress, &translation),
            None => String::new(),
        },
        refusal,
        translation,
    })
}

fn refusal(
    settings: &Settings,
    ingress: &Ingress<'_>,
    translation: &Translation,
) -> Option<Refusal> {
    let mut classes = ingress.class.names();
    let class = classes.next().filter(|_| classes.next().is_none());
    let known = if translation.untranslatable.is_empty() {
        Some(Refusal::Translatable)
    } else if settings.untranslatable == Untranslatable::Reject {
        Some(Refusal::Untranslatable)
    } else if !class.is_some_and(|class| settings.is_allowed(class)) {
        Some(Refusal::Class)
    } else {
        None
    };
    match (translation.unknown.is_empty(), known) {
        (true, known) => known,
        (false, None) => Some(Refusal::OnlyUnknown),
        (false, Some(_)) => Some(Refusal::Unknown),
    }
}

impl Refusal {
    fn sentence(
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
                first.map(suggest::sentence).unwrap_or_default()
            }
            Self::Class => class(settings, ingress),
            Self::Untranslatable => {
                let why = "kind: an Ingress may not be used, even for what no HTTPRoute";
                joined(&[why, &gateway, " can say; go without what is listed"])
            }
            Self::Translatable => {
                let nothing = "kind: nothing in this Ingress requires NGINX; ";
                let can = "kind: this Ingress can be ";
                match translation.routes.as_slice() {
                    [] => joined(&[nothing, "write an HTTPRoute", &gateway, " in its place"]),
                    _ if !translation.is_complete() => {
                        let what = "put right what is listed and apply its routes";
                        joined(&[nothing, what, &gateway])
                    }
                    [route] => {
                        let kind = match route.kind {
                            Kind::Http => "an HTTPRoute",
                            Kind::Grpc => "a GRPCRoute",
                        };
                        joined(&[can, kind, &gateway, "; apply that in its place"])
                    }
                    [route, ..] => {
                        let count = translation.routes.len().to_string();
                        let kind = route.kind.name();
                        let instead = "; apply those in its place";
                        joined(&[can, &count, " ", kind, "s", &gateway, instead])
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
            ": is missing, and no HTTPRoute can say all of this".to_owned(),
        ),
        (Some(name), field) => (
            if field.is_some() {
                CLASS_FIELD
            } else {
                CLASS_ANNOTATION
            },
            joined(&[": `", name, "` is not for what no HTTPRoute can say"]),
        ),
    };
    match settings.allowed_classes.first() {
        Some(class) => joined(&[
            path,
            &problem,
            "; write `",
            class,
            "`, or go without what is listed",
        ]),
        None => joined(&[path, &problem, "; go without what is listed"]),
    }
}

/// What is to be said of an Ingress that names two classes.
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
