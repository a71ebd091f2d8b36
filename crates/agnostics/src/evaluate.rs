//! One object through the policies: mutators to a fixed point, then validators on the result.

use std::collections::BTreeMap;

use host::{Module, Snapshot};
use json_patch::{AddOperation, PatchOperation, RemoveOperation, ReplaceOperation};
use manifest::Object;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use crate::claims::{Claim, Deriver};
use crate::policy::{Mode, Policy};
use crate::report::{Row, Verdict};
use crate::selector::NAMESPACE_NAME_LABEL;
use crate::{kinds, paths};

/// A policy with its module and settings, ready to judge.
pub(crate) struct Judge {
    pub(crate) policy: Policy,
    pub(crate) module: Module,
    pub(crate) settings: Box<RawValue>,
}

/// Everything that verdicts depend on beside the object.
pub(crate) struct Plane {
    /// In the order of the API server: mutating policies first, each kind by name.
    pub(crate) judges: Vec<Judge>,
    pub(crate) deriver: Deriver,
    /// The class that DefaultStorageClass fills in.
    pub(crate) default_storage_class: Option<String>,
    /// Labels of the namespaces that are among the manifests.
    pub(crate) namespaces: BTreeMap<String, BTreeMap<String, String>>,
    /// What context-aware modules find.
    pub(crate) cluster: Snapshot,
}

/// Mutators that change each other's work are called again, but not for ever.
const MOST_ROUNDS: usize = 8;

impl Plane {
    /// What each policy that sees the object, or a claim that it ends in, makes of it.
    pub(crate) fn judge(&self, object: &Object) -> Vec<Row> {
        let own = Claim::own(object.value.clone());
        let derived = self.deriver.derive(&object.value);
        let mut rows: Vec<Option<Row>> = self.judges.iter().map(|_| None).collect();
        for claim in std::iter::once(&own).chain(&derived) {
            self.judge_one(object, claim, &mut rows);
        }
        let mut rows: Vec<Row> = rows.into_iter().flatten().collect();
        for row in &mut rows {
            explain(object, row);
        }
        rows
    }

    fn judge_one(&self, object: &Object, claim: &Claim, rows: &mut [Option<Row>]) {
        let mut value = claim.value.clone();
        if value.get("kind").and_then(Value::as_str) == Some("PersistentVolumeClaim") {
            self.admit_claim(&mut value);
        }
        let namespace = namespace(&value);
        let labels = self.labels_of(&value, &namespace);
        let mut changed = true;
        for round in 0..=MOST_ROUNDS {
            if !std::mem::take(&mut changed) {
                break;
            }
            for (judge, row) in self.judges.iter().zip(rows.iter_mut()) {
                if !judge.policy.spec.mutating
                    || !judge.policy.sees(&value, Some((&namespace, &labels)))
                {
                    continue;
                }
                let row = row.get_or_insert_with(|| Row::of(object, judge.policy.module_name()));
                if round == MOST_ROUNDS {
                    row.error("mutating policies keep changing the object back and forth");
                    return;
                }
                if let Some(after) = judge.ask(claim, &value, &namespace, &self.cluster, row, round)
                {
                    let patch = json_patch::diff(&value, &after);
                    row.patch.extend(rebase(claim, &object.value, &patch.0));
                    value = after;
                    changed = true;
                }
            }
        }
        for (judge, row) in self.judges.iter().zip(rows.iter_mut()) {
            if !judge.policy.spec.mutating && judge.policy.sees(&value, Some((&namespace, &labels)))
            {
                let row = row.get_or_insert_with(|| Row::of(object, judge.policy.module_name()));
                judge.ask(claim, &value, &namespace, &self.cluster, row, 0);
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

    fn labels_of(&self, object: &Value, namespace: &str) -> BTreeMap<String, String> {
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
    /// Asks the module about an object and notes the answer; the object as the module changes it, if
    /// it does.
    fn ask(
        &self,
        claim: &Claim,
        value: &Value,
        namespace: &str,
        cluster: &Snapshot,
        row: &mut Row,
        round: usize,
    ) -> Option<Value> {
        let answer = to_raw_value(&request(value, namespace))
            .map_err(|error| error.to_string())
            .and_then(|request| {
                let answer = self.module.validate(&self.settings, &request, cluster);
                answer.map_err(|error| error.to_string())
            });
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => {
                row.error(error);
                return None;
            }
        };
        // A later round sees its own work; what it has to say of that was said.
        if round == 0 || answer.mutated_object.is_some() {
            row.warnings
                .extend(answer.warnings.iter().map(|warning| claim.message(warning)));
        }
        if self.policy.spec.mode == Mode::Monitor {
            return None;
        }
        if !answer.accepted {
            let said = answer.message.unwrap_or_default();
            let message = match &self.policy.spec.message {
                Some(message) => format!("{message} (the module says: {})", claim.message(&said)),
                None => claim.message(&said),
            };
            // The warning of a rejection repeats its first line.
            let first_line = claim.message(said.lines().next().unwrap_or_default());
            row.warnings.retain(|warning| *warning != first_line);
            row.reject(message);
            return None;
        }
        let after = serde_json::from_str(answer.mutated_object?.get()).ok()?;
        if after == *value {
            return None;
        }
        row.verdict = row.verdict.max(Verdict::Mutated);
        Some(after)
    }
}

/// Adds to a rejection what YAML made of the value it is about: nobody who writes `yes` expects to
/// be told of the boolean true.
fn explain(object: &Object, row: &mut Row) {
    if let Some(message) = &mut row.message
        && let Some(hint) = object.hint(&paths::leading_pointer(message))
    {
        message.push('\n');
        message.push_str(&hint);
    }
}

/// The namespace that kubectl would put the object in.
fn namespace(object: &Value) -> String {
    let text = |pointer| object.pointer(pointer).and_then(Value::as_str);
    let named = match text("/kind") {
        Some("Namespace") => text("/metadata/name"),
        _ => text("/metadata/namespace"),
    };
    named
        .filter(|name| !name.is_empty())
        .unwrap_or("default")
        .to_owned()
}

/// `AdmissionReview.request` of the object's creation.
fn request(object: &Value, namespace: &str) -> Value {
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
    json!({
        "uid": "00000000-0000-0000-0000-000000000000",
        "kind": kind,
        "resource": resource,
        "requestKind": kind,
        "requestResource": resource,
        "name": text("/metadata/name"),
        "namespace": namespace,
        "operation": "CREATE",
        "userInfo": {"username": "agnostics", "groups": ["system:authenticated"]},
        "object": object,
        "oldObject": null,
        "dryRun": true,
    })
}

/// A change of a claim as a change of the object that it is written in, which lacks what the API
/// server has filled in.
fn rebase(claim: &Claim, object: &Value, patch: &[PatchOperation]) -> Vec<PatchOperation> {
    let mut rebased = Vec::new();
    for operation in patch {
        let pointer = claim.pointer(operation.path().as_str());
        let Ok(path) = pointer.parse() else {
            continue;
        };
        let present = object.pointer(&pointer).is_some();
        rebased.push(match operation {
            PatchOperation::Add(AddOperation { value, .. })
            | PatchOperation::Replace(ReplaceOperation { value, .. }) => match present {
                true => PatchOperation::Replace(ReplaceOperation {
                    path,
                    value: value.clone(),
                }),
                false => PatchOperation::Add(AddOperation {
                    path,
                    value: value.clone(),
                }),
            },
            PatchOperation::Remove(_) if present => {
                PatchOperation::Remove(RemoveOperation { path })
            }
            // A diff knows no other operations; what is not in the object needs no removal.
            _ => continue,
        });
    }
    rebased
}
