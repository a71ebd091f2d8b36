//! The settings of hostname-ownership.

mod errors;

use admission::{Domain, Exemption, Rule, RuleId, strings};

admission::settings! {
    /// Settings of hostname-ownership. The defaults are K8TRE's conventions, the same on every vendor: the
    /// hosts that the platform uses itself, and the objects that publish them. What differs between TREs has no
    /// default: the domain, and the hosts of each namespace.
    pub struct Settings {
        /// The domain that hostnames must be below, such as `k8tre.internal`. If not set, they may be in any
        /// domain.
        #[title = "Domain"]
        pub domain: Option<String> = None,
        /// Hosts below the domain that no namespace may claim: those of the Gateway's health probe, of Active
        /// Directory, and of kare-dns.
        #[title = "Reserved hosts"]
        pub reserved_hosts: Vec<String> = strings(&["ad", "apex", "dns", "gw", "ns1"]),
        /// The hosts that each namespace may claim. If not empty, namespaces that are not listed may claim no
        /// host; if empty, every namespace may claim any host.
        #[title = "Delegation"]
        pub delegation: Vec<Delegation> = Vec::new(),
        /// Annotations whose hostnames ExternalDNS publishes, in addition to those of the spec.
        #[title = "Hostname annotations"]
        pub hostname_annotations: Vec<String> = strings(&[
            "external-dns.alpha.kubernetes.io/hostname",
            "external-dns.alpha.kubernetes.io/internal-hostname",
            "external-dns.kubernetes.io/hostname",
            "external-dns.kubernetes.io/internal-hostname",
        ]),
        /// Objects, of any kind, that are accepted without checks and that conflict with no other object: those
        /// of the Gateway and of kare-dns.
        #[title = "Exemptions"]
        pub exemptions: Vec<Exemption> = platform_objects(),
        /// The ids of rules to disable.
        #[title = "Disabled rules"]
        pub disabled_rules: Vec<RuleId<Settings>> = Vec::new(),
    }
}

admission::settings! {
    /// The hosts of a namespace.
    pub struct Delegation {
        /// The namespace.
        pub namespace: String,
        /// The hosts that it may claim, without the domain: `jupyter`.
        pub hosts: Vec<String>,
    }
}

/// Returns the exemptions of the objects in `bootstrap/` that publish names: the Gateway's own routes, the
/// Service that Cilium creates for it, the ALB in front of it on AWS, and the Service of kare-dns.
fn platform_objects() -> Vec<Exemption> {
    let mut exemptions = Exemption::gateway_routes();
    for (namespace, name) in [
        ("gateway", "cilium-gateway-internal-gateway"),
        ("gateway", "internal-gateway-ingress"),
        ("kare-dns", "kare-dns"),
    ] {
        exemptions.push(Exemption {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        });
    }
    exemptions
}

impl Settings {
    /// Returns whether an object is accepted without checks.
    pub(crate) fn is_exempt(&self, namespace: &str, name: &str) -> bool {
        let mut exemptions = self.exemptions.iter();
        exemptions.any(|it| it.namespace == namespace && it.name == name)
    }

    /// Returns whether ExternalDNS reads an annotation: it has the prefix of one with hostnames.
    pub(crate) fn is_of_external_dns(&self, key: &str) -> bool {
        let prefix = |key| str::split(key, '/').next().unwrap_or_default();
        let mut publishing = self.hostname_annotations.iter();
        publishing.any(|it| prefix(it.as_str()) == prefix(key))
    }

    /// Returns whether an annotation replaces the address under which ExternalDNS publishes an object.
    pub(crate) fn is_target(&self, key: &str) -> bool {
        key.ends_with("/target") && self.is_of_external_dns(key)
    }

    /// Returns the domain of the TRE.
    pub(crate) fn domain(&self) -> Domain<'_> {
        Domain::new(self.domain.as_deref())
    }

    /// Returns the rules that are disabled.
    pub(crate) fn disabled_rules(&self) -> impl Iterator<Item = Rule> {
        self.disabled_rules.iter().map(|id| id.rule)
    }
}
