//! One object through the policies: mutators to a fixed point, then validators on the result.

use std::collections::BTreeMap;
use std::sync::Arc;

use json_patch::{AddOperation, PatchOperation, RemoveOperation, ReplaceOperation};
use manifest::{Object, Problem};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};
use snapshot::Snapshot;

use crate::claims::{Claim, Deriver};
use crate::engine::{Answer, Engine, Module};
use crate::policy::{Mode, Policy};
use crate::row::{Row, Verdict};
use crate::selector::NAMESPACE_NAME_LABEL;
use crate::survey::Survey;
use crate::{kinds, paths};

/// A policy with its module and settings, ready to judge.
struct Judge {
    policy: Policy,
    module: Box<dyn Module>,
    settings: Box<RawValue>,
}

/// Everything that verdicts depend on beside the object.
pub struct Plane {
    /// In the order of the API server: mutating policies first, each kind by name.
    judges: Vec<Judge>,
    deriver: Deriver,
    /// The class that DefaultStorageClass fills in.
    default_storage_class: Option<String>,
    /// Labels of the namespaces that are among the manifests.
    pub(crate) namespaces: BTreeMap<String, BTreeMap<String, String>>,
    /// What context-aware modules find.
    pub(crate) cluster: Snapshot,
}

/// How a module's warning begins that it could not ask the cluster.
const NOT_CHECKED: &str = "not checked: ";

/// Mutators that change each other's work are called again, but not for ever.
const MOST_ROUNDS: usize = 8;

impl Plane {
    /// Loads what the policies need, and has their settings checked by the modules. Beside the plane come
    /// warnings about the policies. `default_storage_class` is what DefaultStorageClass would fill in.
    ///
    /// # Errors
    /// The first policy that cannot be carried out.
    pub fn new(
        mut policies: Vec<Policy>,
        engine: &mut dyn Engine,
        default_storage_class: Option<&str>,
    ) -> Result<(Self, Vec<Problem>), Problem> {
        policies.sort_by(|a, b| a.order().cmp(&b.order()));
        let mut warnings = Vec::new();
        let mut judges = Vec::new();
        for policy in policies {
            let about = |message: String| policy.error(&message);
            if !policy.spec.match_conditions.is_empty() {
                warnings.push(policy.warning(
                    "matchConditions are not evaluated offline; it is taken to see every object that its \
                     rules and selectors match",
                ));
            }
            let module = engine.module(&policy).map_err(about)?;
            let settings = if policy.spec.settings.is_null() {
                json!({})
            } else {
                policy.spec.settings.clone()
            };
            let settings = to_raw_value(&settings).map_err(|error| about(error.to_string()))?;
            if let Some(complaint) = module.complaint(&settings).map_err(about)? {
                return Err(about(complaint));
            }
            judges.push(Judge {
                policy,
                module,
                settings,
            });
        }
        let deriver =
            Deriver::new().map_err(|message| Problem::error(&Arc::from("claims"), message))?;
        let default = default_storage_class.filter(|class| !class.is_empty());
        let plane = Self {
            judges,
            deriver,
            default_storage_class: default.map(str::to_owned),
            namespaces: BTreeMap::new(),
            cluster: Snapshot::new(),
        };
        Ok((plane, warnings))
    }

    pub(crate) fn policies(&self) -> impl Iterator<Item = &Policy> {
        self.judges.iter().map(|judge| &judge.policy)
    }

    /// What the plane wants to know of the manifests before it judges them.
    pub fn survey(&self) -> Survey {
        Survey::of(self)
    }

    /// Takes over what the manifests tell; returned are warnings about namespaces that they do not tell of.
    pub fn learn(&mut self, survey: Survey) -> Vec<Problem> {
        survey.into_plane(self)
    }

    /// What each policy that sees the object, or a claim that it ends in, makes of it.
    pub fn judge(&self, object: &Object) -> Vec<Row> {
        let own = Claim::own(object.value.clone());
        let derived = self.deriver.derive(&object.value);
        let mut written = object.value.clone();
        let mut rows: Vec<Option<Row>> = self.judges.iter().map(|_| None).collect();
        for claim in std::iter::once(&own).chain(&derived) {
            self.judge_one(object, claim, &mut written, &mut rows);
        }
        rows.into_iter().flatten().collect()
    }

    /// Puts one claim through the policies; `written` is the object with the changes so far.
    fn judge_one(
        &self,
        object: &Object,
        claim: &Claim,
        written: &mut Value,
        rows: &mut [Option<Row>],
    ) {
        let mut value = claim.value.clone();
        if value.get("kind").and_then(Value::as_str) == Some("PersistentVolumeClaim") {
            self.admit_claim(&mut value);
        }
        let namespace = namespace(&value);
        let labels = self.labels_of(&value, namespace.as_deref());
        let place = namespace.as_deref().map(|name| (name, &labels));
        let mut changed = true;
        for round in 0..=MOST_ROUNDS {
            if !std::mem::take(&mut changed) {
                break;
            }
            for (judge, row) in self.judges.iter().zip(rows.iter_mut()) {
                if !judge.policy.spec.mutating || !judge.policy.sees(&value, place) {
                    continue;
                }
                let row = row.get_or_insert_with(|| Row::of(object, judge.policy.module_name()));
                if round == MOST_ROUNDS {
                    row.error("mutating policies keep changing the object back and forth");
                    return;
                }
                let request = request(&value, namespace.as_deref());
                let answer = judge.ask(&request, &self.cluster, row);
                let after = answer.and_then(|answer| judge.note(object, claim, answer, row, round));
                if let Some(after) = after.filter(|after| *after != value) {
                    row.verdict = row.verdict.max(Verdict::Mutated);
                    let patch = json_patch::diff(&value, &after);
                    row.patch.extend(rebase(claim, written, patch.0));
                    value = after;
                    changed = true;
                }
            }
        }
        for (judge, row) in self.judges.iter().zip(rows.iter_mut()) {
            if !judge.policy.spec.mutating && judge.policy.sees(&value, place) {
                let row = row.get_or_insert_with(|| Row::of(object, judge.policy.module_name()));
                let request = request(&value, namespace.as_deref());
                if let Some(answer) = judge.ask(&request, &self.cluster, row) {
                    judge.note(object, claim, answer, row, 0);
                }
            }
        }
    }

    /// What the API server does to a claim before mutating webhooks see it: it notes which fields the
    /// client sent, then fills in the default class.
    fn admit_claim(&self, claim: &mut Value) {
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
            true => crate::policy::labels(object),
            false => self.namespaces.get(namespace).cloned().unwrap_or_default(),
        };
        labels.insert(NAMESPACE_NAME_LABEL.to_owned(), namespace.to_owned());
        labels
    }
}

impl Judge {
    /// The module's answer; why there is none is noted.
    fn ask(&self, request: &Value, cluster: &Snapshot, row: &mut Row) -> Option<Answer> {
        let answer = to_raw_value(request)
            .map_err(|error| error.to_string())
            .and_then(|request| self.module.validate(&self.settings, &request, cluster));
        answer.map_err(|error| row.error(error)).ok()
    }

    /// Notes what the module said, as far as the policy lets it be heard; the object as the module
    /// wants it, if it does.
    fn note(
        &self,
        object: &Object,
        claim: &Claim,
        answer: Answer,
        row: &mut Row,
        round: usize,
    ) -> Option<Value> {
        // A later round sees its own work; what it has to say of that was said.
        if round == 0 || answer.mutated_object.is_some() {
            // Of a cluster that is not there, a module says so with every object.
            let offline = !answer.unanswered.is_empty();
            for warning in &answer.warnings {
                match warning.strip_prefix(NOT_CHECKED) {
                    Some(what) if offline => row.not_checked.push(what.to_owned()),
                    _ => row.warnings.push(claim.message(warning)),
                }
            }
        }
        if self.policy.spec.mode == Mode::Monitor {
            return None;
        }
        if !answer.accepted {
            let said = claim.message(&answer.message.unwrap_or_default());
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
        let after = serde_json::from_str(answer.mutated_object?.get());
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

/// `AdmissionReview.request` of the object's creation.
fn request(object: &Value, namespace: Option<&str>) -> Value {
    let text = |pointer| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let (group, version) = kinds::group_version(text("/apiVersion"));
    let kind = json!({"group": group, "version": version, "kind": text("/kind")});
    let resource = kinds::resource(text("/kind"));
    let resource = json!({"group": group, "version": version, "resource": resource});
    let mut request = json!({
        "uid": "00000000-0000-0000-0000-000000000000",
        "kind": kind,
        "resource": resource,
        "requestKind": kind,
        "requestResource": resource,
        "name": text("/metadata/name"),
        "operation": "CREATE",
        "userInfo": {"username": "agnostics", "groups": ["system:authenticated"]},
        "object": object,
        "oldObject": null,
        "dryRun": true,
    });
    // Absent for cluster-scoped kinds, as from the API server; the SDK cannot read null.
    if let (Some(request), Some(namespace)) = (request.as_object_mut(), namespace) {
        request.insert("namespace".to_owned(), namespace.into());
    }
    request
}

/// Changes of a claim as changes of the object that it is written in, which lacks what the API server
/// has filled in. They are made in `written`, so that each stands on those before it.
fn rebase(claim: &Claim, written: &mut Value, patch: Vec<PatchOperation>) -> Vec<PatchOperation> {
    let mut rebased = Vec::new();
    for operation in patch {
        let pointer = claim.pointer(operation.path().as_str());
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
