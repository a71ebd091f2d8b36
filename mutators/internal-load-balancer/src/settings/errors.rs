//! Checks of settings beyond their types.

use std::net::IpAddr;

use admission::{SettingErrors, is_dns_subdomain};

use super::{Aws, Azure, Cilium, Custom, Metallb, Oci, ProbeProtocol, Provider, Public, Settings};
use crate::address::{is_public, parse};

impl admission::Settings for Settings {
    fn errors(&self) -> Vec<String> {
        let mut errors = SettingErrors::default();
        self.check_gateways(&mut errors);
        self.check_options(&mut errors);
        for (index, public) in self.public.iter().enumerate() {
            let earlier = self.public.iter().take(index);
            public.check(index, earlier, &mut errors);
        }
        for (index, reserved) in self.reserved_addresses.iter().enumerate() {
            let setting = format_args!("reservedAddresses[{index}].namespace");
            errors.name(setting, &reserved.namespace);
            for (at, address) in reserved.addresses.iter().enumerate() {
                let setting = format_args!("reservedAddresses[{index}].addresses[{at}]");
                errors.require(address.parse::<IpAddr>().is_ok(), setting, address, ADDRESS);
            }
        }
        self.azure.check(&mut errors);
        if let Some(pool) = &self.metallb.address_pool {
            let setting = format_args!("metallb.addressPool");
            errors.require(is_dns_subdomain(pool), setting, pool, POOL);
        }
        check_addresses("metallb.ips", &self.metallb.ips, &mut errors);
        check_addresses("cilium.ips", &self.cilium.ips, &mut errors);
        for (key, _) in self.custom.annotations.iter() {
            let setting = format_args!("custom.annotations");
            errors.require(is_annotation_key(key), setting, key, ANNOTATION_KEY);
        }
        errors.into_vec()
    }
}

const ADDRESS: &str = "an IP address: write one such as `10.43.0.53`";
const POOL: &str = "the name of an IPAddressPool; use null to let MetalLB choose";
const ANNOTATION_KEY: &str =
    "an annotation key: use a domain, `/`, and letters, digits, `-`, `_` and `.`";
const CLASS: &str =
    "a load balancer class: use a domain, `/` and a name, such as `example.com/internal`";
const HOSTNAME: &str =
    "a hostname: use lower-case letters, digits, `-` and `.`, with `*.` only at the start";
const PREFIX: &str = "a prefix: use a domain and `/`, such as `external-dns.kubernetes.io/`";
const REASON: &str = "a reason: write why the load balancer is public and who approved it";
const SUBNET: &str = "the name of a subnet; use null for the subnet of the cluster";

impl Settings {
    fn check_gateways(&self, errors: &mut SettingErrors) {
        for (index, class) in self.allowed_classes.iter().enumerate() {
            let setting = format_args!("allowedClasses[{index}]");
            errors.require(is_annotation_key(class), setting, class, CLASS);
        }
        for (index, class) in self.node_port_classes.iter().enumerate() {
            errors.name(format_args!("nodePortClasses[{index}]"), class);
        }
        for (index, name) in self.hostnames.iter().enumerate() {
            let valid = is_dns_subdomain(name.strip_prefix("*.").unwrap_or(name));
            errors.require(valid, format_args!("hostnames[{index}]"), name, HOSTNAME);
        }
        let prefix = &self.external_dns_prefix;
        let valid = prefix.strip_suffix('/').is_some_and(is_dns_subdomain);
        errors.require(valid, format_args!("externalDnsPrefix"), prefix, PREFIX);
    }

    /// Rejects options that are not for the provider, unless they have their defaults.
    fn check_options(&self, errors: &mut SettingErrors) {
        for (vendor, is_set) in [
            (Provider::Azure, self.azure != Azure::default()),
            (Provider::Aws, self.aws != Aws::default()),
            (Provider::Metallb, self.metallb != Metallb::default()),
            (Provider::Cilium, self.cilium != Cilium::default()),
            (Provider::Oci, self.oci != Oci::default()),
            (Provider::Custom, self.custom != Custom::default()),
        ] {
            if is_set && vendor != self.provider {
                let (name, provider) = (vendor.name(), self.provider.name());
                errors.push(format!(
                    "setting `{name}`: is only for provider {name}, but `provider` is {provider}; remove it"
                ));
            }
        }
        if self.provider == Provider::Custom && self.custom.annotations.is_empty() {
            errors.push(
                "setting `custom.annotations`: is empty; add the annotations that make a load balancer \
                 internal"
                    .to_owned(),
            );
        }
    }
}

impl Public {
    fn check<'a>(
        &self,
        index: usize,
        mut earlier: impl Iterator<Item = &'a Self>,
        errors: &mut SettingErrors,
    ) {
        let Self {
            namespace,
            name,
            reason,
        } = self;
        for (field, value) in [("namespace", namespace), ("name", name)] {
            errors.name(format_args!("public[{index}].{field}"), value);
        }
        let setting = format_args!("public[{index}].reason");
        errors.require(!reason.trim().is_empty(), setting, reason, REASON);
        if earlier.any(|other| other.namespace == *namespace && other.name == *name) {
            errors.push(format!(
                "setting `public[{index}]`: `{namespace}/{name}` is listed twice"
            ));
        }
    }
}

impl Azure {
    fn check(&self, errors: &mut SettingErrors) {
        if let Some(subnet) = &self.subnet {
            let valid = !subnet.trim().is_empty();
            errors.require(valid, format_args!("azure.subnet"), subnet, SUBNET);
        }
        if let Some(ip) = &self.ip {
            let valid = private_address(ip).is_some_and(|ip| ip.is_ipv4());
            let form = "a private IPv4 address";
            errors.require(valid, format_args!("azure.ip"), ip, form);
        }
        if let Some(path) = &self.health_probe_path {
            let setting = format_args!("azure.healthProbePath");
            let form = "a path; begin it with `/`";
            errors.require(path.starts_with('/'), setting, path, form);
            if !matches!(
                self.health_probe_protocol,
                Some(ProbeProtocol::Http | ProbeProtocol::Https)
            ) {
                errors.push(format!(
                    "setting `{setting}`: has no effect unless `azure.healthProbeProtocol` is http or https"
                ));
            }
        }
    }
}

fn check_addresses(setting: &str, ips: &[String], errors: &mut SettingErrors) {
    for (index, ip) in ips.iter().enumerate() {
        let valid = private_address(ip).is_some();
        let form = "a private IP address";
        errors.require(valid, format_args!("{setting}[{index}]"), ip, form);
        if ips.iter().take(index).any(|other| other == ip) {
            errors.push(format!(
                "setting `{setting}[{index}]`: `{ip}` is listed twice"
            ));
        }
    }
}

/// Parses a private IP address; `None` if `text` is anything else.
fn private_address(text: &str) -> Option<IpAddr> {
    let ip = text.parse().ok()?;
    parse(text).filter(|ip| !is_public(*ip)).map(|_| ip)
}

/// Returns whether `key` is a "qualified name" of Kubernetes: an optional domain, then at most 63 characters.
/// Kubernetes ignores case in the domain; here it must be lower-case.
fn is_annotation_key(key: &str) -> bool {
    let (domain, name) = match key.split_once('/') {
        Some((domain, name)) => (Some(domain), name),
        None => (None, key),
    };
    let is_alphanumeric = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = name.as_bytes();
    domain.is_none_or(is_dns_subdomain)
        && bytes.len() <= 63
        && is_alphanumeric(bytes.first())
        && is_alphanumeric(bytes.last())
        && bytes
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(b))
}
