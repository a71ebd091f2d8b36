//! Where routes go: as the policy says that sends people here, unless the command line says otherwise.

use manifest::Problem;
use serde::Deserialize;
use translation::Gateway;

use crate::arguments::Convert;
use crate::policy::Policy;

/// The module whose policy says it.
const MODULE: &str = "httproute-over-ingress";

/// What the module's settings and the translation have in common.
#[derive(Debug, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Settings {
    gateway: Named,
    pub(crate) domain: Option<String>,
    allowed_classes: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Named {
    namespace: String,
    name: String,
    section_name: Option<String>,
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
    /// # Errors
    /// When the policy's settings have another form.
    pub(crate) fn read(arguments: &Convert, policies: &[Policy]) -> Result<Self, Problem> {
        let mut settings = match policies.iter().find(|it| it.module_name() == MODULE) {
            Some(policy) if policy.spec.settings.is_object() => {
                serde_json::from_value(policy.spec.settings.clone())
                    .map_err(|error| policy.error(&format!("settings: {error}")))?
            }
            _ => Self::default(),
        };
        if let Some((namespace, name)) = arguments.gateway.clone() {
            settings.gateway = Named {
                namespace,
                name,
                section_name: None,
            };
        }
        if arguments.section_name.is_some() {
            settings.gateway.section_name = arguments.section_name.clone();
        }
        if arguments.domain.is_some() {
            settings.domain = arguments.domain.clone();
        }
        if !arguments.nginx_class.is_empty() {
            settings.allowed_classes = arguments.nginx_class.clone();
        }
        Ok(settings)
    }

    pub(crate) fn gateway(&self) -> Gateway<'_> {
        Gateway {
            namespace: &self.gateway.namespace,
            name: &self.gateway.name,
            section_name: self.gateway.section_name.as_deref(),
        }
    }

    /// Whether ingress-nginx serves the class.
    pub(crate) fn is_nginx(&self, class: &str) -> bool {
        self.allowed_classes.iter().any(|name| name == class)
    }
}
