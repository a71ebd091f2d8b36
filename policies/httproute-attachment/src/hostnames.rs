//! The names that the route claims.

use std::borrow::Cow;

use admission::{Malformed, Node, Object, is_dns_subdomain};

use crate::findings::{listed, shown};
use crate::judge::Judge;
use crate::rule::Rule;
use crate::settings::Settings;

/// A hostname and where it stands.
pub(crate) type Hostname<'a> = (Node<'a>, Cow<'a, str>);

/// Where a name is, seen from the plane's domain.
#[derive(Clone, Copy)]
enum Place<'n> {
    /// Below it: what stands before the domain.
    Below(&'n str),
    /// The domain itself.
    Apex,
    Outside,
    /// The domain is not known.
    Unknown,
}

/// A hostname to be judged.
struct Name<'n> {
    text: &'n str,
    place: Place<'n>,
}

impl<'n> Name<'n> {
    fn new(text: &'n str, settings: &Settings) -> Self {
        let domain = settings.domain.as_deref();
        // A placeholder too, so that it is found in manifests that nobody rendered either.
        let before = domain.and_then(|domain| text.strip_suffix(domain));
        let place = match (before, before.and_then(|text| text.strip_suffix('.'))) {
            (Some(""), _) => Place::Apex,
            (_, Some(host)) => Place::Below(host),
            _ if domain.is_none() || settings.domain_is_unrendered() => Place::Unknown,
            _ => Place::Outside,
        };
        Self { text, place }
    }

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

/// A rule that does not hold, and how.
type Problem = (Rule, String);

impl Judge<'_> {
    /// The route's hostnames, which are all judged.
    pub(crate) fn hostnames<'a>(
        &mut self,
        spec: &Object<'a>,
    ) -> Result<Vec<Hostname<'a>>, Malformed> {
        let mut hostnames = Vec::new();
        for node in spec.array("hostnames")?.unwrap_or_default() {
            let hostname = node.string()?;
            if let Some((rule, problem)) = self.hostname(&hostname) {
                self.findings.refuse(rule, &node.path(), &problem);
            }
            hostnames.push((node, hostname));
        }
        if hostnames.is_empty() {
            let domain = self.settings.domain.as_deref().unwrap_or("example.org");
            let host = self.delegated().next().unwrap_or("app");
            let problem =
                format!("names no host, so the route claims every one; write `[{host}.{domain}]`");
            let path = format!("{}.hostnames", spec.node().path());
            self.findings.refuse(Rule::Hostnames, &path, &problem);
        }
        Ok(hostnames)
    }

    /// The first rule that does not hold for a hostname.
    fn hostname(&mut self, text: &str) -> Option<Problem> {
        let name = Name::new(text, self.settings);
        let checks: [fn(&Self, &Name<'_>) -> Option<Problem>; 5] = [
            Self::wildcard,
            Self::form,
            Self::domain,
            Self::reserved,
            Self::delegation,
        ];
        let mut problems = checks.iter().filter_map(|check| check(self, &name));
        let problem = problems.find(|(rule, _)| self.settings.is_on(*rule));
        if let (None, Place::Unknown) = (&problem, name.place) {
            self.domain_not_checked(Rule::Domain);
        }
        problem
    }

    fn wildcard(&self, name: &Name<'_>) -> Option<Problem> {
        name.text.contains('*').then(|| {
            let said = shown(name.text);
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
        let said = shown(name.text);
        let problem = format!(
            "`{said}` is no hostname; write lower-case letters, digits, `-` and `.`, no port or \
             final dot"
        );
        Some((Rule::Hostnames, problem))
    }

    fn domain(&self, name: &Name<'_>) -> Option<Problem> {
        let domain = self.settings.domain.as_deref().unwrap_or_default();
        let said = shown(name.text);
        match name.place {
            Place::Apex => Some((
                Rule::Domain,
                format!("`{said}` is the domain itself; write a host below it"),
            )),
            Place::Outside => {
                let host = shown(name.first_label());
                let problem = format!("`{said}` is outside of the domain; write `{host}.{domain}`");
                Some((Rule::Domain, problem))
            }
            Place::Below(host) if host.contains('.') => {
                let host = host.replace('.', "-");
                let problem = format!(
                    "`{said}` is deeper below the domain than its certificate; write `{}.{domain}`",
                    shown(&host)
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
            let said = shown(name.text);
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
        let (said, namespace) = (shown(name.text), shown(self.namespace));
        let problem = format!("`{said}` is not delegated to namespace `{namespace}`; {instead}");
        Some((Rule::Delegation, problem))
    }

    /// The hosts that the route's namespace may claim.
    fn delegated(&self) -> impl Iterator<Item = &str> {
        let delegations = self.settings.delegation.iter();
        delegations
            .filter(|delegation| delegation.namespace == self.namespace)
            .flat_map(|delegation| delegation.hosts.iter().map(String::as_str))
    }

    /// Whether `name`, which a filter leads to, is in the domain as far as that is known, or `rule` does
    /// not ask for it.
    pub(crate) fn is_inside(&mut self, rule: Rule, name: &str) -> bool {
        match Name::new(name, self.settings).place {
            Place::Below(host) => is_dns_subdomain(host),
            Place::Apex => true,
            Place::Outside => false,
            Place::Unknown => {
                self.domain_not_checked(rule);
                true
            }
        }
    }

    fn domain_not_checked(&mut self, rule: Rule) {
        if !self.settings.is_on(rule) || !self.settings.domain_is_unrendered() {
            return;
        }
        let domain = self.settings.domain.as_deref().unwrap_or_default();
        let why = format!("setting `domain` is the placeholder `{domain}`");
        let what = "whether hosts are in the domain";
        self.findings.not_checked(what, &why);
    }
}
