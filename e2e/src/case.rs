//! Cases as they lie on disk.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::Error;

/// One case: a request, settings, and what must come of them.
///
/// `case.yaml` is this type; beside it lie `object.yaml`, `old-object.yaml`, `cluster/*.yaml` (what
/// context-aware look-ups find) and `patched.yaml` (the whole object expected), all optional.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Case {
    /// What the case shows, one sentence.
    pub description: String,
    /// `CREATE`, `UPDATE` or `DELETE`.
    #[serde(default = "create")]
    pub operation: String,
    /// The subresource asked for.
    #[serde(default)]
    pub sub_resource: String,
    /// Who asks.
    #[serde(default = "developer")]
    pub username: String,
    /// The policy's settings.
    #[serde(default = "no_settings")]
    pub settings: Value,
    /// What must come of it.
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
    /// The directory's name.
    #[serde(skip)]
    pub name: String,
    /// `object.yaml`.
    #[serde(skip)]
    pub object: Option<Value>,
    /// `old-object.yaml`.
    #[serde(skip)]
    pub old_object: Option<Value>,
    /// `patched.yaml`.
    #[serde(skip)]
    pub patched: Option<Value>,
    /// `cluster/*.yaml`.
    #[serde(skip)]
    pub cluster: Vec<Value>,
}

/// What a case ends in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expected {
    /// The object passes as it came.
    Accepted,
    /// The object passes changed.
    Mutated,
    /// The object is refused.
    Rejected,
    /// The settings are refused; there is no request.
    InvalidSettings,
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
    /// Every case of a module, by name.
    ///
    /// # Errors
    /// When there is none, or one cannot be read.
    pub fn all_of(module: &str) -> Result<Vec<Self>, Error> {
        let dir = crate::workspace::module_dir(module).join("cases");
        let entries = fs::read_dir(&dir)
            .map_err(|cause| format!("cannot list {}: {cause}", dir.display()))?;
        let mut paths = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<Vec<_>, _>>()?;
        paths.sort();
        let cases: Vec<Self> = paths
            .iter()
            .map(|path| Self::read(path))
            .collect::<Result<_, _>>()?;
        match cases.is_empty() {
            true => Err(format!("{} holds no case", dir.display()).into()),
            false => Ok(cases),
        }
    }

    fn read(dir: &Path) -> Result<Self, Error> {
        let description = value(&dir.join("case.yaml"))?.ok_or("case.yaml is missing");
        let in_case = |cause: &dyn std::fmt::Display| format!("{}: {cause}", dir.display());
        let mut case: Self = serde_json::from_value(description.map_err(|e| in_case(&e))?)
            .map_err(|cause| in_case(&cause))?;
        case.name = dir
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        case.object = value(&dir.join("object.yaml"))?;
        case.old_object = value(&dir.join("old-object.yaml"))?;
        case.patched = value(&dir.join("patched.yaml"))?;
        if let Ok(entries) = fs::read_dir(dir.join("cluster")) {
            let mut paths: Vec<_> = entries
                .map(|e| e.map(|e| e.path()))
                .collect::<Result<_, _>>()?;
            paths.sort();
            for path in paths {
                case.cluster.extend(values(&path)?);
            }
        }
        Ok(case)
    }

    /// The request; `None` where the case is about settings alone.
    pub fn request(&self) -> Option<Request> {
        let about = self.object.as_ref().or(self.old_object.as_ref())?;
        Some(Request::new(self, about))
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

/// The one document of a file; `None` when there is no such file.
fn value(path: &Path) -> Result<Option<Value>, Error> {
    if !path.exists() {
        return Ok(None);
    }
    Ok(values(path)?.into_iter().next())
}

fn values(path: &Path) -> Result<Vec<Value>, Error> {
    let bytes = fs::read(path).map_err(|cause| format!("{}: {cause}", path.display()))?;
    manifest::read(&path.to_string_lossy(), &bytes)
        .map(|document| Ok(document?.value()?))
        .collect()
}
