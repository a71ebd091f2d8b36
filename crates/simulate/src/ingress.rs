//! Translation of Ingresses to routes, with the settings of the policy httproute-over-ingress.

use std::collections::BTreeMap;

use admission::{Malformed, Node};
use httproute_over_ingress::Settings;
use ingress2route::{Class, Gateway, Kind, Options, Translation, translate};
use manifest::{Object, Problem};

use kubewarden::{Policy, kinds};

use crate::services::Services;
use crate::simulator;

/// The module of the policy whose settings apply.
const MODULE: &str = "httproute-over-ingress";

/// Returns the settings of the policy httproute-over-ingress, or its defaults if there is no such policy.
///
/// # Errors
/// Returns an error if the settings are invalid.
pub fn route_settings(policies: &[Policy]) -> Result<Settings, Problem> {
    let Some(policy) = policies.iter().find(|it| it.module_name() == MODULE) else {
        return Ok(Settings::default());
    };
    admission::read_settings(&policy.spec.settings.to_string())
        .map_err(|complaint| policy.error(&complaint))
}

/// Reports whether the object is an Ingress, of any API version.
pub fn is_ingress(object: &Object) -> bool {
    let (group, _) = kinds::group_version(object.api_version());
    object.kind() == "Ingress" && matches!(group, "networking.k8s.io" | "extensions")
}

/// Translates an Ingress to routes.
///
/// # Errors
/// Returns an error if the Ingress is malformed.
pub fn translate_ingress(
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

/// The names of all routes so far, to keep them unique.
///
/// Maps the namespace, kind and name of each route to its Ingress.
#[derive(Debug, Default)]
pub struct RouteNames(BTreeMap<(String, &'static str, String), String>);

impl RouteNames {
    /// Renames routes whose names another Ingress uses already. For example, Ingress `a` with the host `b.c`
    /// and Ingress `a-b` with the host `c` both produce `a-b-c`.
    pub fn deduplicate(&mut self, object: &Object, translation: &mut Translation) {
        for route in &mut translation.routes {
            let namespace = route.namespace.clone().unwrap_or_default();
            let key = |kind: Kind, name: &str| (namespace.clone(), kind.name(), name.to_owned());
            let is_taken = self
                .0
                .get(&key(route.kind, &route.name))
                .is_some_and(|ingress| ingress != object.name());
            if is_taken {
                route.name = ingress2route::disambiguate(&route.name, object.name());
            }
            let key = key(route.kind, &route.name);
            self.0.insert(key, object.name().to_owned());
        }
    }
}
