//! One case of the corpus.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Error, topic, workspace};

/// One case: a request, settings and cluster, and the verdict expected.
///
/// It is written in a file of its topic; see [`topic`].
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Case {
    /// The case's id, which is unique among those of its policy and stays when the case moves.
    pub name: String,
    /// What the case shows, one sentence.
    pub description: String,
    /// The policy's settings.
    #[serde(default = "no_settings")]
    pub settings: Value,
    /// What context-aware look-ups find: all objects of their kinds; of other kinds nothing is known.
    #[serde(default)]
    pub cluster: Vec<Value>,
    /// `CREATE`, `UPDATE` or `DELETE`.
    #[serde(default = "create")]
    pub operation: String,
    /// The subresource of the request.
    #[serde(default)]
    pub sub_resource: String,
    /// The user who sends the request.
    #[serde(default = "developer")]
    pub username: String,
    /// The object as it is stored.
    pub old_object: Option<Value>,
    /// The object as it is sent.
    pub object: Option<Value>,
    /// What the case ends in.
    pub expect: Expected,
    /// The rejection's message, or what is wrong with the settings.
    pub message: Option<String>,
    /// The warnings, all of them in order. A rejection's first line need not be repeated here.
    pub warnings: Option<Vec<String>>,
    /// The audit annotations, where the case is about them.
    pub audit_annotations: Option<BTreeMap<String, String>>,
    /// JSONPath to value, on the object as it is after the verdict.
    #[serde(default, rename = "assert")]
    pub assertions: BTreeMap<String, Value>,
    /// The whole object after the verdict.
    pub patched: Option<Value>,
    /// Where the case is written: `file:line`, from the workspace's root.
    #[serde(skip)]
    pub location: String,
}

/// What a case ends in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expected {
    /// The object is accepted as it came.
    Accepted,
    /// The object is changed.
    Mutated,
    /// The object is rejected.
    Rejected,
    /// The settings are rejected; there is no request.
    InvalidSettings,
}

/// What a policy is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// To give a verdict on a request.
    Validate,
    /// To check settings.
    ValidateSettings,
}

impl Operation {
    /// Its name in Kubewarden's protocol.
    pub fn name(self) -> &'static str {
        match self {
            Self::Validate => "validate",
            Self::ValidateSettings => "validate_settings",
        }
    }
}

/// The request of a case, as `AdmissionReview.request`.
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
    /// Every case of a policy, in the order of its files.
    ///
    /// # Errors
    /// If the policy has no case, a case cannot be read, or two cases have the same name.
    pub fn all_of(policy: &str) -> Result<Vec<Self>, Error> {
        topic::read_all(&workspace::module_dir(policy).join("cases"))
    }

    /// What a failing test prints of the case: `file:line: name`, to jump to.
    pub fn title(&self) -> String {
        format!("{}: {}", self.location, self.name)
    }

    /// The request; `None` where the case is about settings alone.
    pub fn request(&self) -> Option<Request> {
        let about = self.object.as_ref().or(self.old_object.as_ref())?;
        Some(Request::new(self, about))
    }

    /// What the policy is asked to do, with the payload byte for byte.
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

    /// The request, or one about nothing for hosts that look at settings only on the way to it.
    pub fn request_or_any(&self) -> Request {
        let any = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "any"}});
        self.request().unwrap_or_else(|| Request::new(self, &any))
    }
}

impl Request {
    fn new(case: &Case, about: &Value) -> Self {
        let text = |pointer| about.pointer(pointer).and_then(Value::as_str);
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
