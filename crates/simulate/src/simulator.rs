//! Admission of one object: mutating policies until nothing changes, then validating policies.

use std::collections::BTreeMap;
use std::sync::Arc;

use admission::Severity;
use json_patch::{AddOperation, PatchOperation, RemoveOperation, ReplaceOperation};
use kubewarden::{Mode, NAMESPACE_NAME_LABEL, kinds, labels};
use manifest::{Object, Problem};
use serde_json::value::to_raw_value;
use serde_json::{Map, Value, json};

use crate::claims::{Deriver, Subject};
use crate::context::Context;
use crate::finding::Finding;
use crate::paths;
use crate::policies::{LoadedPolicy, Policies};
use crate::request::Request;
use crate::row::{Row, Verdict};
use crate::runtime::Response;

/// Evaluates policies for objects as the cluster described by a [`Context`] would.
pub struct Simulator {
    policies: Policies,
    context: Context,
    deriver: Deriver,
    /// The class that the admission plugin DefaultStorageClass sets.
    default_storage_class: Option<String>,
}

/// The prefix of a policy's warning about a cluster look-up that failed.
const NOT_CHECKED: &str = "not checked: ";

/// How often mutating policies are reinvoked before the simulator reports that they never settle.
const MAX_REINVOCATIONS: usize = 8;

impl Simulator {
    /// Creates a simulator. `default_storage_class` is the class that the admission plugin
    /// DefaultStorageClass sets; `None` and the empty string disable the plugin.
    ///
    /// # Errors
    /// Returns an error if a JSONPath in the table of claim sources is invalid.
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

    /// Returns one row for each policy that matches the object or a claim derived from it.
    pub fn simulate(&self, object: &Object) -> Vec<Row> {
        let own = Subject::object(object.value.clone());
        let derived = self.deriver.derive(&object.value);
        let mut patched = object.value.clone();
        let mut rows: Vec<Option<Row>> = self.policies.loaded().iter().map(|_| None).collect();
        for subject in std::iter::once(&own).chain(&derived) {
            self.admit(object, subject, &mut patched, &mut rows);
        }
        rows.into_iter().flatten().collect()
    }

    /// Evaluates all policies for one subject. `patched` is the object with the mutations so far.
    fn admit(
        &self,
        object: &Object,
        subject: &Subject,
        patched: &mut Value,
        rows: &mut [Option<Row>],
    ) {
        let mut value = subject.value.clone();
        if value.get("kind").and_then(Value::as_str) == Some("PersistentVolumeClaim") {
            self.set_default_storage_class(&mut value);
        }
        let namespace = namespace(&value);
        set_namespace(&mut value, namespace.as_deref());
        let labels = self.namespace_labels(&value, namespace.as_deref());
        let labelled_namespace = namespace.as_deref().map(|name| (name, &labels));
        let mut changed = true;
        for round in 0..=MAX_REINVOCATIONS {
            if !std::mem::take(&mut changed) {
                break;
            }
            for (loaded, row) in self.policies.loaded().iter().zip(rows.iter_mut()) {
                if !loaded.policy.spec.mutating {
                    continue;
                }
                let request = Request::new(&value, None, namespace.as_deref());
                let Some(row) = loaded.row(object, &request, labelled_namespace, row) else {
                    continue;
                };
                if round == MAX_REINVOCATIONS {
                    row.error("mutating policies keep changing the object back and forth");
                    return;
                }
                let response = loaded.evaluate(&request, &self.context, row);
                let mutated =
                    response.and_then(|it| loaded.record(object, subject, it, row, round));
                if let Some(mutated) = mutated.filter(|mutated| *mutated != value) {
                    row.verdict = row.verdict.max(Verdict::Mutated);
                    let patch = json_patch::diff(&value, &mutated);
                    row.patch.extend(rebase(subject, patched, patch.0));
                    value = mutated;
                    changed = true;
                }
            }
        }
        for (loaded, row) in self.policies.loaded().iter().zip(rows.iter_mut()) {
            if loaded.policy.spec.mutating {
                continue;
            }
            let request = Request::new(&value, None, namespace.as_deref());
            if let Some(row) = loaded.row(object, &request, labelled_namespace, row)
                && let Some(response) = loaded.evaluate(&request, &self.context, row)
            {
                loaded.record(object, subject, response, row, 0);
            }
        }
    }

    /// Prepares a claim as the API server does before mutating webhooks: records the fields that the client
    /// sent in `managedFields`, then sets the default storage class.
    fn set_default_storage_class(&self, claim: &mut Value) {
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
        let managed_fields = json!([{
            "manager": "agnostics", "operation": "Update", "apiVersion": "v1",
            "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": sent},
        }]);
        let metadata = fields.entry("metadata").or_insert_with(|| json!({}));
        if let Some(metadata) = metadata.as_object_mut() {
            // A claim exported from a cluster has `managedFields` already.
            metadata.entry("managedFields").or_insert(managed_fields);
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

    fn namespace_labels(
        &self,
        object: &Value,
        namespace: Option<&str>,
    ) -> BTreeMap<String, String> {
        let Some(namespace) = namespace else {
            return BTreeMap::new();
        };
        let is_namespace = object.get("kind").and_then(Value::as_str) == Some("Namespace");
        let mut labels = match is_namespace {
            true => labels(object),
            false => self.context.namespace_labels(namespace),
        };
        labels.insert(NAMESPACE_NAME_LABEL.to_owned(), namespace.to_owned());
        labels
    }
}

impl LoadedPolicy {
    /// Returns the policy's row, which is created if the policy matches the request. If that cannot be decided,
    /// records the error in the row and returns `None`.
    fn row<'a>(
        &self,
        object: &Object,
        request: &Request<'_>,
        namespace: Option<(&str, &BTreeMap<String, String>)>,
        row: &'a mut Option<Row>,
    ) -> Option<&'a mut Row> {
        let matches = self.matches(request, namespace);
        if matches == Ok(false) {
            return None;
        }
        let row = row.get_or_insert_with(|| Row::new(object, self.policy.module_name()));
        match matches {
            Ok(_) => Some(row),
            Err(error) => {
                row.error(error);
                None
            }
        }
    }

    /// Returns the policy's response. On failure, records the error in `row`.
    fn evaluate(
        &self,
        request: &Request<'_>,
        context: &Context,
        row: &mut Row,
    ) -> Option<Response> {
        let request = to_raw_value(request).map_err(|error| error.to_string());
        let cluster = context.cluster(&self.policy);
        let response = request.and_then(|request| self.validate(&request, &cluster));
        let response = response.map_err(|error| row.error(error)).ok()?;
        for kind in &response.unknown_kinds {
            if cluster.is_partial(kind) {
                let check = format!("{} objects outside the manifests", kind.kind);
                row.not_checked.push(check);
            }
        }
        Some(response)
    }

    /// Records the response in `row`, honouring the policy's mode. Returns the mutated object, if any.
    fn record(
        &self,
        object: &Object,
        subject: &Subject,
        response: Response,
        row: &mut Row,
        round: usize,
    ) -> Option<Value> {
        let protects = self.policy.spec.mode != Mode::Monitor;
        let rejection = (protects && !response.accepted)
            .then(|| subject.message(response.message.as_deref().unwrap_or_default()));
        // A rejection repeats its first line as a warning.
        let repeated = rejection
            .as_deref()
            .and_then(|reason| reason.lines().next());
        // A reinvoked policy that changes nothing only repeats its warnings.
        if round == 0 || response.mutated_object.is_some() {
            // Offline, policies warn about the missing cluster once per object.
            let offline = !response.unknown_kinds.is_empty();
            for warning in &response.warnings {
                let warning = subject.message(warning);
                if Some(warning.as_str()) == repeated {
                    continue;
                }
                let finding = Finding::parse(&warning, Severity::Warning).unwrap_or_else(|| {
                    Finding::without_rule(&row.module, Severity::Warning, &warning)
                });
                match finding.message.strip_prefix(NOT_CHECKED) {
                    Some(check) if offline => row.not_checked.push(check.to_owned()),
                    _ => row.warn(warning, finding),
                }
            }
        }
        if let Some(reason) = rejection {
            let hint = object.hint(&paths::leading_pointer(&reason));
            let findings = Finding::of_rejection(&row.module, &reason);
            let message = match &self.policy.spec.message {
                Some(message) => format!("{message} (details: {reason})"),
                None => reason.clone(),
            };
            // The hint explains YAML surprises, such as `yes` being the boolean true.
            let message = std::iter::once(message).chain(hint);
            row.reject(message.collect::<Vec<_>>().join("\n"), findings);
            return None;
        }
        if !protects {
            return None;
        }
        let mutated = serde_json::from_str(response.mutated_object?.get());
        mutated
            .map_err(|error| row.error(format!("the policy returned an invalid object: {error}")))
            .ok()
    }
}

/// Returns the namespace in which kubectl would create the object. A Namespace is in itself; other
/// cluster-scoped kinds have none.
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

/// Sets the namespace of an object that names none, as the API server does before it calls policies
/// (k8s.io/apiserver, `pkg/registry/rest/meta.go`, `EnsureObjectNamespaceMatchesRequestNamespace`).
fn set_namespace(object: &mut Value, namespace: Option<&str>) {
    if object.get("kind").and_then(Value::as_str) == Some("Namespace") {
        return;
    }
    let metadata = object.get_mut("metadata").and_then(Value::as_object_mut);
    if let (Some(metadata), Some(namespace)) = (metadata, namespace) {
        let own = metadata.get("namespace").and_then(Value::as_str);
        if own.is_none_or(str::is_empty) {
            metadata.insert("namespace".to_owned(), namespace.into());
        }
    }
}

/// Translates a patch of a subject to a patch of the object that contains it. The object lacks the fields
/// that the API server sets. Each operation is applied to `patched`, on which the next one builds.
fn rebase(
    subject: &Subject,
    patched: &mut Value,
    patch: Vec<PatchOperation>,
) -> Vec<PatchOperation> {
    let mut rebased = Vec::new();
    for operation in patch {
        let pointer = subject.pointer(operation.path().as_str());
        let present = patched.pointer(&pointer).is_some();
        let operation = match operation {
            PatchOperation::Replace(ReplaceOperation { value, .. }) if present => {
                replace(pointer, value)
            }
            PatchOperation::Add(AddOperation { value, .. })
            | PatchOperation::Replace(ReplaceOperation { value, .. }) => {
                add(patched, pointer, value)
            }
            PatchOperation::Remove(_) if present => remove(pointer),
            // A diff has no other operations, and a missing field needs no removal.
            _ => continue,
        };
        if let Some(operation) = operation
            && json_patch::patch(patched, std::slice::from_ref(&operation)).is_ok()
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

/// Returns an operation that adds the value and any missing parent mappings.
fn add(patched: &Value, mut pointer: String, mut value: Value) -> Option<PatchOperation> {
    loop {
        let (parent, token) = pointer.rsplit_once('/')?;
        match patched.pointer(parent) {
            None | Some(Value::Null) => value = json!({ paths::key(token): value }),
            Some(Value::Object(members)) if members.contains_key(&paths::key(token)) => {
                return replace(pointer, value);
            }
            Some(_) => break,
        }
        pointer.truncate(parent.len());
    }
    let path = pointer.parse().ok()?;
    Some(PatchOperation::Add(AddOperation { path, value }))
}
