//! Ingresses as routes: where these go is as the policy says that sends people here.

use std::collections::BTreeMap;

use admission::{Malformed, Node};
use httproute_over_ingress::Settings;
use ingress2route::{Class, Gateway, Kind, Options, Translation, translate};
use manifest::{Object, Problem};

use kubewarden::{Policy, kinds};

use crate::services::Services;
use crate::simulator;

/// The module whose policy says it.
const MODULE: &str = "httproute-over-ingress";

/// The settings of the policy, or the module's own where there is no policy.
///
/// # Errors
/// When the module would refuse them.
pub fn route_settings(policies: &[Policy]) -> Result<Settings, Problem> {
    let Some(policy) = policies.iter().find(|it| it.module_name() == MODULE) else {
        return Ok(Settings::default());
    };
    admission::read_settings(&policy.spec.settings.to_string())
        .map_err(|complaint| policy.error(&complaint))
}

/// Whether the object is an Ingress, of whatever version.
pub fn is_ingress(object: &Object) -> bool {
    let (group, _) = kinds::group_version(object.api_version());
    object.kind() == "Ingress" && matches!(group, "networking.k8s.io" | "extensions")
}

/// What an Ingress says, as routes.
///
/// # Errors
/// When it cannot be read.
pub fn translation(
    object: &Object,
    settings: &Settings,
    services: &Services,
) -> Result<Translation, Malformed> {
    let text = object.value.to_string();
    let ingress = Node::parse(&text)?.object()?;
    let class = Class::read(&ingress)?;
    let options = Options {
        gateway: Gateway {
            namespace: &settings.gateway.namespace,
            name: &settings.gateway.name,
            section_name: settings.gateway.section_name.as_deref(),
        },
        domain: settings.domain.as_deref(),
        nginx: class.names().all(|name| settings.is_allowed(name)),
    };
    let namespace = simulator::namespace(&object.value).unwrap_or_default();
    translate(&ingress, &options, &|service, port| {
        services.port(&namespace, service, port)
    })
}

/// Which Ingress a route is of, by namespace, kind and name.
#[derive(Debug, Default)]
pub struct RouteNames(BTreeMap<(String, &'static str, String), String>);

impl RouteNames {
    /// Two Ingresses can come to one name of a route: `a` with the host `b.c`, `a-b` with `c`.
    pub fn tell_apart(&mut self, object: &Object, translation: &mut Translation) {
        for route in &mut translation.routes {
            let namespace = route.namespace.clone().unwrap_or_default();
            let key = |kind: Kind, name: &str| (namespace.clone(), kind.name(), name.to_owned());
            let of_other = self
                .0
                .get(&key(route.kind, &route.name))
                .is_some_and(|ingress| ingress != object.name());
            if of_other {
                route.name = ingress2route::disambiguate(&route.name, object.name());
            }
            let key = key(route.kind, &route.name);
            self.0.insert(key, object.name().to_owned());
        }
    }
}
