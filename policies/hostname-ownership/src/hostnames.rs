//! Checks of hostnames that need no cluster data.

use admission::{Findings, Node, Place, Rule, excerpt, is_dns_subdomain, joined, listed};

use crate::published::{self, Text};
use crate::settings::Settings;

admission::rule! {
    /// The object claims all hosts, or a hostname is not a valid DNS name.
    ///
    /// # What it checks
    /// `spec.hostnames` of a route must have at least one entry. Every rule of an Ingress must have a `host`,
    /// and the Ingress may have no default backend. Every hostname, also in annotations and in DNSEndpoints,
    /// must be a DNS name of lower-case letters, digits, `-` and `.`, without a port or a final dot.
    ///
    /// # Why
    /// Without hosts, a route or Ingress receives the requests for every host that no other object has. Two
    /// notations of the same host, such as upper case or a final dot, would bypass the rules that compare
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
    /// No hostname of a route, Ingress, Service or DNSEndpoint may contain `*`.
    ///
    /// # Why
    /// A wildcard receives the requests for every host that no other object names, such as those of an app that
    /// is not deployed yet, and ExternalDNS publishes it.
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
    /// Every hostname of a route, Ingress, Service or DNSEndpoint must be below the setting `domain`. Without
    /// that setting the rule does nothing.
    ///
    /// # Why
    /// The Gateway's certificate does not cover other domains, and an app must not publish them. The domain
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
    /// Every hostname of a route, Ingress, Service or DNSEndpoint must have exactly one label before the setting
    /// `domain`. Without that setting the rule does nothing.
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
    /// No hostname of a route, Ingress, Service or DNSEndpoint may be a host of the setting `reservedHosts`, or
    /// below one. If the domain is not known, the host is the part before the first dot.
    ///
    /// # Why
    /// These are the hosts of the Gateway's health probe, of Active Directory and of kare-dns. An object with
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
    /// A hostname is not delegated to the object's namespace.
    ///
    /// # What it checks
    /// Every hostname of a route, Ingress, Service or DNSEndpoint must be a host that the setting `delegation`
    /// assigns to the namespace. Without that setting the rule does nothing; with it, namespaces that it does
    /// not list may have no hostnames.
    ///
    /// # Why
    /// ExternalDNS and kare-dns publish every hostname that the Gateway accepts, and those in annotations.
    /// Without delegation, any namespace can claim the hostname of any app.
    ///
    /// # Example
    /// ```yaml
    /// # settings of hostname-ownership: {delegation: [{namespace: backend, hosts: [portal]}]}
    /// apiVersion: v1
    /// kind: Service
    /// metadata:
    ///   name: portal
    ///   namespace: backend
    ///   annotations: {external-dns.alpha.kubernetes.io/hostname: jupyter.k8tre.internal}
    /// spec:
    ///   type: LoadBalancer
    ///   selector: {app: portal}
    ///   ports: [{port: 443}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// # settings of hostname-ownership: {delegation: [{namespace: backend, hosts: [portal]}]}
    /// apiVersion: v1
    /// kind: Service
    /// metadata:
    ///   name: portal
    ///   namespace: backend
    ///   annotations: {external-dns.alpha.kubernetes.io/hostname: portal.k8tre.internal}
    /// spec:
    ///   type: LoadBalancer
    ///   selector: {app: portal}
    ///   ports: [{port: 443}]
    /// ```
    pub DELEGATION = "delegation";
}

/// Checks the names that an object in `namespace` publishes. Reports a name once, even if several fields have
/// it, such as a rule of an Ingress and its certificate.
pub(crate) fn check(
    settings: &Settings,
    namespace: &str,
    names: &[published::Name<'_>],
    findings: &mut Findings,
) {
    let checker = Checker {
        settings,
        namespace,
    };
    let mut reported: Vec<&str> = Vec::new();
    for name in names {
        if findings.is_full() {
            break;
        }
        match &name.text {
            Text::Host(text) if reported.contains(&text.as_ref()) => {}
            Text::Host(text) => {
                if checker.reports(name.node, text, findings) {
                    reported.push(text);
                }
            }
            Text::AllHosts(why) => {
                let message = format!("{why}; write its hosts, such as `{}`", checker.example());
                findings.reject_field(HOSTNAMES, name.node, name.field, message);
            }
        }
    }
}

/// A hostname and its place in the domain.
struct Hostname<'n> {
    text: &'n str,
    place: Place<'n>,
}

impl<'n> Hostname<'n> {
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
    /// Reports the first enabled rule that a hostname breaks. Returns whether there is one.
    fn reports(&self, node: Node<'_>, text: &str, findings: &mut Findings) -> bool {
        let domain = self.settings.domain();
        let name = Hostname {
            text,
            place: domain.locate(text),
        };
        let checks: [fn(&Self, &Hostname<'_>) -> Option<Problem>; 5] = [
            Self::wildcard,
            Self::syntax,
            Self::domain,
            Self::reserved_host,
            Self::delegation,
        ];
        let mut problems = checks.iter().filter_map(|check| check(self, &name));
        let problem = problems.find(|(rule, _)| findings.is_enabled(*rule));
        let has_problem = problem.is_some();
        match problem {
            Some((rule, message)) => findings.reject_field(rule, node, "", message),
            None if matches!(name.place, Place::Unknown) => domain.warn_unknown(DOMAIN, findings),
            None => {}
        }
        has_problem
    }

    fn wildcard(&self, name: &Hostname<'_>) -> Option<Problem> {
        name.text.contains('*').then(|| {
            let message = format!(
                "`{}` matches every host that no other object names; name each host",
                excerpt(name.text)
            );
            (WILDCARDS, message)
        })
    }

    fn syntax(&self, name: &Hostname<'_>) -> Option<Problem> {
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

    fn domain(&self, name: &Hostname<'_>) -> Option<Problem> {
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

    fn reserved_host(&self, name: &Hostname<'_>) -> Option<Problem> {
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

    fn delegation(&self, name: &Hostname<'_>) -> Option<Problem> {
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

    /// Returns a hostname that the namespace may publish.
    fn example(&self) -> String {
        let domain = self.settings.domain.as_deref().unwrap_or("example.org");
        let host = self.delegated_hosts().next().unwrap_or("app");
        joined(&[host, ".", domain])
    }

    /// Returns the hosts that are delegated to the namespace.
    fn delegated_hosts(&self) -> impl Iterator<Item = &str> {
        let delegations = self.settings.delegation.iter();
        delegations
            .filter(|delegation| delegation.namespace == self.namespace)
            .flat_map(|delegation| delegation.hosts.iter().map(String::as_str))
    }
}
