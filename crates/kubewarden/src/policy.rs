//! Kubewarden policies, as far as they decide what happens to an object.

use std::collections::BTreeMap;
use std::sync::Arc;

use manifest::{Object, Problem};
use serde::Deserialize;
use serde_json::Value;

use crate::kinds;
use crate::metadata::ContextAwareResource;
use crate::selector::LabelSelector;

/// A ClusterAdmissionPolicy, or an AdmissionPolicy, which is one for its own namespace.
#[derive(Debug, Clone)]
pub struct Policy {
    /// `metadata.name`.
    pub name: String,
    /// The namespace of an AdmissionPolicy; `None` for every namespace.
    pub namespace: Option<String>,
    /// `spec`.
    pub spec: Spec,
    /// Where it is written.
    file: Arc<str>,
    line: usize,
}

/// `spec` of policies.kubewarden.io/v1; what decides nothing here is passed over.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Spec {
    /// Where the policy server would pull the module from.
    pub module: String,
    /// Which requests it sees.
    pub rules: Vec<PolicyRule>,
    /// Whether the module may change objects.
    pub mutating: bool,
    /// What the module is told; null for nothing.
    #[serde(default)]
    pub settings: Value,
    /// What comes of a verdict.
    #[serde(default)]
    pub mode: Mode,
    /// In place of the module's message, for the user.
    pub message: Option<String>,
    /// The namespaces it applies to.
    #[serde(default)]
    pub namespace_selector: LabelSelector,
    #[serde(default)]
    object_selector: LabelSelector,
    /// CEL, which is not evaluated offline.
    #[serde(default)]
    pub match_conditions: Vec<Value>,
    /// The kinds that the module may ask the cluster for.
    #[serde(default)]
    pub context_aware_resources: Vec<ContextAwareResource>,
}

/// Which requests a policy sees; a request must match one entry of each list.
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

/// Whether a rule is for objects in namespaces.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
enum Scope {
    /// For those and others.
    #[default]
    #[serde(rename = "*")]
    Any,
    Cluster,
    Namespaced,
}

/// What comes of a verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// It is carried out.
    #[default]
    Protect,
    /// It is logged: the patch and the message are dropped, warnings are kept.
    Monitor,
}

const GROUP: &str = "policies.kubewarden.io";

impl Policy {
    /// Reads a policy; `None` for other kinds, which lie beside policies in many trees.
    ///
    /// # Errors
    /// When it is a policy that cannot be read, or of a kind that is not supported.
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
                let help = "write its members as ClusterAdmissionPolicies to check them";
                let problem = problem(format!("{other} `{}` is not supported", object.name()));
                return Some(Err(problem.with_help(help)));
            }
        };
        let mut spec = object.value.get("spec").cloned().unwrap_or_default();
        if let Some(fields) = spec.as_object_mut() {
            // Kubernetes reads null as absent.
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

    /// The policies in a text, and what is wrong with them.
    pub fn all(name: &str, text: &str) -> (Vec<Self>, Vec<Problem>) {
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

    /// What is wrong with the policy, at its place.
    pub fn error(&self, message: &str) -> Problem {
        Problem::error(&self.file, format!("policy `{}`: {message}", self.name)).at_line(self.line)
    }

    /// What the policy's author should know, at its place.
    pub fn warning(&self, message: &str) -> Problem {
        Problem::warning(&self.file, format!("policy `{}`: {message}", self.name))
            .at_line(self.line)
    }

    /// Where it comes in the order in which policies are asked: mutating ones first, as the API server
    /// does, and each sort by the name that Kubewarden gives its webhook, `clusterwide-…` before
    /// `namespaced-…`.
    pub fn order(&self) -> (bool, Option<&str>, &str) {
        (!self.spec.mutating, self.namespace.as_deref(), &self.name)
    }

    /// The module's name: the last part of its address without tag, digest and ending.
    pub fn module_name(&self) -> &str {
        Reference::of(&self.spec.module).name
    }

    /// Whether the creation of an object reaches the policy. `namespace` is the object's, with its
    /// labels: itself for a Namespace, and `None` for other cluster-scoped kinds, which every namespace
    /// selector lets through.
    pub fn sees(
        &self,
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
        let (group, version) = kinds::served(group, version, text("kind"));
        let resource = kinds::resource(text("kind"));
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
                .any(|rule| rule.matches(group, version, &resource, scope))
            && self.spec.object_selector.matches(&labels(object))
    }
}

/// The parts of a module's address, as in `registry://HOST/PATH/NAME:TAG@DIGEST`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference<'a> {
    /// The module's name: the last part of the path, without the ending `.wasm`.
    pub name: &'a str,
    /// The tag.
    pub tag: Option<&'a str>,
    /// The digest, as in `sha256:…`.
    pub digest: Option<&'a str>,
}

impl<'a> Reference<'a> {
    /// Splits an address; every text has a name, be it empty.
    pub fn of(address: &'a str) -> Self {
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

    /// The version that the address pins; `None` for `latest` and for an address without a tag.
    pub fn version(self) -> Option<&'a str> {
        let tag = self.tag.filter(|tag| *tag != "latest")?;
        Some(tag.strip_prefix('v').unwrap_or(tag))
    }
}

impl PolicyRule {
    /// As the API server's `pkg/admission/plugin/webhook/predicates/rules` does; `pods/*` is pods and
    /// every subresource of them.
    fn matches(&self, group: &str, version: &str, resource: &str, scope: Scope) -> bool {
        let any = |list: &[String], wanted: &str| list.iter().any(|it| it == "*" || it == wanted);
        let of_resource = |rule: &String| {
            let rule = rule.strip_suffix("/*").unwrap_or(rule);
            rule == "*" || rule == resource
        };
        any(&self.operations, "CREATE")
            && any(&self.api_groups, group)
            && any(&self.api_versions, version)
            && self.resources.iter().any(of_resource)
            && (self.scope == Scope::Any || self.scope == scope)
    }
}

/// `metadata.labels`, the strings among them.
pub fn labels(object: &Value) -> BTreeMap<String, String> {
    let labels = object
        .pointer("/metadata/labels")
        .and_then(Value::as_object);
    let text = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
    labels.into_iter().flatten().filter_map(text).collect()
}
