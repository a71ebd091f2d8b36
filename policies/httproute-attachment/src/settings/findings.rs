//! What a type cannot say of settings.

use admission::{is_dns_label, is_dns_subdomain, is_placeholder};

use super::Settings;

impl admission::Settings for Settings {
    fn findings(&self) -> Vec<String> {
        let mut findings = Vec::new();
        let mut must = |good: bool, setting: &dyn Fn() -> String, value: &str, form: &str| {
            if !good {
                let setting = setting();
                findings.push(format!("setting `{setting}`: `{value}` is no {form}"));
            }
        };
        let gateway = &self.gateway;
        let namespace = &gateway.namespace;
        must(
            is_dns_label(namespace),
            &|| "gateway.namespace".to_owned(),
            namespace,
            NAMESPACE,
        );
        let name = &gateway.name;
        must(
            is_dns_subdomain(name),
            &|| "gateway.name".to_owned(),
            name,
            NAME,
        );
        for (index, name) in gateway.section_names.iter().enumerate() {
            let setting = || format!("gateway.sectionNames[{index}]");
            must(is_dns_subdomain(name), &setting, name, NAME);
        }
        if let Some(domain) = &self.domain {
            let good = is_dns_subdomain(domain) || is_placeholder(domain);
            must(good, &|| "domain".to_owned(), domain, DOMAIN);
        }
        for (index, host) in self.reserved_hosts.iter().enumerate() {
            must(
                is_dns_subdomain(host),
                &|| format!("reservedHosts[{index}]"),
                host,
                HOST,
            );
        }
        for (index, delegation) in self.delegation.iter().enumerate() {
            let namespace = &delegation.namespace;
            let setting = || format!("delegation[{index}].namespace");
            must(is_dns_label(namespace), &setting, namespace, NAMESPACE);
            for (host_index, host) in delegation.hosts.iter().enumerate() {
                let setting = || format!("delegation[{index}].hosts[{host_index}]");
                must(is_dns_subdomain(host), &setting, host, HOST);
            }
        }
        for (index, backends) in self.backends.iter().enumerate() {
            let namespace = &backends.namespace;
            let setting = || format!("backends[{index}].namespace");
            must(is_dns_label(namespace), &setting, namespace, NAMESPACE);
            for (service_index, service) in backends.services.iter().enumerate() {
                let setting = || format!("backends[{index}].services[{service_index}]");
                must(is_dns_label(service), &setting, service, SERVICE);
            }
        }
        for (index, header) in self.identity_headers.iter().enumerate() {
            let name = header.strip_suffix('*').unwrap_or(header);
            let good =
                !header.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            must(
                good,
                &|| format!("identityHeaders[{index}]"),
                header,
                HEADER,
            );
        }
        for (index, namespace) in self.platform_namespaces.iter().enumerate() {
            let setting = || format!("platformNamespaces[{index}]");
            must(is_dns_label(namespace), &setting, namespace, NAMESPACE);
        }
        for (index, exemption) in self.exemptions.iter().enumerate() {
            let (namespace, name) = (&exemption.namespace, &exemption.name);
            let setting = || format!("exemptions[{index}].namespace");
            must(is_dns_label(namespace), &setting, namespace, NAMESPACE);
            let setting = || format!("exemptions[{index}].name");
            must(is_dns_subdomain(name), &setting, name, NAME);
        }
        findings
    }
}

const NAMESPACE: &str = "namespace: lower-case letters, digits and `-`, at most 63 characters";
const NAME: &str = "name: lower-case letters, digits, `-` and `.`, at most 253 characters";
const SERVICE: &str = "Service's name: lower-case letters, digits and `-`, at most 63 characters";
const DOMAIN: &str = "domain, such as `k8tre.internal`, nor a placeholder such as `${DOMAIN}`";
const HOST: &str = "host; write what stands before the domain, such as `jupyter`";
const HEADER: &str = "header: letters, digits and `-`, with a `*` at the end for anything";
