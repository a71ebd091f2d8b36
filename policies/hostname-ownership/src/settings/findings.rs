//! What a type cannot say of settings.

use admission::{SettingFindings, is_dns_subdomain};

use super::Settings;

impl admission::Settings for Settings {
    fn findings(&self) -> Vec<String> {
        let mut findings = SettingFindings::default();
        if let Some(domain) = &self.domain {
            findings.domain(format_args!("domain"), domain);
        }
        for (index, host) in self.reserved_hosts.iter().enumerate() {
            let setting = format_args!("reservedHosts[{index}]");
            findings.require(is_dns_subdomain(host), setting, host, HOST);
        }
        for (index, delegation) in self.delegation.iter().enumerate() {
            let setting = format_args!("delegation[{index}].namespace");
            findings.namespace(setting, &delegation.namespace);
            for (host_index, host) in delegation.hosts.iter().enumerate() {
                let setting = format_args!("delegation[{index}].hosts[{host_index}]");
                findings.require(is_dns_subdomain(host), setting, host, HOST);
            }
        }
        for (index, exemption) in self.exemptions.iter().enumerate() {
            let setting = format_args!("exemptions[{index}].namespace");
            findings.namespace(setting, &exemption.namespace);
            findings.name(format_args!("exemptions[{index}].name"), &exemption.name);
        }
        findings.into_vec()
    }
}

const HOST: &str = "host; write what stands before the domain, such as `jupyter`";
