//! Checks of settings beyond their types.

use admission::{SettingErrors, is_dns_label, is_dns_subdomain};

use ingress2route::split_once;

use super::{Exemption, Settings};
use crate::date;

impl admission::Settings for Settings {
    fn errors(&self) -> Vec<String> {
        let mut errors = SettingErrors::default();
        for (index, class) in self.allowed_classes.iter().enumerate() {
            errors.name(format_args!("allowedClasses[{index}]"), class);
        }
        let gateway = &self.gateway;
        errors.namespace(format_args!("gateway.namespace"), &gateway.namespace);
        errors.name(format_args!("gateway.name"), &gateway.name);
        if let Some(section) = &gateway.section_name {
            errors.name(format_args!("gateway.sectionName"), section);
        }
        if let Some(domain) = &self.domain {
            errors.domain(format_args!("domain"), domain);
        }
        for (index, backend) in self.auth_backends.iter().enumerate() {
            let setting = format_args!("authBackends[{index}]");
            errors.require(is_namespaced(backend), setting, backend, BACKEND);
        }
        for (index, exemption) in self.exemptions.iter().enumerate() {
            exemption.check(&format!("exemptions[{index}]"), &mut errors);
        }
        if let Some(acme) = &self.acme_solvers {
            let account = &acme.service_account;
            let setting = format_args!("acmeSolvers.serviceAccount");
            errors.require(is_namespaced(account), setting, account, ACCOUNT);
        }
        errors.into_vec()
    }
}

impl Exemption {
    fn check(&self, setting: &str, errors: &mut SettingErrors) {
        errors.namespace(format_args!("{setting}.namespace"), &self.namespace);
        if let Some(name) = &self.name {
            errors.name(format_args!("{setting}.name"), name);
        }
        if let Some(class) = &self.ingress_class {
            errors.name(format_args!("{setting}.ingressClass"), class);
        }
        if let Some(service) = &self.backend_service {
            errors.service(format_args!("{setting}.backendService"), service);
        }
        if self.reason.trim().is_empty() {
            errors.push(format!(
                "setting `{setting}.reason`: is empty; state why these Ingresses are exempt"
            ));
        }
        if let Some(expires) = &self.expires {
            let setting = format_args!("{setting}.expires");
            errors.require(date::is_date(expires), setting, expires, DATE);
        }
    }
}

/// Whether the text is a namespace and a name.
fn is_namespaced(text: &str) -> bool {
    split_once(text, b'/')
        .is_some_and(|(namespace, name)| is_dns_label(namespace) && is_dns_subdomain(name))
}

const BACKEND: &str = "a Service: use namespace and name, such as `auth/oauth2-proxy`";
const DATE: &str = "a date: use year, month and day, such as `2030-12-31`";
const ACCOUNT: &str =
    "a service account: use namespace and name, such as `cert-manager/cert-manager`";
