//! What a type cannot say of settings.

use admission::{is_dns_label, is_dns_subdomain, is_placeholder};

use super::{Exemption, Settings};
use crate::date;

impl admission::Settings for Settings {
    fn findings(&self) -> Vec<String> {
        let mut findings = Findings(Vec::new());
        for (index, class) in self.allowed_classes.iter().enumerate() {
            let setting = format!("allowedClasses[{index}]");
            findings.must(is_dns_subdomain(class), &setting, class, NAME);
        }
        let gateway = &self.gateway;
        let (namespace, name) = (&gateway.namespace, &gateway.name);
        findings.must(
            is_dns_label(namespace),
            "gateway.namespace",
            namespace,
            NAMESPACE,
        );
        findings.must(is_dns_subdomain(name), "gateway.name", name, NAME);
        if let Some(section) = &gateway.section_name {
            let good = is_dns_subdomain(section);
            findings.must(good, "gateway.sectionName", section, NAME);
        }
        if let Some(domain) = &self.domain {
            let good = is_dns_subdomain(domain) || is_placeholder(domain);
            findings.must(good, "domain", domain, DOMAIN);
        }
        for (index, exemption) in self.exemptions.iter().enumerate() {
            findings.exemption(&format!("exemptions[{index}]"), exemption);
        }
        if let Some(acme) = &self.acme_solvers {
            let account = &acme.service_account;
            let good = account
                .split_once('/')
                .is_some_and(|(namespace, name)| is_dns_label(namespace) && is_dns_subdomain(name));
            findings.must(good, "acmeSolvers.serviceAccount", account, ACCOUNT);
        }
        findings.0
    }
}

struct Findings(Vec<String>);

impl Findings {
    fn must(&mut self, good: bool, setting: &str, value: &str, form: &str) {
        if !good {
            self.0
                .push(format!("setting `{setting}`: `{value}` is no {form}"));
        }
    }

    fn exemption(&mut self, setting: &str, exemption: &Exemption) {
        let namespace = &exemption.namespace;
        let good = is_dns_label(namespace);
        self.must(good, &format!("{setting}.namespace"), namespace, NAMESPACE);
        for (field, value) in [
            ("name", &exemption.name),
            ("ingressClass", &exemption.ingress_class),
        ] {
            if let Some(value) = value {
                let good = is_dns_subdomain(value);
                self.must(good, &format!("{setting}.{field}"), value, NAME);
            }
        }
        if let Some(service) = &exemption.backend_service {
            let setting = format!("{setting}.backendService");
            self.must(is_dns_label(service), &setting, service, SERVICE);
        }
        if exemption.reason.trim().is_empty() {
            self.0.push(format!(
                "setting `{setting}.reason`: is empty; say why these Ingresses are not judged"
            ));
        }
        if let Some(expires) = &exemption.expires {
            let setting = format!("{setting}.expires");
            self.must(date::is_date(expires), &setting, expires, DATE);
        }
    }
}

const NAMESPACE: &str = "namespace: lower-case letters, digits and `-`, at most 63 characters";
const NAME: &str = "name: lower-case letters, digits, `-` and `.`, at most 253 characters";
const SERVICE: &str = "Service's name: lower-case letters, digits and `-`, at most 63 characters";
const DOMAIN: &str = "domain, such as `k8tre.internal`, nor a placeholder such as `${DOMAIN}`";
const DATE: &str = "day; write year, month and day: `2030-12-31`";
const ACCOUNT: &str = "service account; write namespace and name: `cert-manager/cert-manager`";
