use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

/// The metadata of a module, in the form and field order of `kwctl annotate`.
///
/// Reading ignores unknown fields, as the policy server does: a newer `kwctl` may have written them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// The protocol version that the module returns from `protocol_version`: `v1`.
    pub protocol_version: Option<String>,
    /// The requests that the module handles.
    pub rules: Vec<Rule>,
    /// Title, version, author and so on, under keys such as `io.kubewarden.policy.title`.
    #[serde(default, deserialize_with = "null_as_default")]
    pub annotations: BTreeMap<String, String>,
    /// Whether the module may mutate objects.
    pub mutating: bool,
    /// Whether the audit scanner may run the module on existing objects.
    #[serde(default = "default_true")]
    pub background_audit: bool,
    /// The interface the module is built for.
    #[serde(default)]
    pub execution_mode: ExecutionMode,
    /// Whether the module validates Kubernetes objects or arbitrary JSON.
    #[serde(default)]
    pub policy_type: PolicyType,
    /// The kinds that the module looks up in the cluster.
    #[serde(default)]
    pub context_aware_resources: BTreeSet<ContextAwareResource>,
    /// The host capabilities the module calls, as paths such as `kubernetes/get_resource`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_capabilities: Option<BTreeSet<String>>,
    /// The oldest Kubewarden stack the module runs on, as a semantic version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_kubewarden_version: Option<String>,
}

impl Default for Metadata {
    /// Returns Kubewarden's defaults: no cluster access, included in the audit, waPC.
    fn default() -> Self {
        Self {
            protocol_version: None,
            rules: Vec::new(),
            annotations: BTreeMap::new(),
            mutating: false,
            background_audit: true,
            execution_mode: ExecutionMode::default(),
            policy_type: PolicyType::default(),
            context_aware_resources: BTreeSet::new(),
            host_capabilities: None,
            minimum_kubewarden_version: None,
        }
    }
}

/// One rule. A request must match one entry of each list; `*` matches everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// API groups; the core group is the empty string.
    pub api_groups: Vec<String>,
    /// API versions without the group.
    pub api_versions: Vec<String>,
    /// Plural resource names, optionally followed by a slash and a subresource.
    pub resources: Vec<String>,
    /// The operations that the rule covers.
    pub operations: Vec<Operation>,
}

/// An operation of an admission request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Operation {
    /// The object is created.
    Create,
    /// The object is updated.
    Update,
    /// The object is deleted.
    Delete,
    /// A connection through the object, such as `kubectl exec`.
    Connect,
    /// Every operation, written `*`.
    #[serde(rename = "*")]
    All,
}

/// The interface a module is built for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExecutionMode {
    /// waPC, which the policy SDKs for Rust, Go and other languages build for.
    #[default]
    #[serde(rename = "kubewarden-wapc")]
    KubewardenWapc,
    /// Rego compiled by Open Policy Agent.
    #[serde(rename = "opa")]
    Opa,
    /// Rego written for Gatekeeper.
    #[serde(rename = "gatekeeper")]
    Gatekeeper,
    /// A WASI command that reads its request from standard input.
    #[serde(rename = "wasi")]
    Wasi,
}

impl fmt::Display for ExecutionMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KubewardenWapc => "kubewarden-wapc",
            Self::Opa => "opa",
            Self::Gatekeeper => "gatekeeper",
            Self::Wasi => "wasi",
        })
    }
}

/// What a module validates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PolicyType {
    /// Kubernetes admission requests.
    #[default]
    Kubernetes,
    /// Arbitrary JSON.
    Raw,
}

/// A kind of object, as listed in the `contextAwareResources` of metadata and policies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContextAwareResource {
    /// `v1`, or group and version as in `apps/v1`.
    pub api_version: String,
    /// The singular name in PascalCase, as in `Namespace`.
    pub kind: String,
}

impl ContextAwareResource {
    /// Creates a reference to a kind.
    pub fn new(api_version: impl Into<String>, kind: impl Into<String>) -> Self {
        Self {
            api_version: api_version.into(),
            kind: kind.into(),
        }
    }
}

impl fmt::Display for ContextAwareResource {
    /// Formats the kind as Kubewarden's own messages do: `v1/Namespace`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.api_version, self.kind)
    }
}

fn default_true() -> bool {
    true
}

fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
