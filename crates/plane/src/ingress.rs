//! Ingresses as routes: where these go is as the policy says that sends people here.

use std::collections::BTreeMap;

use admission::{Malformed, Node};
use manifest::{Object, Problem};
use serde::Deserialize;
use translation::{Class, Gateway, Kind, Options, Translation, translate};

use crate::{Policy, Services, evaluate, kinds};

/// The module whose policy says it.
const MODULE: &str = "httproute-over-ingress";

/// What the module's settings and the translation have in common.
#[derive(Debug, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Settings {
    /// The Gateway that routes attach to.
    pub gateway: Named,
    /// The domain of the Gateway's certificate.
    pub domain: Option<String>,
    /// The classes that ingress-nginx serves.
    pub allowed_classes: Vec<String>,
}

/// A Gateway, and perhaps one of its listeners.
#[derive(Debug, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Named {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The listener; each that takes the host if none is named.
    pub section_name: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            gateway: Named::default(),
            domain: None,
            allowed_classes: vec!["nginx".to_owned()],
        }
    }
}

impl Default for Named {
    fn default() -> Self {
        Self {
            namespace: "gateway".to_owned(),
            name: "internal-gateway".to_owned(),
            section_name: None,
        }
    }
}

impl Settings {
    /// Those of the policy, or the module's own where there is no policy.
    ///
    /// # Errors
    /// When the policy's settings have another form.
    pub fn of(policies: &[Policy]) -> Result<Self, Problem> {
        match policies.iter().find(|it| it.module_name() == MODULE) {
            Some(policy) if policy.spec.settings.is_object() => {
                serde_json::from_value(policy.spec.settings.clone())
                    .map_err(|error| policy.error(&format!("settings: {error}")))
            }
            _ => Ok(Self::default()),
        }
    }

    fn gateway(&self) -> Gateway<'_> {
        Gateway {
            namespace: &self.gateway.namespace,
            name: &self.gateway.name,
            section_name: self.gateway.section_name.as_deref(),
        }
    }

    /// Whether ingress-nginx serves the class.
    fn is_nginx(&self, class: &str) -> bool {
        self.allowed_classes.iter().any(|name| name == class)
    }
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
        gateway: settings.gateway(),
        domain: settings.domain.as_deref(),
        nginx: class.names().all(|name| settings.is_nginx(name)),
    };
    let namespace = evaluate::namespace(&object.value).unwrap_or_default();
    translate(&ingress, &options, &|service, port| {
        services.port(&namespace, service, port)
    })
}

/// Which Ingress a route is of, by namespace, kind and name.
#[derive(Debug, Default)]
pub struct Names(BTreeMap<(String, &'static str, String), String>);

impl Names {
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
                route.name = translation::distinct(&route.name, object.name());
            }
            let key = key(route.kind, &route.name);
            self.0.insert(key, object.name().to_owned());
        }
    }
}
