//! One route, field by field.
//!
//! Source: `spec` of HTTPRoute and GRPCRoute in Gateway API 1.4 to 1.6, experimental channel included
//! (`config/crd/experimental`). Fields are visited in the order of their names, which is the order of
//! the findings.

use admission::{Findings, Malformed, Object, excerpt};

use crate::rule::Rule;
use crate::settings::Settings;

/// A route on trial.
pub(crate) struct Judge<'a> {
    pub(crate) settings: &'a Settings,
    /// The route's namespace.
    pub(crate) namespace: &'a str,
    pub(crate) findings: Findings<'a, Rule>,
}

impl Judge<'_> {
    /// Checks where the route's traffic comes from, where it goes to, and what is done to it on the way.
    ///
    /// # Errors
    /// When a field has another type than Gateway API gives it.
    pub(crate) fn route(&mut self, root: &Object<'_>) -> Result<(), Malformed> {
        let spec = root
            .object("spec")?
            .ok_or_else(|| root.malformed("spec", "is missing"))?;
        self.known_fields(
            &spec,
            // The policy hostname-ownership checks the hostnames.
            &["hostnames", "parentRefs", "rules", "useDefaultGateways"],
        );
        self.parents(&spec)?;
        for rule in spec.array("rules")?.unwrap_or_default() {
            self.rule(&rule.object()?)?;
        }
        self.default_gateways(&spec)
    }

    fn rule(&mut self, rule: &Object<'_>) -> Result<(), Malformed> {
        self.known_fields(
            rule,
            // Those that are not looked into below hold no reference, hostname or header to set.
            &[
                "backendRefs",
                "filters",
                "matches",
                "name",
                "retry",
                "sessionPersistence",
                "timeouts",
            ],
        );
        for backend in rule.array("backendRefs")?.unwrap_or_default() {
            self.weighted_backend(&backend.object()?)?;
        }
        self.filters(rule)
    }

    /// A field of a later version may lead anywhere.
    pub(crate) fn known_fields(&mut self, object: &Object<'_>, known: &[&str]) {
        for (key, node) in object.iter() {
            if !node.is_null() && !known.contains(&key) {
                self.findings.reject(
                    Rule::UnknownFields,
                    &object.node().path(),
                    &format!(
                        "`{}` is a field that this policy cannot judge; leave it out",
                        excerpt(key)
                    ),
                );
            }
        }
    }
}
