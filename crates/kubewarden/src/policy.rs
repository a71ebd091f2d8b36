//! Kubewarden policy resources: the fields that affect whether and how an object is evaluated.

use std::collections::BTreeMap;
use std::sync::Arc;

use manifest::{Object, Problem};
use serde::Deserialize;
use serde_json::Value;

use crate::kinds;
use crate::metadata::ContextAwareResource;
use crate::selector::LabelSelector;

/// A ClusterAdmissionPolicy, or an AdmissionPolicy, which applies to its own namespace only.
#[derive(Debug, Clone)]
pub struct Policy {
    /// `metadata.name`.
    pub name: String,
    /// The namespace of an AdmissionPolicy; `None` for a ClusterAdmissionPolicy.
    pub namespace: Option<String>,
    /// `spec`.
    pub spec: Spec,
    /// The file that defines the policy.
    file: Arc<str>,
    line: usize,
}

/// `spec` of policies.kubewarden.io/v1, without the fields that do not affect an evaluation.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Spec {
    /// The address that the policy server pulls the module from.
    pub module: String,
    /// The requests that the policy matches.
    pub rules: Vec<PolicyRule>,
    /// Whether the policy may mutate objects.
    pub mutating: bool,
    /// The settings of the policy; null if not set.
    #[serde(default)]
    pub settings: Value,
    /// Whether verdicts are enforced.
    #[serde(default)]
    pub mode: Mode,
    /// The message that users get in place of the module's own.
    pub message: Option<String>,
    /// The namespaces that the policy applies to.
    #[serde(default)]
    pub namespace_selector: LabelSelector,
    #[serde(default)]
    object_selector: LabelSelector,
    /// CEL expressions that a request must also meet.
    #[serde(default)]
    pub match_conditions: Vec<MatchCondition>,
    /// The kinds that the module may look up in the cluster.
    #[serde(default)]
    pub context_aware_resources: Vec<ContextAwareResource>,
}

/// The requests that a policy matches. A request must match one entry of each list.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyRule {
    api_groups: Vec<String>,
    api_versions: Vec<String>,
    resources: Vec<String>,
    operations: Vec<String>,
    #[serde(default)]
    scope: Scope,
}

/// A CEL expression that a request must meet. Either field is empty if not set.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct MatchCondition {
    /// The name, for messages.
    pub name: String,
    /// The expression, which must return a Boolean.
    pub expression: String,
}

/// Whether a rule matches namespaced objects, cluster-scoped objects or both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
enum Scope {
    #[default]
    #[serde(rename = "*")]
    Any,
    Cluster,
    Namespaced,
}

/// Whether a policy's verdicts are enforced.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Verdicts are enforced.
    #[default]
    Protect,
    /// Verdicts are only logged: patch and message are dropped, warnings are kept.
    Monitor,
}

const GROUP: &str = "policies.kubewarden.io";

impl Policy {
    /// Reads a policy from an object. Returns `None` for other kinds, which often share a directory with
    /// policies.
    ///
    /// # Errors
    /// Returns an error if the policy is invalid or of an unsupported kind.
    pub fn read(object: &Object) -> Option<Result<Self, Problem>> {
        if kinds::group_version(object.api_version()).0 != GROUP {
            return None;
        }
        let problem = |message: String| Problem::error(&object.file, message).at_line(object.line);
        let namespace = match object.kind() {
            "ClusterAdmissionPolicy" => None,
            "AdmissionPolicy" => Some(match object.namespace() {
                "" => "default".to_owned(),
                namespace => namespace.to_owned(),
            }),
            "PolicyServer" => return None,
            other => {
                let help = "to check its members, write them as ClusterAdmissionPolicies";
                let problem = problem(format!("{other} `{}` is not supported", object.name()));
                return Some(Err(problem.with_help(help)));
            }
        };
        let mut spec = object.value.get("spec").cloned().unwrap_or_default();
        if let Some(fields) = spec.as_object_mut() {
            // Kubernetes treats null as not set.
            fields.retain(|_, value| !value.is_null());
        }
        Some(match serde_json::from_value(spec) {
            Ok(spec) => Ok(Self {
                name: object.name().to_owned(),
                namespace,
                spec,
                file: Arc::clone(&object.file),
                line: object.line,
            }),
            Err(error) => Err(problem(format!(
                "policy `{}`: spec: {error}",
                object.name()
            ))),
        })
    }

    /// Reads all policies in a text, and the problems in it.
    pub fn read_all(name: &str, text: &str) -> (Vec<Self>, Vec<Problem>) {
        let mut policies = Vec::new();
        let mut problems = Vec::new();
        for document in manifest::read(name, text.as_bytes()) {
            match document {
                Err(problem) => problems.push(problem),
                Ok(document) => {
                    for object in document.objects() {
                        match object.map(|object| Self::read(&object)) {
                            Ok(Some(Ok(policy))) => policies.push(policy),
                            Ok(None) => {}
                            Ok(Some(Err(problem))) | Err(problem) => problems.push(problem),
                        }
                    }
                }
            }
        }
        (policies, problems)
    }

    /// Returns an error about the policy, located at its definition.
    pub fn error(&self, message: &str) -> Problem {
        Problem::error(&self.file, format!("policy `{}`: {message}", self.name)).at_line(self.line)
    }

    /// Returns a warning about the policy, located at its definition.
    pub fn warning(&self, message: &str) -> Problem {
        Problem::warning(&self.file, format!("policy `{}`: {message}", self.name))
            .at_line(self.line)
    }

    /// Returns the sort key for the order of evaluation.
    ///
    /// As in the API server, mutating policies run first. Within each phase, they run by the name of the
    /// webhook that Kubewarden registers: `clusterwide-…` before `namespaced-…`.
    pub fn evaluation_order(&self) -> (bool, Option<&str>, &str) {
        (!self.spec.mutating, self.namespace.as_deref(), &self.name)
    }

    /// Returns the module's name: the last part of its address without tag, digest and extension.
    pub fn module_name(&self) -> &str {
        Reference::parse(&self.spec.module).name
    }

    /// Whether the policy matches a request for an object, apart from its `matchConditions`.
    ///
    /// `operation` is `CREATE` or `UPDATE`.
    ///
    /// `namespace` is the name and labels of the object's namespace. For a Namespace it is the object
    /// itself. For other cluster-scoped kinds it is `None`, which every namespace selector matches.
    pub fn matches(
        &self,
        operation: &str,
        object: &Value,
        namespace: Option<(&str, &BTreeMap<String, String>)>,
    ) -> bool {
        let text = |field: &str| {
            object
                .get(field)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let (group, version) = kinds::group_version(text("apiVersion"));
        let (group, version) = kinds::served_version(group, version, text("kind"));
        let resource = kinds::plural(text("kind"));
        let scope = match kinds::is_cluster_scoped(group, text("kind")) {
            true => Scope::Cluster,
            false => Scope::Namespaced,
        };
        let in_namespace = match namespace {
            Some((name, labels)) => {
                self.namespace.as_deref().is_none_or(|own| own == name)
                    && self.spec.namespace_selector.matches(labels)
            }
            None => self.namespace.is_none(),
        };
        in_namespace
            && self
                .spec
                .rules
                .iter()
                .any(|rule| rule.matches(operation, group, version, &resource, scope))
            && self.spec.object_selector.matches(&labels(object))
    }
}

/// The parts of a module's address, such as `registry://HOST/PATH/NAME:TAG@DIGEST`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference<'a> {
    /// The module's name: the last part of the path, without the extension `.wasm`.
    pub name: &'a str,
    /// The tag.
    pub tag: Option<&'a str>,
    /// The digest, such as `sha256:…`.
    pub digest: Option<&'a str>,
}

impl<'a> Reference<'a> {
    /// Splits an address. The name may be empty.
    pub fn parse(address: &'a str) -> Self {
        let (address, digest) = match address.split_once('@') {
            Some((address, digest)) => (address, Some(digest)),
            None => (address, None),
        };
        let last = address.rsplit('/').next().unwrap_or_default();
        let (name, tag) = match last.split_once(':') {
            Some((name, tag)) => (name, Some(tag)),
            None => (last, None),
        };
        let name = name.strip_suffix(".wasm").unwrap_or(name);
        Self { name, tag, digest }
    }

    /// Returns the version that the address pins; `None` for `latest` or without a tag.
    pub fn version(self) -> Option<&'a str> {
        let tag = self.tag.filter(|tag| *tag != "latest")?;
        Some(tag.strip_prefix('v').unwrap_or(tag))
    }
}

impl PolicyRule {
    /// Whether the rule matches an operation on a resource.
    ///
    /// Follows the API server's `pkg/admission/plugin/webhook/predicates/rules`. `pods/*` means pods and
    /// all their subresources.
    fn matches(
        &self,
        operation: &str,
        group: &str,
        version: &str,
        resource: &str,
        scope: Scope,
    ) -> bool {
        let any = |list: &[String], value: &str| list.iter().any(|it| it == "*" || it == value);
        let matches_resource = |pattern: &String| {
            let pattern = pattern.strip_suffix("/*").unwrap_or(pattern);
            pattern == "*" || pattern == resource
        };
        any(&self.operations, operation)
            && any(&self.api_groups, group)
            && any(&self.api_versions, version)
            && self.resources.iter().any(matches_resource)
            && (self.scope == Scope::Any || self.scope == scope)
    }
}

/// Returns `metadata.labels`, without values that are not strings.
pub fn labels(object: &Value) -> BTreeMap<String, String> {
    let labels = object
        .pointer("/metadata/labels")
        .and_then(Value::as_object);
    let text = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
    labels.into_iter().flatten().filter_map(text).collect()
}
