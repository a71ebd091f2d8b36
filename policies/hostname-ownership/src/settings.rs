//! The settings of hostname-ownership.

mod errors;

use admission::{Domain, strings};

use crate::rule::Rule;

admission::settings! {
    /// Settings of hostname-ownership. The defaults are K8TRE's conventions, the same on every vendor: the
    /// hosts that the plane keeps for itself, and the two routes that the gateway itself has. What differs
    /// between TREs has to be given: the domain, and who has which host.
    pub struct Settings {
        /// The domain that hostnames are below, such as `k8tre.internal`. Any domain will do when not set.
        #[title = "Domain"]
        pub domain: Option<String> = None,
        /// Hosts below the domain that no route may claim: the gateway's health probe, Active Directory
        /// and what kare-dns keeps there for itself.
        #[title = "Reserved hosts"]
        pub reserved_hosts: Vec<String> = strings(&["ad", "apex", "dns", "gw", "ns1"]),
        /// The hosts that namespaces may claim. Every namespace may claim any when empty; else those that
        /// are not listed may claim none.
        #[title = "Delegation"]
        pub delegation: Vec<Delegation> = Vec::new(),
        /// Annotations by which ExternalDNS publishes hostnames beside the route's own.
        #[title = "Hostname annotations"]
        pub hostname_annotations: Vec<String> = strings(&[
            "external-dns.alpha.kubernetes.io/hostname",
            "external-dns.kubernetes.io/hostname",
        ]),
        /// Routes that are not checked.
        #[title = "Exemptions"]
        pub exemptions: Vec<Exemption> = ["gw-health-probe-route", "http-to-https-redirect"]
            .map(|name| Exemption {
                namespace: "gateway".to_owned(),
                name: name.to_owned(),
            })
            .to_vec(),
        /// Rules that are off.
        #[title = "Disabled rules"]
        pub disabled_rules: Vec<Rule> = Vec::new(),
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

admission::settings! {
    /// A route that is not checked.
    pub struct Exemption {
        /// Its namespace.
        pub namespace: String,
        /// Its name.
        pub name: String,
    }
}

impl Settings {
    /// The domain of the TRE.
    pub(crate) fn domain(&self) -> Domain<'_> {
        Domain::new(self.domain.as_deref())
    }

    /// Whether a route is not checked.
    pub(crate) fn exempts(&self, namespace: &str, name: &str) -> bool {
        let mut exemptions = self.exemptions.iter();
        exemptions.any(|it| it.namespace == namespace && it.name == name)
    }
}
