//! One object through the policies: mutating ones to a fixed point, then validating ones on the result.

use std::collections::BTreeMap;
use std::sync::Arc;

use json_patch::{AddOperation, PatchOperation, RemoveOperation, ReplaceOperation};
use kubewarden::{Mode, NAMESPACE_NAME_LABEL, kinds, labels};
use manifest::{Object, Problem};
use serde::Serialize;
use serde_json::value::to_raw_value;
use serde_json::{Map, Value, json};

use crate::claims::{Deriver, Subject};
use crate::context::Context;
use crate::paths;
use crate::policies::{LoadedPolicy, Policies};
use crate::row::{Row, Verdict};
use crate::runtime::Response;

/// Judges objects as the cluster would that a [`Context`] describes.
pub struct Simulator {
    policies: Policies,
    context: Context,
    deriver: Deriver,
    /// The class that DefaultStorageClass fills in.
    default_storage_class: Option<String>,
}

/// How a module's warning begins that it could not ask the cluster.
const NOT_CHECKED: &str = "not checked: ";

/// How often mutating policies that change each other's work are called again.
const MAX_REINVOCATIONS: usize = 8;

impl Simulator {
    /// A simulator of `policies` in `context`. `default_storage_class` is what the admission plugin
    /// DefaultStorageClass fills in; none where it is `None` or empty.
    ///
    /// # Errors
    /// When the table of derived claims is broken.
    pub fn new(
        policies: Policies,
        context: Context,
        default_storage_class: Option<&str>,
    ) -> Result<Self, Problem> {
        let deriver =
            Deriver::new().map_err(|message| Problem::error(&Arc::from("claims"), message))?;
        let default = default_storage_class.filter(|class| !class.is_empty());
        Ok(Self {
            policies,
            context,
            deriver,
            default_storage_class: default.map(str::to_owned),
        })
    }

    /// Returns a row for each policy that matches the object or a claim derived from it.
    pub fn simulate(&self, object: &Object) -> Vec<Row> {
        let own = Subject::object(object.value.clone());
        let derived = self.deriver.derive(&object.value);
        let mut written = object.value.clone();
        let mut rows: Vec<Option<Row>> = self.policies.loaded().iter().map(|_| None).collect();
        for subject in std::iter::once(&own).chain(&derived) {
            self.admit(object, subject, &mut written, &mut rows);
        }
        rows.into_iter().flatten().collect()
    }

    /// Puts one subject through the policies; `written` is the object with the changes so far.
    fn admit(
        &self,
        object: &Object,
        subject: &Subject,
        written: &mut Value,
        rows: &mut [Option<Row>],
    ) {
        let mut value = subject.value.clone();
        if value.get("kind").and_then(Value::as_str) == Some("PersistentVolumeClaim") {
            self.fill_in_class(&mut value);
        }
        let namespace = namespace(&value);
        let labels = self.labels_of(&value, namespace.as_deref());
        let place = namespace.as_deref().map(|name| (name, &labels));
        let mut changed = true;
        for round in 0..=MAX_REINVOCATIONS {
            if !std::mem::take(&mut changed) {
                break;
            }
            for (loaded, row) in self.policies.loaded().iter().zip(rows.iter_mut()) {
                if !loaded.policy.spec.mutating || !loaded.policy.matches(&value, place) {
                    continue;
                }
                let row = row.get_or_insert_with(|| Row::of(object, loaded.policy.module_name()));
                if round == MAX_REINVOCATIONS {
                    row.error("mutating policies keep changing the object back and forth");
                    return;
                }
                let request = Request::create(&value, namespace.as_deref());
                let response = loaded.ask(&request, &self.context, row);
                let after =
                    response.and_then(|answer| loaded.note(object, subject, answer, row, round));
                if let Some(after) = after.filter(|after| *after != value) {
                    row.verdict = row.verdict.max(Verdict::Mutated);
                    let patch = json_patch::diff(&value, &after);
                    row.patch.extend(rebase(subject, written, patch.0));
                    value = after;
                    changed = true;
                }
            }
        }
        for (loaded, row) in self.policies.loaded().iter().zip(rows.iter_mut()) {
            if !loaded.policy.spec.mutating && loaded.policy.matches(&value, place) {
                let row = row.get_or_insert_with(|| Row::of(object, loaded.policy.module_name()));
                let request = Request::create(&value, namespace.as_deref());
                if let Some(response) = loaded.ask(&request, &self.context, row) {
                    loaded.note(object, subject, response, row, 0);
                }
            }
        }
    }

    /// What the API server does to a claim before mutating webhooks see it: it notes which fields the
    /// client sent, then fills in the default class.
    fn fill_in_class(&self, claim: &mut Value) {
        let Some(fields) = claim.as_object_mut() else {
            return;
        };
        let Some(Value::Object(spec)) = fields.get("spec") else {
            return;
        };
        let sent: Map<String, Value> = spec
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, _)| (format!("f:{key}"), json!({})))
            .collect();
        let noted = json!([{
            "manager": "agnostics", "operation": "Update", "apiVersion": "v1",
            "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": sent},
        }]);
        let metadata = fields.entry("metadata").or_insert_with(|| json!({}));
        if let Some(metadata) = metadata.as_object_mut() {
            // A claim read from a cluster brings the truth about itself.
            metadata.entry("managedFields").or_insert(noted);
        }
        let beta = "/annotations/volume.beta.kubernetes.io~1storage-class";
        let beta = metadata.pointer(beta).is_some_and(|class| !class.is_null());
        let Some(Value::Object(spec)) = fields.get_mut("spec") else {
            return;
        };
        let field = spec
            .get("storageClassName")
            .is_some_and(|class| !class.is_null());
        if let (false, false, Some(class)) = (beta, field, &self.default_storage_class) {
            spec.insert("storageClassName".to_owned(), json!(class));
        }
    }

    fn labels_of(&self, object: &Value, namespace: Option<&str>) -> BTreeMap<String, String> {
        let Some(namespace) = namespace else {
            return BTreeMap::new();
        };
        let is_namespace = object.get("kind").and_then(Value::as_str) == Some("Namespace");
        let mut labels = match is_namespace {
            true => labels(object),
            false => self.context.labels_of(namespace),
        };
        labels.insert(NAMESPACE_NAME_LABEL.to_owned(), namespace.to_owned());
        labels
    }
}

impl LoadedPolicy {
    /// Returns the policy's response. If there is none, records the reason in `row`.
    fn ask(&self, request: &Request<'_>, context: &Context, row: &mut Row) -> Option<Response> {
        let request = to_raw_value(request).map_err(|error| error.to_string());
        let response = request.and_then(|request| self.validate(&request, context.cluster()));
        response.map_err(|error| row.error(error)).ok()
    }

    /// Records the response, honouring the policy's mode; returns the object as the policy wants it, if
    /// it does.
    fn note(
        &self,
        object: &Object,
        subject: &Subject,
        response: Response,
        row: &mut Row,
        round: usize,
    ) -> Option<Value> {
        // A later round sees its own work; what it has to say of that was said.
        if round == 0 || response.mutated_object.is_some() {
            // Of a cluster that is not there, a module says so with every object.
            let offline = !response.unanswered.is_empty();
            for warning in &response.warnings {
                match warning.strip_prefix(NOT_CHECKED) {
                    Some(what) if offline => row.not_checked.push(what.to_owned()),
                    _ => row.warnings.push(subject.message(warning)),
                }
            }
        }
        if self.policy.spec.mode == Mode::Monitor {
            return None;
        }
        if !response.accepted {
            let said = subject.message(&response.message.unwrap_or_default());
            // The warning of a rejection repeats its first line.
            let first_line = said.lines().next().unwrap_or_default();
            row.warnings.retain(|warning| warning != first_line);
            let hint = object.hint(&paths::leading_pointer(&said));
            let message = match &self.policy.spec.message {
                Some(message) => format!("{message} (the module says: {said})"),
                None => said,
            };
            // Nobody who writes `yes` expects to be told of the boolean true.
            let message = std::iter::once(message).chain(hint);
            row.reject(message.collect::<Vec<_>>().join("\n"));
            return None;
        }
        let after = serde_json::from_str(response.mutated_object?.get());
        after
            .map_err(|error| row.error(format!("the module's object cannot be read: {error}")))
            .ok()
    }
}

/// The namespace that kubectl would put the object in; of a Namespace, itself; none for other
/// cluster-scoped kinds.
pub fn namespace(object: &Value) -> Option<String> {
    let text = |pointer| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    let kind = text("/kind").unwrap_or_default();
    let (group, _) = kinds::group_version(text("/apiVersion").unwrap_or_default());
    let named = match kind {
        "Namespace" => text("/metadata/name"),
        _ if kinds::is_cluster_scoped(group, kind) => return None,
        _ => text("/metadata/namespace"),
    };
    Some(named.unwrap_or("default").to_owned())
}

/// `AdmissionReview.request` of an object's creation.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    uid: &'a str,
    kind: Value,
    resource: Value,
    request_kind: Value,
    request_resource: Value,
    name: &'a str,
    operation: &'a str,
    user_info: Value,
    object: &'a Value,
    old_object: Option<&'a Value>,
    dry_run: bool,
    /// Absent for cluster-scoped kinds, as from the API server; the SDK cannot read null.
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
}

impl<'a> Request<'a> {
    fn create(object: &'a Value, namespace: Option<&'a str>) -> Self {
        let text = |pointer| object.pointer(pointer).and_then(Value::as_str);
        let (group, version) = kinds::group_version(text("/apiVersion").unwrap_or_default());
        let kind = text("/kind").unwrap_or_default();
        let resource = kinds::plural(kind);
        let resource = json!({"group": group, "version": version, "resource": resource});
        let kind = json!({"group": group, "version": version, "kind": kind});
        Self {
            uid: "00000000-0000-0000-0000-000000000000",
            request_kind: kind.clone(),
            kind,
            request_resource: resource.clone(),
            resource,
            name: text("/metadata/name").unwrap_or_default(),
            operation: "CREATE",
            user_info: json!({"username": "agnostics", "groups": ["system:authenticated"]}),
            object,
            old_object: None,
            dry_run: true,
            namespace,
        }
    }
}

/// Changes of a subject as changes of the object that it is written in, which lacks what the API server
/// has filled in. They are made in `written`, so that each stands on those before it.
fn rebase(
    subject: &Subject,
    written: &mut Value,
    patch: Vec<PatchOperation>,
) -> Vec<PatchOperation> {
    let mut rebased = Vec::new();
    for operation in patch {
        let pointer = subject.pointer(operation.path().as_str());
        let present = written.pointer(&pointer).is_some();
        let operation = match operation {
            PatchOperation::Replace(ReplaceOperation { value, .. }) if present => {
                replace(pointer, value)
            }
            PatchOperation::Add(AddOperation { value, .. })
            | PatchOperation::Replace(ReplaceOperation { value, .. }) => {
                add(written, pointer, value)
            }
            PatchOperation::Remove(_) if present => remove(pointer),
            // A diff knows no other operations; what is not in the object needs no removal.
            _ => continue,
        };
        if let Some(operation) = operation
            && json_patch::patch(written, std::slice::from_ref(&operation)).is_ok()
        {
            rebased.push(operation);
        }
    }
    rebased
}

fn replace(pointer: String, value: Value) -> Option<PatchOperation> {
    let path = pointer.parse().ok()?;
    Some(PatchOperation::Replace(ReplaceOperation { path, value }))
}

fn remove(pointer: String) -> Option<PatchOperation> {
    let path = pointer.parse().ok()?;
    Some(PatchOperation::Remove(RemoveOperation { path }))
}

/// An addition with the mappings above it that are missing.
fn add(written: &Value, mut pointer: String, mut value: Value) -> Option<PatchOperation> {
    loop {
        let (above, token) = pointer.rsplit_once('/')?;
        match written.pointer(above) {
            None | Some(Value::Null) => value = json!({ paths::key(token): value }),
            Some(Value::Object(members)) if members.contains_key(&paths::key(token)) => {
                return replace(pointer, value);
            }
            Some(_) => break,
        }
        pointer.truncate(above.len());
    }
    let path = pointer.parse().ok()?;
    Some(PatchOperation::Add(AddOperation { path, value }))
}
