//! Checks of settings beyond their types.

use admission::{SettingErrors, is_dns_subdomain};

use super::Settings;

impl admission::Settings for Settings {
    fn errors(&self) -> Vec<String> {
        let mut errors = SettingErrors::default();
        if let Some(domain) = &self.domain {
            errors.domain(format_args!("domain"), domain);
        }
        for (index, host) in self.reserved_hosts.iter().enumerate() {
            let setting = format_args!("reservedHosts[{index}]");
            errors.require(is_dns_subdomain(host), setting, host, HOST);
        }
        for (index, delegation) in self.delegation.iter().enumerate() {
            let setting = format_args!("delegation[{index}].namespace");
            errors.namespace(setting, &delegation.namespace);
            for (host_index, host) in delegation.hosts.iter().enumerate() {
                let setting = format_args!("delegation[{index}].hosts[{host_index}]");
                errors.require(is_dns_subdomain(host), setting, host, HOST);
            }
        }
        errors.exemptions(&self.exemptions);
        errors.into_vec()
    }
}

const HOST: &str = "a host: write the part before the domain, such as `jupyter`";
