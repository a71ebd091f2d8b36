//! The domain of a TRE, and where hostnames are relative to it.

use std::fmt::Display;

use crate::findings::Findings;
use crate::rule::Rule;

/// Where a hostname is, relative to the domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'n> {
    /// Below the domain, with the part that precedes it.
    Below(&'n str),
    /// The domain itself.
    Apex,
    /// In another domain.
    Outside,
    /// Not known, because the domain is not known.
    Unknown,
}

/// The setting `domain`: a domain, a placeholder such as `${DOMAIN}` in manifests that Argo CD has not
/// rendered yet, or not set.
#[derive(Debug, Clone, Copy)]
pub struct Domain<'a>(Option<&'a str>);

impl<'a> Domain<'a> {
    /// Creates a domain from the value of the setting.
    pub fn new(setting: Option<&'a str>) -> Self {
        Self(setting)
    }

    /// Returns where `hostname` is. A hostname may end with the same placeholder as the setting.
    pub fn locate<'n>(self, hostname: &'n str) -> Place<'n> {
        let before = self.0.and_then(|domain| hostname.strip_suffix(domain));
        match (before, before.and_then(|text| text.strip_suffix('.'))) {
            (Some(""), _) => Place::Apex,
            (_, Some(host)) => Place::Below(host),
            _ if self.0.is_none() || self.is_placeholder() => Place::Unknown,
            _ => Place::Outside,
        }
    }

    /// Warns that `rule` could not compare hostnames with the domain because it is a placeholder. Does not warn
    /// if the rule is disabled or the domain is not set.
    pub fn warn_unknown(self, rule: Rule, findings: &mut Findings) {
        if let Some(domain) = self.0
            && self.is_placeholder()
            && findings.is_enabled(rule)
        {
            let why = format!("setting `domain` is the placeholder `{domain}`");
            findings.not_checked("whether hosts are in the domain", &why);
        }
    }

    fn is_placeholder(self) -> bool {
        self.0.is_some_and(|domain| domain.starts_with("${"))
    }
}

impl Display for Domain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::{Domain, Place};

    #[test]
    fn locates_hostnames_relative_to_the_domain() {
        for (domain, hostname, place) in [
            (Some("k8tre.internal"), "k8tre.internal", Place::Apex),
            (
                Some("k8tre.internal"),
                "a.k8tre.internal",
                Place::Below("a"),
            ),
            (
                Some("k8tre.internal"),
                "a.b.k8tre.internal",
                Place::Below("a.b"),
            ),
            (Some("k8tre.internal"), ".k8tre.internal", Place::Below("")),
            (Some("k8tre.internal"), "evilk8tre.internal", Place::Outside),
            (Some("k8tre.internal"), "k8tre.internal.", Place::Outside),
            (Some("k8tre.internal"), "", Place::Outside),
            (Some("${DOMAIN}"), "a.${DOMAIN}", Place::Below("a")),
            (Some("${DOMAIN}"), "${DOMAIN}", Place::Apex),
            (Some("${DOMAIN}"), "a.k8tre.internal", Place::Unknown),
            (None, "a.k8tre.internal", Place::Unknown),
        ] {
            assert_eq!(Domain::new(domain).locate(hostname), place, "{hostname}");
        }
    }
}
