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
pub(crate) enum Place<'n> {
    /// Below it: what stands before the domain.
    Below(&'n str),
    /// The domain itself.
    Apex,
    Outside,
    /// The domain is not known; what stands before the first dot.
    Unknown(&'n str),
}

impl<'n> Place<'n> {
    pub(crate) fn of(name: &'n str, settings: &Settings) -> Self {
        let first = name.split('.').next().unwrap_or(name);
        let Some(domain) = &settings.domain else {
            return Self::Unknown(first);
        };
        // First, so that manifests and policies with the same placeholder are judged too.
        let below = name.strip_suffix(domain.as_str());
        match below.map(|rest| (rest, rest.strip_suffix('.'))) {
            Some(("", _)) => Self::Apex,
            Some((_, Some(rest))) => Self::Below(rest),
            _ if settings.domain_is_unrendered() => Self::Unknown(first),
            _ => Self::Outside,
        }
    }
}

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
            let example = match self.delegated().next() {
                Some(host) => self.below_domain(host),
                None => self.below_domain("app"),
            };
            self.findings.refuse(
                Rule::Hostnames,
                &format!("{}.hostnames", spec.node().path()),
                &format!("names no host, so the route claims every one; write `[{example}]`"),
            );
        }
        Ok(hostnames)
    }

    /// What is wrong with a hostname, the most important alone.
    fn hostname(&mut self, hostname: &str) -> Option<(Rule, String)> {
        let settings = self.settings;
        let problem = |rule, problem: String| settings.is_on(rule).then_some((rule, problem));
        let said = shown(hostname);
        let place = Place::of(hostname, settings);
        let wildcard = hostname.contains('*').then(|| {
            let problem =
                format!("`{said}` takes every host that nobody has claimed; name each host");
            (Rule::Wildcards, problem)
        });
        let wildcard = wildcard.filter(|_| settings.is_on(Rule::Wildcards));
        wildcard
            .or_else(|| {
                // Where the domain is a placeholder, what stands before it must have the form.
                let name = match place {
                    Place::Apex => return None,
                    Place::Below(rest) => rest,
                    _ => hostname,
                };
                let name = name.strip_prefix("*.").unwrap_or(name);
                if name == "*" || is_dns_subdomain(name) {
                    return None;
                }
                problem(
                    Rule::Hostnames,
                    format!("`{said}` is no hostname; write lower-case letters, digits, `-` and `.`, no port or final dot"),
                )
            })
            .or_else(|| {
                let domain = settings.domain.as_deref().unwrap_or_default();
                let first = hostname.split('.').next().unwrap_or_default();
                match place {
                    Place::Apex => problem(
                        Rule::Domain,
                        format!("`{said}` is the domain itself; write a host below it"),
                    ),
                    Place::Outside => problem(
                        Rule::Domain,
                        format!("`{said}` is outside of the domain; write `{}.{domain}`", shown(first)),
                    ),
                    Place::Below(rest) if rest.contains('.') => problem(
                        Rule::SingleLabel,
                        format!("`{said}` is deeper below the domain than its certificate; write `{}.{domain}`", shown(&rest.replace('.', "-"))),
                    ),
                    _ => None,
                }
            })
            .or_else(|| self.host(hostname, &place))
            .or_else(|| {
                if let (Place::Unknown(_), true) = (place, settings.domain_is_unrendered()) {
                    self.domain_not_checked();
                }
                None
            })
    }

    /// What is wrong with who claims the host.
    fn host(&self, hostname: &str, place: &Place<'_>) -> Option<(Rule, String)> {
        let settings = self.settings;
        let (Place::Below(host) | Place::Unknown(host)) = *place else {
            return None;
        };
        let said = shown(hostname);
        let is_below = |reserved: &String| {
            let rest = host.strip_suffix(reserved.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        if settings.is_on(Rule::ReservedHosts) && settings.reserved_hosts.iter().any(is_below) {
            let problem = format!("`{said}` is reserved for the plane itself; choose another host");
            return Some((Rule::ReservedHosts, problem));
        }
        let delegates = settings.is_on(Rule::Delegation) && !settings.delegation.is_empty();
        if !delegates || self.delegated().any(|delegated| delegated == host) {
            return None;
        }
        let delegated: Vec<_> = self.delegated().collect();
        let instead = match delegated.as_slice() {
            [] => "its platform team delegates hosts".to_owned(),
            hosts => format!("it has {}", listed(hosts.iter().copied())),
        };
        let namespace = shown(self.namespace);
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

    fn below_domain(&self, host: &str) -> String {
        match &self.settings.domain {
            Some(domain) => format!("{host}.{domain}"),
            None => format!("{host}.example"),
        }
    }

    /// Whether `name`, which a filter leads to, may be in the domain; notes where that is not known.
    pub(crate) fn is_inside(&mut self, name: &str) -> bool {
        match Place::of(name, self.settings) {
            Place::Below(rest) => is_dns_subdomain(rest),
            Place::Apex => true,
            Place::Outside => false,
            Place::Unknown(_) => {
                if self.settings.domain_is_unrendered() {
                    self.domain_not_checked();
                }
                true
            }
        }
    }

    fn domain_not_checked(&mut self) {
        let domain = self.settings.domain.as_deref().unwrap_or_default();
        self.findings.not_checked(
            "whether hosts are in the domain",
            &format!("setting `domain` is the placeholder `{domain}`"),
        );
    }
}
