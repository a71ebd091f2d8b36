//! What can be said of hostnames without asking the cluster.

use admission::{Findings, Node, Place, excerpt, is_dns_subdomain, listed};

use crate::published::Published;
use crate::rule::Rule;
use crate::settings::Settings;

/// Checks what an object in `namespace` publishes.
pub(crate) fn check(
    settings: &Settings,
    namespace: &str,
    published: &Published<'_>,
    findings: &mut Findings<'_, Rule>,
) {
    let claimant = Claimant {
        settings,
        namespace,
    };
    // ExternalDNS publishes the names in these annotations as it does those of the spec.
    for annotation in &published.annotations {
        findings.reject(
            Rule::HostnameAnnotations,
            &annotation.path(),
            "publishes names past every rule; write them in `spec.hostnames`",
        );
    }
    for (node, hostname) in &published.hostnames {
        claimant.hostname(*node, hostname, findings);
    }
    if published.hostnames.is_empty() {
        let domain = settings.domain.as_deref().unwrap_or("example.org");
        let host = claimant.delegated().next().unwrap_or("app");
        let problem =
            format!("names no host, so the route claims every one; write `[{host}.{domain}]`");
        findings.reject(Rule::Hostnames, published.list, &problem);
    }
}

/// A hostname to be checked.
struct Name<'n> {
    text: &'n str,
    place: Place<'n>,
}

impl<'n> Name<'n> {
    /// What stands before the first dot.
    fn first_label(&self) -> &'n str {
        self.text.split('.').next().unwrap_or_default()
    }

    /// What stands before the domain, or is likely to.
    fn host(&self) -> &'n str {
        match self.place {
            Place::Below(host) => host,
            Place::Unknown => self.first_label(),
            Place::Apex | Place::Outside => self.text,
        }
    }
}

/// A rule that a hostname breaks, and how.
type Problem = (Rule, String);

/// A namespace that claims hostnames.
struct Claimant<'a> {
    settings: &'a Settings,
    namespace: &'a str,
}

impl Claimant<'_> {
    /// Reports the first enabled rule that a hostname breaks.
    fn hostname(&self, node: Node<'_>, text: &str, findings: &mut Findings<'_, Rule>) {
        let domain = self.settings.domain();
        let name = Name {
            text,
            place: domain.locate(text),
        };
        let checks: [fn(&Self, &Name<'_>) -> Option<Problem>; 5] = [
            Self::wildcard,
            Self::form,
            Self::domain,
            Self::reserved,
            Self::delegation,
        ];
        let mut problems = checks.iter().filter_map(|check| check(self, &name));
        match problems.find(|(rule, _)| findings.is_on(*rule)) {
            Some((rule, problem)) => findings.reject(rule, &node.path(), &problem),
            None if matches!(name.place, Place::Unknown) => {
                domain.warn_unknown(Rule::Domain, findings);
            }
            None => {}
        }
    }

    fn wildcard(&self, name: &Name<'_>) -> Option<Problem> {
        name.text.contains('*').then(|| {
            let said = excerpt(name.text);
            let problem =
                format!("`{said}` takes every host that nobody has claimed; name each host");
            (Rule::Wildcards, problem)
        })
    }

    fn form(&self, name: &Name<'_>) -> Option<Problem> {
        let text = match name.place {
            Place::Apex => return None,
            // Where the domain is a placeholder, what stands before it must have the form.
            Place::Below(host) => host,
            Place::Outside | Place::Unknown => name.text,
        };
        let text = text.strip_prefix("*.").unwrap_or(text);
        if text == "*" || is_dns_subdomain(text) {
            return None;
        }
        let said = excerpt(name.text);
        let problem = format!(
            "`{said}` is no hostname; write lower-case letters, digits, `-` and `.`, no port or \
             final dot"
        );
        Some((Rule::Hostnames, problem))
    }

    fn domain(&self, name: &Name<'_>) -> Option<Problem> {
        let domain = self.settings.domain();
        let said = excerpt(name.text);
        match name.place {
            Place::Apex => Some((
                Rule::Domain,
                format!("`{said}` is the domain itself; write a host below it"),
            )),
            Place::Outside => {
                let host = excerpt(name.first_label());
                let problem = format!("`{said}` is outside of the domain; write `{host}.{domain}`");
                Some((Rule::Domain, problem))
            }
            Place::Below(host) if host.contains('.') => {
                let host = host.replace('.', "-");
                let problem = format!(
                    "`{said}` is deeper below the domain than its certificate; write `{}.{domain}`",
                    excerpt(&host)
                );
                Some((Rule::SingleLabel, problem))
            }
            Place::Below(_) | Place::Unknown => None,
        }
    }

    fn reserved(&self, name: &Name<'_>) -> Option<Problem> {
        let mut reserved = self.settings.reserved_hosts.iter();
        let is_reserved = reserved.any(|reserved| {
            let before = name.host().strip_suffix(reserved.as_str());
            before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
        });
        is_reserved.then(|| {
            let said = excerpt(name.text);
            let problem = format!("`{said}` is reserved for the plane itself; choose another host");
            (Rule::ReservedHosts, problem)
        })
    }

    fn delegation(&self, name: &Name<'_>) -> Option<Problem> {
        let is_delegated = |host: &str| self.delegated().any(|delegated| delegated == host);
        if self.settings.delegation.is_empty() || is_delegated(name.host()) {
            return None;
        }
        let hosts: Vec<_> = self.delegated().collect();
        let instead = match hosts.as_slice() {
            [] => "its platform team delegates hosts".to_owned(),
            hosts => format!("it has {}", listed(hosts.iter().copied())),
        };
        let (said, namespace) = (excerpt(name.text), excerpt(self.namespace));
        let problem = format!("`{said}` is not delegated to namespace `{namespace}`; {instead}");
        Some((Rule::Delegation, problem))
    }

    /// The hosts that the namespace may claim.
    fn delegated(&self) -> impl Iterator<Item = &str> {
        let delegations = self.settings.delegation.iter();
        delegations
            .filter(|delegation| delegation.namespace == self.namespace)
            .flat_map(|delegation| delegation.hosts.iter().map(String::as_str))
    }
}
