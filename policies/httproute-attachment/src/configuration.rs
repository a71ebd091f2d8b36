//! Checks of texts with which Envoy rejects the configuration of the Gateway.
//!
//! Cilium puts the routes of a Gateway into one `RouteConfiguration`, and Envoy rejects all of it for one text.
//! Source: `operator/pkg/model/translation/envoy_virtual_host.go` of Cilium 1.20, and what Envoy 1.40 says to a
//! configuration with each of these texts (`--mode validate`).

use admission::{Malformed, Node, Object, Regex, excerpt};

use crate::filters::LINE_BREAKS;
use crate::route::RouteChecker;

admission::rule! {
    /// The route has a text with which Envoy rejects the configuration of all routes of the Gateway.
    ///
    /// # What it checks
    /// Regular expressions in `matches` have literals, `.`, classes, groups, alternatives, repetition and anchors,
    /// and their program is not larger than the 100 instructions that Envoy accepts. Most characters are one
    /// instruction, `.` and `[^/]` are eight. A wildcard hostname is not longer than 80 characters. A path that
    /// replaces another has no line break or NUL.
    ///
    /// # Why
    /// The Gateway has one configuration for the routes of all apps. If Envoy rejects it, changes to any route
    /// have no effect, and after a restart the Gateway serves none of them. Cilium checks at most the syntax of
    /// regular expressions, since 1.19.7.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   rules:
    ///   - matches: [{path: {type: RegularExpression, value: "/v1/[0-9a-z-]{36}/.*"}}]
    ///     backendRefs: [{name: portal, port: 80}]
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   rules:
    ///   - matches: [{path: {type: RegularExpression, value: "/v1/[0-9a-z-]+/.*"}}]
    ///     backendRefs: [{name: portal, port: 80}]
    /// ```
    pub GATEWAY_CONFIGURATION = "gateway-configuration";
}

/// The maximum length of a wildcard hostname, which Cilium turns into a regular expression of one instruction for
/// each character (`getMatchingHeaderRegex`).
const MAX_WILDCARD_LENGTH: usize = 80;

impl RouteChecker<'_> {
    /// Checks the hostnames of the route.
    pub(crate) fn check_wildcards(&mut self, spec: &Object<'_>) -> Result<(), Malformed> {
        for node in spec.array("hostnames")?.unwrap_or_default() {
            let hostname = node.string()?;
            if hostname.starts_with('*') && hostname.len() > MAX_WILDCARD_LENGTH {
                let problem = "is too long for the Gateway; shorten it to 80 characters";
                self.findings
                    .reject_field(GATEWAY_CONFIGURATION, node, "", problem);
            }
        }
        Ok(())
    }

    /// Checks the matches of a rule.
    pub(crate) fn check_matches(&mut self, rule: &Object<'_>) -> Result<(), Malformed> {
        for matched in rule.array("matches")?.unwrap_or_default() {
            let matched = matched.object()?;
            if let Some(path) = matched.object("path")? {
                self.check_regex(&path, "value")?;
            }
            if let Some(method) = matched.get("method")?.filter(|it| !it.is_null()) {
                self.check_method(method)?;
            }
            for member in ["headers", "queryParams"] {
                for header in matched.array(member)?.unwrap_or_default() {
                    self.check_regex(&header.object()?, "value")?;
                }
            }
        }
        Ok(())
    }

    /// Checks the method of a match: an object in a GRPCRoute, a name such as `GET` in an HTTPRoute.
    fn check_method(&mut self, method: Node<'_>) -> Result<(), Malformed> {
        if method.string().is_ok() {
            return Ok(());
        }
        let method = method.object()?;
        self.check_regex(&method, "service")?;
        self.check_regex(&method, "method")
    }

    /// Checks the text in `field` of a match, if it is a regular expression.
    fn check_regex(&mut self, matched: &Object<'_>, field: &str) -> Result<(), Malformed> {
        if matched.string("type")?.as_deref() != Some("RegularExpression") {
            return Ok(());
        }
        let Some(text) = matched.string(field)? else {
            return Ok(());
        };
        let problem = match Regex::read(&text) {
            Some(regex) if regex.fits() => return Ok(()),
            Some(_) => "is too large for Envoy: more than 100 instructions; shorten",
            None => "is not a regular expression that the Gateway is sure to accept; simplify",
        };
        let message = format!("`{}` {problem} it, or use another type", excerpt(&text));
        self.findings
            .reject_field(GATEWAY_CONFIGURATION, matched.node(), field, message);
        Ok(())
    }

    /// Checks the path of a redirect or a rewrite.
    pub(crate) fn check_replacement(&mut self, filter: &Object<'_>) -> Result<(), Malformed> {
        let Some(path) = filter.object("path")? else {
            return Ok(());
        };
        for member in ["replaceFullPath", "replacePrefixMatch"] {
            let text = path.string(member)?.unwrap_or_default();
            if text.contains(LINE_BREAKS) {
                self.findings.reject_field(
                    GATEWAY_CONFIGURATION,
                    path.node(),
                    member,
                    "the Gateway cannot use this path; remove line breaks",
                );
            }
        }
        Ok(())
    }
}
