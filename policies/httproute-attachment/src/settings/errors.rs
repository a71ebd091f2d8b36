//! Checks of settings beyond their types.

use admission::{SettingErrors, is_dns_label, is_dns_subdomain};

use super::Settings;

impl admission::Settings for Settings {
    fn errors(&self) -> Vec<String> {
        let mut errors = SettingErrors::default();
        let gateway = &self.gateway;
        errors.namespace(format_args!("gateway.namespace"), &gateway.namespace);
        errors.name(format_args!("gateway.name"), &gateway.name);
        for (index, name) in gateway.section_names.iter().enumerate() {
            errors.name(format_args!("gateway.sectionNames[{index}]"), name);
        }
        if let Some(domain) = &self.domain {
            errors.domain(format_args!("domain"), domain);
        }
        for (index, backends) in self.backends.iter().enumerate() {
            let setting = format_args!("backends[{index}].namespace");
            errors.namespace(setting, &backends.namespace);
            for (service_index, service) in backends.services.iter().enumerate() {
                let setting = format_args!("backends[{index}].services[{service_index}]");
                errors.service(setting, service);
            }
        }
        for (index, backend) in self.auth_backends.iter().enumerate() {
            let valid = backend
                .split_once('/')
                .is_some_and(|(namespace, name)| is_dns_label(namespace) && is_dns_subdomain(name));
            let setting = format_args!("authBackends[{index}]");
            errors.require(valid, setting, backend, AUTH_BACKEND);
        }
        for (index, header) in self.identity_headers.iter().enumerate() {
            let name = header.strip_suffix('*').unwrap_or(header);
            let valid =
                !header.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            let setting = format_args!("identityHeaders[{index}]");
            errors.require(valid, setting, header, HEADER);
        }
        for (index, namespace) in self.platform_namespaces.iter().enumerate() {
            errors.namespace(format_args!("platformNamespaces[{index}]"), namespace);
        }
        errors.exemptions(&self.exemptions);
        errors.into_vec()
    }
}

const AUTH_BACKEND: &str = "a Service: use namespace and name, such as `auth/oauth2-proxy`";
const HEADER: &str = "a header name: use letters, digits and `-`, with `*` only at the end";
