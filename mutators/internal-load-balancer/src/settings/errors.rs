//! Checks of settings beyond their types.

use std::fmt::Arguments;
use std::net::IpAddr;

use admission::is_dns_subdomain;

use super::{Aws, Azure, Cilium, Custom, Metallb, Oci, ProbeProtocol, Provider, Public, Settings};
use crate::address::is_public;

/// A Service's or class's name is a DNS-1123 label or subdomain.
const A_NAME: &str = "a name of lower-case letters, digits, `-` and `.`";

impl admission::Settings for Settings {
    fn errors(&self) -> Vec<String> {
        let mut errors = Findings(Vec::new());
        self.check_gateways(&mut errors);
        self.check_options(&mut errors);
        for (index, public) in self.public.iter().enumerate() {
            let earlier = self.public.iter().take(index);
            public.check(index, earlier, &mut errors);
        }
        self.azure.check(&mut errors);
        if let Some(pool) = &self.metallb.address_pool {
            let good = is_dns_subdomain(pool);
            let what = "an IPAddressPool's name, or null to leave the choice to MetalLB";
            errors.check(format_args!("metallb.addressPool"), pool, good, what);
        }
        errors.check_ips("metallb.ips", &self.metallb.ips);
        errors.check_ips("cilium.ips", &self.cilium.ips);
        for (key, _) in self.custom.annotations.iter() {
            let what = "an annotation's key: a domain, `/`, and letters, digits, `-`, `_` and `.`";
            let good = is_annotation_key(key);
            errors.check(format_args!("custom.annotations"), key, good, what);
        }
        errors.0
    }
}

impl Settings {
    fn check_gateways(&self, errors: &mut Findings) {
        for (index, class) in self.node_port_classes.iter().enumerate() {
            let setting = format_args!("nodePortClasses[{index}]");
            errors.check(setting, class, is_dns_subdomain(class), A_NAME);
        }
        for (index, name) in self.hostnames.iter().enumerate() {
            let good = is_dns_subdomain(name.strip_prefix("*.").unwrap_or(name));
            let what = "a host name in lower case, perhaps after `*.`";
            errors.check(format_args!("hostnames[{index}]"), name, good, what);
        }
        let prefix = &self.external_dns_prefix;
        let good = prefix.strip_suffix('/').is_some_and(is_dns_subdomain);
        let what = "a domain and a slash, such as external-dns.kubernetes.io/";
        errors.check(format_args!("externalDnsPrefix"), prefix, good, what);
    }

    /// Options are for one provider: of the others nothing differs from the default.
    fn check_options(&self, errors: &mut Findings) {
        for (vendor, set) in [
            (Provider::Azure, self.azure != Azure::default()),
            (Provider::Aws, self.aws != Aws::default()),
            (Provider::Metallb, self.metallb != Metallb::default()),
            (Provider::Cilium, self.cilium != Cilium::default()),
            (Provider::Oci, self.oci != Oci::default()),
            (Provider::Custom, self.custom != Custom::default()),
        ] {
            if set && vendor != self.provider {
                let (name, provider) = (vendor.name(), self.provider.name());
                let problem =
                    format_args!("is for provider {name}, and `provider` is {provider}; remove it");
                errors.add(format_args!("{name}"), problem);
            }
        }
        if self.provider == Provider::Custom && self.custom.annotations.is_empty() {
            let problem = "is empty; write the annotations that make a load balancer internal";
            errors.add(
                format_args!("custom.annotations"),
                format_args!("{problem}"),
            );
        }
    }
}

impl Public {
    fn check<'a>(
        &self,
        index: usize,
        mut earlier: impl Iterator<Item = &'a Self>,
        errors: &mut Findings,
    ) {
        for (field, value) in [("namespace", &self.namespace), ("name", &self.name)] {
            let setting = format_args!("public[{index}].{field}");
            errors.check(setting, value, is_dns_subdomain(value), A_NAME);
        }
        let good = !self.reason.trim().is_empty();
        let what = "why it is public, and who approved it";
        errors.check(
            format_args!("public[{index}].reason"),
            &self.reason,
            good,
            what,
        );
        if earlier.any(|other| other.namespace == self.namespace && other.name == self.name) {
            let problem = format_args!("`{}/{}` is listed twice", self.namespace, self.name);
            errors.add(format_args!("public[{index}]"), problem);
        }
    }
}

impl Azure {
    fn check(&self, errors: &mut Findings) {
        if let Some(subnet) = &self.subnet {
            let good = !subnet.trim().is_empty();
            let what = "a subnet's name, or null for the cluster's own";
            errors.check(format_args!("azure.subnet"), subnet, good, what);
        }
        if let Some(ip) = &self.ip {
            let good = private(ip).is_some_and(|ip| ip.is_ipv4());
            errors.check(format_args!("azure.ip"), ip, good, "a private IPv4 address");
        }
        if let Some(path) = &self.health_probe_path {
            let setting = format_args!("azure.healthProbePath");
            let what = "a path that begins with `/`";
            errors.check(setting, path, path.starts_with('/'), what);
            if !matches!(
                self.health_probe_protocol,
                Some(ProbeProtocol::Http | ProbeProtocol::Https)
            ) {
                let problem = "has no effect unless `azure.healthProbeProtocol` is http or https";
                errors.add(setting, format_args!("{problem}"));
            }
        }
    }
}

/// What is wrong, gathered.
struct Findings(Vec<String>);

impl Findings {
    fn add(&mut self, setting: Arguments<'_>, problem: Arguments<'_>) {
        self.0.push(format!("setting `{setting}`: {problem}"));
    }

    fn check(&mut self, setting: Arguments<'_>, value: &str, good: bool, wanted: &str) {
        if !good {
            self.add(setting, format_args!("`{value}` must be {wanted}"));
        }
    }

    fn check_ips(&mut self, setting: &str, ips: &[String]) {
        for (index, ip) in ips.iter().enumerate() {
            let setting = format_args!("{setting}[{index}]");
            let what = "an IP address that is not public";
            self.check(setting, ip, private(ip).is_some(), what);
            if ips.iter().take(index).any(|other| other == ip) {
                self.add(setting, format_args!("`{ip}` is listed twice"));
            }
        }
    }
}

/// The address that `text` is, if it is one and not public.
fn private(text: &str) -> Option<IpAddr> {
    text.parse().ok().filter(|ip| !is_public(*ip))
}

/// Kubernetes' "qualified name": an optional domain, then at most 63 characters. Keys are not told
/// apart by case in the domain, so that must be lower-case here.
fn is_annotation_key(key: &str) -> bool {
    let (domain, name) = match key.split_once('/') {
        Some((domain, name)) => (Some(domain), name),
        None => (None, key),
    };
    let outer = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = name.as_bytes();
    domain.is_none_or(is_dns_subdomain)
        && bytes.len() <= 63
        && outer(bytes.first())
        && outer(bytes.last())
        && bytes
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
}
