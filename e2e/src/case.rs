//! A case: a request to a policy, and the expected verdict.

use std::collections::BTreeMap;

use host::{ContextAwareResource, Snapshot};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Error, topic, workspace};

/// A case: request, settings and cluster, and the expected verdict.
///
/// Cases are written in one file per topic; see [`topic`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Case {
    /// The id of the case. It is unique within the policy, and stays the same when the case moves to another
    /// file.
    pub name: String,
    /// What the case shows, in one sentence.
    pub description: String,
    /// The settings of the policy.
    #[serde(default = "no_settings")]
    pub settings: Value,
    /// The objects that context-aware look-ups find. They are all objects of their kinds; look-ups of other
    /// kinds fail.
    #[serde(default)]
    pub cluster: Vec<Value>,
    /// The kinds that the cluster does not have, because their CRDs are not installed.
    #[serde(default)]
    pub missing_kinds: Vec<ContextAwareResource>,
    /// `CREATE`, `UPDATE` or `DELETE`.
    #[serde(default = "create")]
    pub operation: String,
    /// The subresource of the request.
    #[serde(default)]
    pub sub_resource: String,
    /// The user who sends the request.
    #[serde(default = "developer")]
    pub username: String,
    /// The stored object, before the request.
    pub old_object: Option<Value>,
    /// The object in the request.
    pub object: Option<Value>,
    /// The expected result.
    pub expect: Expected,
    /// The message of the rejection, or the error about the settings.
    pub message: Option<String>,
    /// All warnings in order. By default, the first line of `message` if there is one, and no warning
    /// otherwise.
    pub warnings: Option<Vec<String>>,
    /// The audit annotations; not compared if not set.
    pub audit_annotations: Option<BTreeMap<String, String>>,
    /// JSONPaths and their values in the object after the verdict.
    #[serde(default, rename = "assert")]
    pub assertions: BTreeMap<String, Value>,
    /// The whole object after the verdict.
    pub patched: Option<Value>,
    /// The location of the case as `file:line`, relative to the workspace root.
    #[serde(skip)]
    pub location: String,
}

/// The expected result of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expected {
    /// The object is accepted unchanged.
    Accepted,
    /// The object is mutated.
    Mutated,
    /// The object is rejected.
    Rejected,
    /// The settings are rejected; there is no request.
    InvalidSettings,
}

/// An operation of Kubewarden's policy protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Returns a verdict on a request.
    Validate,
    /// Checks settings.
    ValidateSettings,
}

impl Operation {
    /// Returns the name of the operation in Kubewarden's protocol.
    pub fn name(self) -> &'static str {
        match self {
            Self::Validate => "validate",
            Self::ValidateSettings => "validate_settings",
        }
    }
}

/// The request of a case: `AdmissionReview.request`.
#[derive(Debug, Clone)]
pub struct Request(pub Value);

fn create() -> String {
    "CREATE".to_owned()
}

fn developer() -> String {
    "developer".to_owned()
}

fn no_settings() -> Value {
    json!({})
}

impl Case {
    /// Returns every case of a policy, in file order.
    ///
    /// # Errors
    /// Returns an error if the policy has no case, a case cannot be read, or two cases have the same name.
    pub fn all_of(policy: &str) -> Result<Vec<Self>, Error> {
        topic::read_all(&workspace::module_dir(policy).join("cases"))
    }

    /// Returns `file:line: name`, which failing tests print.
    pub fn title(&self) -> String {
        format!("{}: {}", self.location, self.name)
    }

    /// Returns the objects and the kinds of the cluster.
    ///
    /// # Errors
    /// Returns an error if an object has no kind or name.
    pub fn snapshot(&self) -> Result<Snapshot, Error> {
        let mut snapshot = Snapshot::complete(self.cluster.iter().cloned())?;
        for kind in &self.missing_kinds {
            snapshot.mark_missing(kind.clone());
        }
        Ok(snapshot)
    }

    /// Returns the request, or `None` for a case that only checks settings.
    pub fn request(&self) -> Option<Request> {
        let object = self.object.as_ref().or(self.old_object.as_ref())?;
        Some(Request::new(self, object))
    }

    /// Returns the operation that the case calls, and its payload.
    pub fn call(&self) -> (Operation, String) {
        let settings = &self.settings;
        match self.request() {
            None => (Operation::ValidateSettings, settings.to_string()),
            Some(Request(request)) => {
                let payload = json!({"request": request, "settings": settings});
                (Operation::Validate, payload.to_string())
            }
        }
    }

    /// Returns the request, or one for a placeholder object: some hosts check settings only when they evaluate
    /// a request.
    pub fn request_or_any(&self) -> Request {
        let any = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "any"}});
        self.request().unwrap_or_else(|| Request::new(self, &any))
    }
}

impl Request {
    fn new(case: &Case, object: &Value) -> Self {
        let text = |pointer| object.pointer(pointer).and_then(Value::as_str);
        let text = |pointer| text(pointer).unwrap_or_default();
        let api_version = text("/apiVersion");
        let (group, version) = api_version.rsplit_once('/').unwrap_or(("", api_version));
        let kind = text("/kind");
        let resource = format!("{}s", kind.to_lowercase());
        let kind = json!({"group": group, "version": version, "kind": kind});
        let resource = json!({"group": group, "version": version, "resource": resource});
        Self(json!({
            "uid": "00000000-0000-0000-0000-000000000000",
            "kind": kind,
            "resource": resource,
            "subResource": case.sub_resource,
            "requestKind": kind,
            "requestResource": resource,
            "requestSubResource": case.sub_resource,
            "name": text("/metadata/name"),
            "namespace": text("/metadata/namespace"),
            "operation": case.operation,
            "userInfo": {"username": case.username, "groups": ["system:authenticated"]},
            "object": case.object,
            "oldObject": case.old_object,
            "dryRun": false,
        }))
    }
}
