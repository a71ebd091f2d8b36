//! Checks of hostnames that need no cluster data.

use admission::{Findings, Node, Place, Rule, excerpt, is_dns_subdomain, listed};

use crate::published::Published;
use crate::settings::Settings;

admission::rule! {
    /// The route has no hostname, or one that is not a valid DNS name.
    ///
    /// # What it checks
    /// `spec.hostnames` must have at least one entry. Each must be a DNS name of lower-case letters, digits,
    /// `-` and `.`, without a port or a final dot.
    ///
    /// # Why
    /// A route without hostnames receives the requests for every host of the Gateway that no other route has.
    /// Two notations of the same host, such as upper case or a final dot, would bypass the rules that compare
    /// hostnames.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   rules: [{backendRefs: [{name: portal, port: 80}]}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   hostnames: [portal.k8tre.internal]
    ///   rules: [{backendRefs: [{name: portal, port: 80}]}]
    /// ```
    pub HOSTNAMES = "hostnames";
}

admission::rule! {
    /// A hostname is a wildcard.
    ///
    /// # What it checks
    /// No entry of `spec.hostnames` may contain `*`.
    ///
    /// # Why
    /// A wildcard receives the requests for every host that no route names, such as those of an app that is not
    /// deployed yet, and ExternalDNS publishes it.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   hostnames: ["*.k8tre.internal"]
    ///   rules: [{backendRefs: [{name: portal, port: 80}]}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   hostnames: [portal.k8tre.internal, desktop.k8tre.internal]
    ///   rules: [{backendRefs: [{name: portal, port: 80}]}]
    /// ```
    pub WILDCARDS = "wildcards";
}

admission::rule! {
    /// A hostname is outside the domain, or is the domain itself.
    ///
    /// # What it checks
    /// Every entry of `spec.hostnames` must be below the setting `domain`. Without that setting the rule does
    /// nothing.
    ///
    /// # Why
    /// The Gateway's certificate does not cover other domains, and a route must not publish them. The domain
    /// itself belongs to no app.
    ///
    /// # Example
    /// ```yaml
    /// # settings of hostname-ownership: {domain: k8tre.internal}
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   hostnames: [portal.example.org]
    ///   rules: [{backendRefs: [{name: portal, port: 80}]}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// # settings of hostname-ownership: {domain: k8tre.internal}
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   hostnames: [portal.k8tre.internal]
    ///   rules: [{backendRefs: [{name: portal, port: 80}]}]
    /// ```
    pub DOMAIN = "domain";
}

admission::rule! {
    /// A hostname is more than one label below the domain.
    ///
    /// # What it checks
    /// Every entry of `spec.hostnames` must have exactly one label before the setting `domain`. Without that
    /// setting the rule does nothing.
    ///
    /// # Why
    /// The Gateway has a wildcard certificate, which covers one label: browsers reject
    /// `lab.portal.k8tre.internal`.
    ///
    /// # Example
    /// ```yaml
    /// # settings of hostname-ownership: {domain: k8tre.internal}
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   hostnames: [lab.portal.k8tre.internal]
    ///   rules: [{backendRefs: [{name: portal, port: 80}]}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// # settings of hostname-ownership: {domain: k8tre.internal}
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   hostnames: [lab-portal.k8tre.internal]
    ///   rules: [{backendRefs: [{name: portal, port: 80}]}]
    /// ```
    pub SINGLE_LABEL = "single-label";
}

admission::rule! {
    /// A hostname is reserved for the platform.
    ///
    /// # What it checks
    /// No entry of `spec.hostnames` may be a host of the setting `reservedHosts`, or below one. If the domain
    /// is not known, the host is the part before the first dot.
    ///
    /// # Why
    /// These are the hosts of the Gateway's health probe, of Active Directory and of kare-dns. A route with
    /// such a hostname would replace their DNS records.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   hostnames: [gw.k8tre.internal]
    ///   rules: [{backendRefs: [{name: portal, port: 80}]}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   hostnames: [portal.k8tre.internal]
    ///   rules: [{backendRefs: [{name: portal, port: 80}]}]
    /// ```
    pub RESERVED_HOSTS = "reserved-hosts";
}

admission::rule! {
    /// A hostname is not delegated to the route's namespace.
    ///
    /// # What it checks
    /// Every entry of `spec.hostnames` must be a host that the setting `delegation` assigns to the namespace.
    /// Without that setting the rule does nothing; with it, namespaces that it does not list may have no
    /// hostnames.
    ///
    /// # Why
    /// ExternalDNS and kare-dns publish every hostname that the Gateway accepts. Without delegation, any
    /// namespace can claim the hostname of any app.
    ///
    /// # Example
    /// ```yaml
    /// # settings of hostname-ownership: {delegation: [{namespace: backend, hosts: [portal]}]}
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   hostnames: [jupyter.k8tre.internal]
    ///   rules: [{backendRefs: [{name: portal, port: 80}]}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// # settings of hostname-ownership: {delegation: [{namespace: backend, hosts: [portal]}]}
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   hostnames: [portal.k8tre.internal]
    ///   rules: [{backendRefs: [{name: portal, port: 80}]}]
    /// ```
    pub DELEGATION = "delegation";
}

admission::rule! {
    /// An annotation publishes hostnames that are not in the spec.
    ///
    /// # What it checks
    /// The route may not have an annotation of the setting `hostnameAnnotations`.
    ///
    /// # Why
    /// ExternalDNS publishes the hostnames in these annotations too, and the other rules only check those in
    /// `spec.hostnames`.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata:
    ///   name: portal
    ///   namespace: backend
    ///   annotations: {external-dns.alpha.kubernetes.io/hostname: jupyter.k8tre.internal}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   hostnames: [portal.k8tre.internal]
    ///   rules: [{backendRefs: [{name: portal, port: 80}]}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   hostnames: [portal.k8tre.internal, desktop.k8tre.internal]
    ///   rules: [{backendRefs: [{name: portal, port: 80}]}]
    /// ```
    pub HOSTNAME_ANNOTATIONS = "hostname-annotations";
}

/// Checks the hostnames that an object in `namespace` publishes.
pub(crate) fn check(
    settings: &Settings,
    namespace: &str,
    published: &Published<'_>,
    findings: &mut Findings,
) {
    let checker = Checker {
        settings,
        namespace,
    };
    for annotation in &published.annotations {
        findings.reject_field(
            HOSTNAME_ANNOTATIONS,
            *annotation,
            "",
            "publishes hostnames that no rule checks; write them in `spec.hostnames`",
        );
    }
    for (node, hostname) in &published.hostnames {
        checker.check(*node, hostname, findings);
    }
    if published.hostnames.is_empty() {
        let domain = settings.domain.as_deref().unwrap_or("example.org");
        let host = checker.delegated_hosts().next().unwrap_or("app");
        findings.reject(
            HOSTNAMES,
            published.list,
            format!("is empty, so the route claims all hosts; write its hosts, such as `[{host}.{domain}]`"),
        );
    }
}

/// A hostname and its place in the domain.
struct Name<'n> {
    text: &'n str,
    place: Place<'n>,
}

impl<'n> Name<'n> {
    /// Returns the part before the first dot.
    fn first_label(&self) -> &'n str {
        self.text.split('.').next().unwrap_or_default()
    }

    /// Returns the part before the domain, or the first label if the domain is unknown.
    fn host(&self) -> &'n str {
        match self.place {
            Place::Below(host) => host,
            Place::Unknown => self.first_label(),
            Place::Apex | Place::Outside => self.text,
        }
    }
}

/// A rule that a hostname breaks, and the message.
type Problem = (Rule, String);

/// Checks the hostnames of one namespace.
struct Checker<'a> {
    settings: &'a Settings,
    namespace: &'a str,
}

impl Checker<'_> {
    /// Reports the first enabled rule that a hostname breaks.
    fn check(&self, node: Node<'_>, text: &str, findings: &mut Findings) {
        let domain = self.settings.domain();
        let name = Name {
            text,
            place: domain.locate(text),
        };
        let checks: [fn(&Self, &Name<'_>) -> Option<Problem>; 5] = [
            Self::wildcard,
            Self::syntax,
            Self::domain,
            Self::reserved_host,
            Self::delegation,
        ];
        let mut problems = checks.iter().filter_map(|check| check(self, &name));
        match problems.find(|(rule, _)| findings.is_enabled(*rule)) {
            Some((rule, message)) => findings.reject_field(rule, node, "", message),
            None if matches!(name.place, Place::Unknown) => domain.warn_unknown(DOMAIN, findings),
            None => {}
        }
    }

    fn wildcard(&self, name: &Name<'_>) -> Option<Problem> {
        name.text.contains('*').then(|| {
            let message = format!(
                "`{}` matches every host that no route names; name each host",
                excerpt(name.text)
            );
            (WILDCARDS, message)
        })
    }

    fn syntax(&self, name: &Name<'_>) -> Option<Problem> {
        let text = match name.place {
            Place::Apex => return None,
            // If the domain is a placeholder, only the part before it must be valid.
            Place::Below(host) => host,
            Place::Outside | Place::Unknown => name.text,
        };
        let text = text.strip_prefix("*.").unwrap_or(text);
        if text == "*" || is_dns_subdomain(text) {
            return None;
        }
        let message = format!(
            "`{}` is not a hostname; use lower-case letters, digits, `-` and `.`, without a port or a \
             final dot",
            excerpt(name.text)
        );
        Some((HOSTNAMES, message))
    }

    fn domain(&self, name: &Name<'_>) -> Option<Problem> {
        let domain = self.settings.domain();
        let text = excerpt(name.text);
        match name.place {
            Place::Apex => {
                let message = format!("`{text}` is the domain itself; write a host below it");
                Some((DOMAIN, message))
            }
            Place::Outside => {
                let host = excerpt(name.first_label());
                let message = format!("`{text}` is outside the domain; write `{host}.{domain}`");
                Some((DOMAIN, message))
            }
            Place::Below(host) if host.contains('.') => {
                let host = host.replace('.', "-");
                let message = format!(
                    "`{text}` is not covered by the domain's certificate; write `{}.{domain}`",
                    excerpt(&host)
                );
                Some((SINGLE_LABEL, message))
            }
            Place::Below(_) | Place::Unknown => None,
        }
    }

    fn reserved_host(&self, name: &Name<'_>) -> Option<Problem> {
        let mut reserved = self.settings.reserved_hosts.iter();
        let is_reserved = reserved.any(|reserved| {
            let before = name.host().strip_suffix(reserved.as_str());
            before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
        });
        is_reserved.then(|| {
            let message = format!(
                "`{}` is reserved for the platform; choose another host",
                excerpt(name.text)
            );
            (RESERVED_HOSTS, message)
        })
    }

    fn delegation(&self, name: &Name<'_>) -> Option<Problem> {
        let mut delegated = self.delegated_hosts();
        if self.settings.delegation.is_empty() || delegated.any(|host| host == name.host()) {
            return None;
        }
        let hosts: Vec<_> = self.delegated_hosts().collect();
        let fix = match hosts.as_slice() {
            [] => "ask the platform team for it".to_owned(),
            hosts => format!("use {}", listed(hosts.iter().copied())),
        };
        let message = format!(
            "`{}` is not delegated to namespace `{}`; {fix}",
            excerpt(name.text),
            excerpt(self.namespace)
        );
        Some((DELEGATION, message))
    }

    /// Returns the hosts that are delegated to the namespace.
    fn delegated_hosts(&self) -> impl Iterator<Item = &str> {
        let delegations = self.settings.delegation.iter();
        delegations
            .filter(|delegation| delegation.namespace == self.namespace)
            .flat_map(|delegation| delegation.hosts.iter().map(String::as_str))
    }
}
