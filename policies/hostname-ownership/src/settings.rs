//! The settings of hostname-ownership.

mod errors;

use admission::{Domain, Exemption, Rule, RuleId, strings};

admission::settings! {
    /// Settings of hostname-ownership. The defaults are K8TRE's conventions, the same on every vendor: the
    /// hosts that the platform uses itself, and the Gateway's own two routes. What differs between TREs has no
    /// default: the domain, and the hosts of each namespace.
    pub struct Settings {
        /// The domain that hostnames must be below, such as `k8tre.internal`. If not set, they may be in any
        /// domain.
        #[title = "Domain"]
        pub domain: Option<String> = None,
        /// Hosts below the domain that no route may claim: those of the Gateway's health probe, of Active
        /// Directory, and of kare-dns.
        #[title = "Reserved hosts"]
        pub reserved_hosts: Vec<String> = strings(&["ad", "apex", "dns", "gw", "ns1"]),
        /// The hosts that each namespace may claim. If not empty, namespaces that are not listed may claim no
        /// host; if empty, every namespace may claim any host.
        #[title = "Delegation"]
        pub delegation: Vec<Delegation> = Vec::new(),
        /// Annotations whose hostnames ExternalDNS publishes in addition to those of the route's spec.
        #[title = "Hostname annotations"]
        pub hostname_annotations: Vec<String> = strings(&[
            "external-dns.alpha.kubernetes.io/hostname",
            "external-dns.kubernetes.io/hostname",
        ]),
        /// Routes that are accepted without checks.
        #[title = "Exemptions"]
        pub exemptions: Vec<Exemption> = Exemption::gateway_routes(),
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
        /// The hosts that its routes may claim, without the domain: `jupyter`.
        pub hosts: Vec<String>,
    }
}

impl Settings {
    /// Returns the domain of the TRE.
    pub(crate) fn domain(&self) -> Domain<'_> {
        Domain::new(self.domain.as_deref())
    }

    /// Returns the rules that are disabled.
    pub(crate) fn disabled_rules(&self) -> impl Iterator<Item = Rule> {
        self.disabled_rules.iter().map(|id| id.rule)
    }
}
