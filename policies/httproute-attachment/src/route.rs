//! Checks of a route, field by field.
//!
//! Source: `spec` of HTTPRoute and GRPCRoute in Gateway API 1.4 to 1.6, including the experimental channel
//! (`config/crd/experimental`).

use admission::{Findings, Malformed, Object, excerpt};

use crate::settings::Settings;

admission::rule! {
    /// The route has a field that the policy does not know.
    ///
    /// # What it checks
    /// Wherever a reference, a hostname or a header could stand, the route may only have fields that Gateway
    /// API 1.6 defines, experimental ones included.
    ///
    /// # Why
    /// A later version of Gateway API may add fields that attach routes or send traffic elsewhere, and the
    /// policy cannot check them. The rule also finds misspelt fields.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   alsoAttachTo: [{name: public-gateway}]
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
    ///   rules: [{backendRefs: [{name: portal, port: 80}]}]
    /// ```
    pub UNKNOWN_FIELDS = "unknown-fields";
}

/// Checks one HTTPRoute or GRPCRoute.
pub(crate) struct RouteChecker<'a> {
    pub(crate) settings: &'a Settings,
    /// The route's namespace.
    pub(crate) namespace: &'a str,
    pub(crate) findings: Findings,
}

impl RouteChecker<'_> {
    /// Checks where the route's traffic comes from, where it goes, and how it is changed on the way.
    ///
    /// # Errors
    /// Returns an error if a field has another type than Gateway API gives it.
    pub(crate) fn check_route(&mut self, root: &Object<'_>) -> Result<(), Malformed> {
        let spec = root
            .object("spec")?
            .ok_or_else(|| root.malformed("spec", "is missing"))?;
        self.check_fields(
            &spec,
            // The policy hostname-ownership checks the hostnames.
            &["hostnames", "parentRefs", "rules", "useDefaultGateways"],
        );
        self.check_parents(&spec)?;
        self.check_wildcards(&spec)?;
        for rule in spec.array("rules")?.unwrap_or_default() {
            self.check_rule(&rule.object()?)?;
        }
        self.check_default_gateways(&spec)
    }

    fn check_rule(&mut self, rule: &Object<'_>) -> Result<(), Malformed> {
        self.check_fields(
            rule,
            // The fields that are not checked below contain no reference, hostname or header to set.
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
            self.check_weighted_backend(&backend.object()?)?;
        }
        self.check_matches(rule)?;
        self.check_filters(rule)
    }

    /// Rejects the fields of `object` that are not `known`.
    pub(crate) fn check_fields(&mut self, object: &Object<'_>, known: &[&str]) {
        for (key, node) in object.iter() {
            if !node.is_null() && !known.contains(&key) {
                self.findings.reject_field(
                    UNKNOWN_FIELDS,
                    object.node(),
                    "",
                    format!(
                        "`{}` is not a field that this policy knows; remove it",
                        excerpt(key)
                    ),
                );
            }
        }
    }
}
