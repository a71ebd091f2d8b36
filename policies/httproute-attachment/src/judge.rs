//! One route, field by field.
//!
//! Source: `spec` of HTTPRoute and GRPCRoute in Gateway API 1.4 to 1.6, experimental channel included
//! (`config/crd/experimental`). Fields are visited in the order of their names, which is the order of
//! the findings.

use admission::{Cluster, Malformed, Node, Object};

use crate::findings::{Findings, shown};
use crate::rule::Rule;
use crate::settings::Settings;
use crate::taken;

/// A route on trial.
pub(crate) struct Judge<'a> {
    pub(crate) settings: &'a Settings,
    /// The route's namespace.
    pub(crate) namespace: &'a str,
    pub(crate) findings: Findings<'a>,
}

impl Judge<'_> {
    /// Looks at everything that says where the route's traffic comes from and goes to.
    ///
    /// # Errors
    /// When a field has another type than Gateway API gives it.
    pub(crate) fn route(
        &mut self,
        root: &Object<'_>,
        cluster: &dyn Cluster,
    ) -> Result<(), Malformed> {
        self.annotations(root)?;
        let spec = root
            .object("spec")?
            .ok_or_else(|| root.malformed("spec", "is missing"))?;
        self.known_fields(
            &spec,
            &["hostnames", "parentRefs", "rules", "useDefaultGateways"],
        );
        let hostnames = self.hostnames(&spec)?;
        self.parents(&spec)?;
        for rule in spec.array("rules")?.unwrap_or_default() {
            self.rule(&rule.object()?)?;
        }
        self.default_gateways(&spec)?;
        // Asking costs more than everything before it.
        if self.findings.is_empty() && self.settings.is_on(Rule::TakenHostnames) {
            taken::check(&hostnames, self.namespace, cluster, &mut self.findings);
        }
        Ok(())
    }

    /// ExternalDNS publishes the names in these annotations as it does `spec.hostnames`.
    fn annotations(&mut self, root: &Object<'_>) -> Result<(), Malformed> {
        for (_, node) in annotations(self.settings, root)? {
            self.findings.refuse(
                Rule::HostnameAnnotations,
                &node.path(),
                "publishes names past every rule; write them in `spec.hostnames`",
            );
        }
        Ok(())
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
                self.findings.refuse(
                    Rule::UnknownFields,
                    &object.node().path(),
                    &format!(
                        "`{}` is a field that this policy cannot judge; leave it out",
                        shown(key)
                    ),
                );
            }
        }
    }
}

/// The annotations that publish hostnames, with their keys.
///
/// # Errors
/// When `metadata` or its annotations are no objects.
pub(crate) fn annotations<'s, 'a>(
    settings: &'s Settings,
    root: &Object<'a>,
) -> Result<Vec<(&'s str, Node<'a>)>, Malformed> {
    let annotations = match root.object("metadata")? {
        Some(metadata) => metadata.object("annotations")?,
        None => None,
    };
    let mut found = Vec::new();
    for annotations in annotations.iter() {
        for key in &settings.hostname_annotations {
            let node = annotations.get(key)?;
            found.extend(node.map(|node| (key.as_str(), node)));
        }
    }
    Ok(found)
}
