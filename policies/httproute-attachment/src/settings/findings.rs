//! What a type cannot say of settings.

use admission::SettingFindings;

use super::Settings;

impl admission::Settings for Settings {
    fn findings(&self) -> Vec<String> {
        let mut findings = SettingFindings::default();
        let gateway = &self.gateway;
        findings.namespace(format_args!("gateway.namespace"), &gateway.namespace);
        findings.name(format_args!("gateway.name"), &gateway.name);
        for (index, name) in gateway.section_names.iter().enumerate() {
            findings.name(format_args!("gateway.sectionNames[{index}]"), name);
        }
        if let Some(domain) = &self.domain {
            findings.domain(format_args!("domain"), domain);
        }
        for (index, backends) in self.backends.iter().enumerate() {
            let setting = format_args!("backends[{index}].namespace");
            findings.namespace(setting, &backends.namespace);
            for (service_index, service) in backends.services.iter().enumerate() {
                let setting = format_args!("backends[{index}].services[{service_index}]");
                findings.service(setting, service);
            }
        }
        for (index, header) in self.identity_headers.iter().enumerate() {
            let name = header.strip_suffix('*').unwrap_or(header);
            let good =
                !header.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            let setting = format_args!("identityHeaders[{index}]");
            findings.require(good, setting, header, HEADER);
        }
        for (index, namespace) in self.platform_namespaces.iter().enumerate() {
            findings.namespace(format_args!("platformNamespaces[{index}]"), namespace);
        }
        for (index, exemption) in self.exemptions.iter().enumerate() {
            let setting = format_args!("exemptions[{index}].namespace");
            findings.namespace(setting, &exemption.namespace);
            findings.name(format_args!("exemptions[{index}].name"), &exemption.name);
        }
        findings.into_vec()
    }
}

const HEADER: &str = "header: letters, digits and `-`, with a `*` at the end for anything";
