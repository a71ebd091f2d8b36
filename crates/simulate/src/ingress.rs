//! Translation of Ingresses to routes, with the settings of the policy httproute-over-ingress.

use std::collections::{BTreeMap, BTreeSet};

use admission::{Malformed, Node};
use httproute_over_ingress::Settings;
use ingress2route::{Class, Kind, Translation, translate};
use manifest::{Object, Problem};
use serde_json::Value;

use kubewarden::{Policy, kinds};

use crate::services::Services;
use crate::simulator;

/// The module of the policy whose settings apply.
pub(crate) const MODULE: &str = "httproute-over-ingress";

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

/// The Ingresses in the manifests, by namespace and name.
#[derive(Debug, Default)]
pub struct Ingresses(BTreeMap<(String, String), (BTreeSet<String>, String)>);

impl Ingresses {
    /// Adds the object if it is an Ingress.
    pub fn add(&mut self, object: &Object) {
        if is_ingress(object) {
            let rules = object
                .value
                .pointer("/spec/rules")
                .and_then(Value::as_array);
            let host = |rule: &Value| {
                rule.get("host")
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned()
            };
            let hosts = rules.into_iter().flatten().map(host).collect();
            self.0
                .insert(key(object), (hosts, object.value.to_string()));
        }
    }

    /// Returns the other Ingresses with a common host.
    fn siblings(&self, object: &Object) -> impl Iterator<Item = &str> {
        let mine = key(object);
        let hosts = self.0.get(&mine).map(|(hosts, _)| hosts);
        let others = self.0.iter().filter(move |(key, (theirs, _))| {
            **key != mine && hosts.is_some_and(|hosts| !hosts.is_disjoint(theirs))
        });
        others.map(|(_, (_, text))| text.as_str())
    }
}

fn key(object: &Object) -> (String, String) {
    let namespace = simulator::namespace(&object.value).unwrap_or_default();
    (namespace, object.name().to_owned())
}

/// Translates an Ingress to routes, beside the other `ingresses`.
///
/// # Errors
/// Returns an error if the Ingress is malformed.
pub fn translate_ingress(
    object: &Object,
    settings: &Settings,
    services: &Services,
    ingresses: &Ingresses,
) -> Result<Translation, Malformed> {
    let text = object.value.to_string();
    let ingress = Node::parse(&text)?.object()?;
    let class = Class::read(&ingress)?;
    let is_sibling = |sibling: &admission::Object<'_>| {
        Class::read(sibling)
            .is_ok_and(|other| settings.serves(&other) && other.is_compatible(&class))
    };
    let siblings = ingresses.siblings(object);
    let siblings = siblings.filter_map(|text| Node::parse(text).ok()?.object().ok());
    let siblings: Vec<_> = siblings.filter(is_sibling).collect();
    let reports = services.features().map(|it| |name: &str| it.contains(name));
    let reports = reports.as_ref().map(|it| it as &dyn Fn(&str) -> bool);
    let options = settings.options(settings.serves(&class), reports);
    let namespace = simulator::namespace(&object.value).unwrap_or_default();
    translate(&ingress, &siblings, &options, &|service, port| {
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
