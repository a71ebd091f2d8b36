//! Rules: what a policy checks, each with a stable id and its documentation.

use std::fmt;
use std::marker::PhantomData;

use crate::finding::Finding;
use crate::json::{Malformed, Node};
use crate::setting::{self, Setting};

/// One check of a policy, declared with [`rule!`](crate::rule) beside the code of the check.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// The id: kebab-case, unique among all policies, and never reused for another check. Messages end in
    /// it, settings such as `disabledRules` and audit logs name it, `agnostics explain` prints its
    /// documentation.
    pub id: &'static str,
    /// The documentation in Markdown, each line with the space that follows `///`. A module has no use for
    /// it, so it is not compiled into one.
    #[cfg(not(target_family = "wasm"))]
    #[doc(hidden)]
    pub source: &'static str,
}

impl Rule {
    /// Returns a finding of this rule about the field at `path`, which is empty for the whole object.
    pub fn finding(self, path: impl Into<String>, message: impl Into<String>) -> Finding {
        Finding::new(self, path.into(), message.into())
    }
}

/// Rules are the same if their ids are.
impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Rule {}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

/// Settings that name rules by id, to disable them.
pub trait RuleSet {
    /// Every rule of the policy.
    const RULES: &'static [Rule];
}

/// The id of a rule in the settings, as in `disabledRules`.
#[derive(Debug)]
pub struct RuleId<S> {
    /// The rule.
    pub rule: Rule,
    set: PhantomData<S>,
}

impl<S> Clone for RuleId<S> {
    fn clone(&self) -> Self {
        Self {
            rule: self.rule,
            set: PhantomData,
        }
    }
}

impl<S> PartialEq for RuleId<S> {
    fn eq(&self, other: &Self) -> bool {
        self.rule == other.rule
    }
}

impl<S: RuleSet> Setting for RuleId<S> {
    fn read(node: Node<'_>) -> Result<Self, Malformed> {
        let mut ids = Vec::new();
        for rule in S::RULES {
            ids.push(rule.id);
        }
        let index = setting::choose(node, &ids)?;
        match S::RULES.get(index) {
            Some(&rule) => Ok(Self {
                rule,
                set: PhantomData,
            }),
            None => Err(node.malformed("is not known")),
        }
    }
}

/// Declares a rule.
///
/// ```
/// admission::rule! {
///     /// A parent of the route sets `port`.
///     ///
///     /// # What it checks
///     /// …
///     ///
///     /// # Why
///     /// …
///     ///
///     /// # Example
///     /// ```yaml
///     /// …
///     /// ```
///     ///
///     /// # Use instead
///     /// ```yaml
///     /// …
///     /// ```
///     pub PARENT_PORTS = "parent-ports";
/// }
/// assert_eq!(PARENT_PORTS.summary(), "A parent of the route sets `port`.");
/// ```
///
/// The doc comment is the rule's documentation for users: the README's table, the documentation site,
/// `agnostics explain` and SARIF take it from here. Its first paragraph is one sentence that describes the
/// fault. A test runs both examples: the first must break the rule, the second must not.
#[macro_export]
macro_rules! rule {
    ($(#[doc = $doc:literal])* $visibility:vis $name:ident = $id:literal;) => {
        $(#[doc = $doc])*
        $visibility const $name: $crate::Rule = $crate::Rule {
            id: $id,
            #[cfg(not(target_family = "wasm"))]
            source: concat!($($doc, "\n"),*),
        };
    };
}

/// The documentation of rules, for tools.
#[cfg(not(target_family = "wasm"))]
mod documentation {
    use std::borrow::Cow;

    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
    use serde::{Serialize, Serializer};

    use super::{Rule, RuleId, RuleSet};

    impl Rule {
        /// Returns the documentation in Markdown: the summary, then a section of level 2 for each heading.
        pub fn documentation(self) -> String {
            let mut documentation = String::new();
            let mut is_code = false;
            for line in self.source.lines() {
                let line = line.strip_prefix(' ').unwrap_or(line);
                is_code ^= line.starts_with("```");
                // A YAML comment looks like a heading.
                if !is_code && line.starts_with("# ") {
                    documentation.push('#');
                }
                documentation.push_str(line);
                documentation.push('\n');
            }
            documentation
        }

        /// Returns the first paragraph, which describes the fault in one sentence.
        pub fn summary(self) -> String {
            let lines = self.source.lines().map(str::trim);
            let lines = lines.take_while(|line| !line.is_empty());
            lines.collect::<Vec<_>>().join(" ")
        }

        /// Returns the text below the heading `title`; `None` if there is no such section.
        pub fn section(self, title: &str) -> Option<String> {
            let documentation = self.documentation();
            let (_, section) = documentation.split_once(&format!("## {title}\n"))?;
            let (section, _) = section.split_once("\n## ").unwrap_or((section, ""));
            Some(section.trim().to_owned())
        }
    }

    impl<S: RuleSet> JsonSchema for RuleId<S> {
        fn schema_name() -> Cow<'static, str> {
            "Rule".into()
        }

        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            let rules: Vec<_> = S::RULES
                .iter()
                .map(|rule| json_schema!({"const": rule.id, "description": rule.summary(), "type": "string"}))
                .collect();
            json_schema!({"description": "The id of a rule.", "oneOf": rules})
        }
    }

    impl<S> Serialize for RuleId<S> {
        fn serialize<T: Serializer>(&self, serializer: T) -> Result<T::Ok, T::Error> {
            serializer.serialize_str(self.rule.id)
        }
    }
}

crate::rule! {
    /// A field that the policy needs cannot be read.
    ///
    /// # What it checks
    /// Every field that a verdict depends on must exist where it is required and must have the type that its
    /// API gives it.
    ///
    /// # Why
    /// A policy that accepts what it cannot read can be bypassed with a malformed object. The API server
    /// validates built-in kinds after mutating admission only, and custom resources only as strictly as their
    /// CRD, so malformed objects do reach policies.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: backend}
    /// spec:
    ///   accessModes: ReadWriteOnce
    ///   resources: {requests: {storage: 1Gi}}
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: backend}
    /// spec:
    ///   accessModes: [ReadWriteOnce]
    ///   storageClassName: rwo-default
    ///   resources: {requests: {storage: 1Gi}}
    /// ```
    pub MALFORMED_INPUT = "malformed-input";
}

crate::rule! {
    /// The policy could not check something, for the reason that it names.
    ///
    /// # What it checks
    /// Some checks need data that is not always there: an answer from the cluster, the permission to ask for
    /// it, or a setting whose placeholder, such as `${DOMAIN}`, is replaced only when Argo CD renders the
    /// manifests. Without that data the policy accepts the object and warns.
    ///
    /// # Why
    /// The object may still be wrong. Offline, `agnostics check` warns about everything that only the cluster
    /// knows; in a cluster, this warning points to a missing entry in `contextAwareResources` or in the RBAC
    /// rules of the policy server.
    ///
    /// # Example
    /// ```yaml
    /// # settings of httproute-attachment: {domain: "${DOMAIN}"}
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   rules:
    ///   - filters:
    ///     - type: RequestRedirect
    ///       requestRedirect: {hostname: portal.k8tre.internal}
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// # settings of httproute-attachment: {domain: k8tre.internal}
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   rules:
    ///   - filters:
    ///     - type: RequestRedirect
    ///       requestRedirect: {hostname: portal.k8tre.internal}
    /// ```
    pub NOT_CHECKED = "not-checked";
}

/// The rules that every policy has.
pub const SHARED_RULES: &[Rule] = &[MALFORMED_INPUT, NOT_CHECKED];
