//! Derives PersistentVolumeClaims from the objects whose controllers would create them.
//!
//! In a cluster, a controller creates the claim from a template, and policies see only the claim. Deriving
//! claims here reports their verdicts at the template, where the developer can fix them.

use std::collections::HashSet;

use jsonpath_lib::Compiled;
use kubewarden::kinds;
use serde_json::{Map, Value, json};

use crate::paths;

/// The subject of a request: an object, or a claim that a controller would create from it.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    /// The object, or the claim as its controller would create it.
    pub(crate) value: Value,
    /// Maps JSON pointers in the subject to JSON pointers in the object, the most specific first.
    locations: Vec<(&'static str, String)>,
}

/// The format of a claim in an object.
#[derive(Debug, Clone, Copy)]
enum Shape {
    /// A template with the `metadata` and `spec` of the claim.
    Template,
    /// A template whose access mode defaults to ReadWriteOnce (prometheus-operator,
    /// `pkg/operator/statefulset.go`).
    TemplateWithDefaultMode,
    /// CloudNativePG's StorageConfiguration: `size` and `storageClass` override `pvcTemplate`, which is the
    /// `spec` of the claim. The access mode defaults to ReadWriteOnce (cloudnative-pg,
    /// `pkg/reconciler/persistentvolumeclaim/build.go`).
    CloudNativePg,
}

/// A field with claims, in objects of some kinds.
struct Source {
    group: &'static str,
    kinds: &'static [&'static str],
    path: &'static str,
    shape: Shape,
    /// JSON pointers of fields that override this source: if one is set, no claim is derived.
    unless_set: &'static [&'static str],
}

const SOURCES: &[Source] = &[
    source(
        "apps",
        &["StatefulSet"],
        "$.spec.volumeClaimTemplates[*]",
        Shape::Template,
    ),
    source("", &["Pod"], EPHEMERAL_OF_POD, Shape::Template),
    source(
        "apps",
        &["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"],
        EPHEMERAL,
        Shape::Template,
    ),
    source("", &["ReplicationController"], EPHEMERAL, Shape::Template),
    source("batch", &["Job"], EPHEMERAL, Shape::Template),
    source(
        "batch",
        &["CronJob"],
        EPHEMERAL_OF_CRON_JOB,
        Shape::Template,
    ),
    source(
        "postgresql.cnpg.io",
        &["Cluster"],
        "$.spec.storage",
        Shape::CloudNativePg,
    ),
    source(
        "postgresql.cnpg.io",
        &["Cluster"],
        "$.spec.walStorage",
        Shape::CloudNativePg,
    ),
    source(
        "postgresql.cnpg.io",
        &["Cluster"],
        "$.spec.tablespaces[*].storage",
        Shape::CloudNativePg,
    ),
    source(
        "monitoring.coreos.com",
        MONITORING,
        "$.spec.storage.volumeClaimTemplate",
        Shape::TemplateWithDefaultMode,
    )
    .unless_set(&["/spec/storage/emptyDir", "/spec/storage/ephemeral"]),
    source(
        "monitoring.coreos.com",
        MONITORING,
        "$.spec.storage.ephemeral.volumeClaimTemplate",
        Shape::Template,
    )
    .unless_set(&["/spec/storage/emptyDir"]),
    source(
        "monitoring.coreos.com",
        MONITORING,
        EPHEMERAL_OF_POD,
        Shape::Template,
    ),
];

const EPHEMERAL_OF_POD: &str = "$.spec.volumes[*].ephemeral.volumeClaimTemplate";
const EPHEMERAL: &str = "$.spec.template.spec.volumes[*].ephemeral.volumeClaimTemplate";
const EPHEMERAL_OF_CRON_JOB: &str =
    "$.spec.jobTemplate.spec.template.spec.volumes[*].ephemeral.volumeClaimTemplate";
const MONITORING: &[&str] = &[
    "Prometheus",
    "PrometheusAgent",
    "Alertmanager",
    "ThanosRuler",
];

const fn source(
    group: &'static str,
    kinds: &'static [&'static str],
    path: &'static str,
    shape: Shape,
) -> Source {
    Source {
        group,
        kinds,
        path,
        shape,
        unless_set: &[],
    }
}

impl Source {
    const fn unless_set(self, unless_set: &'static [&'static str]) -> Self {
        Self { unless_set, ..self }
    }

    fn applies(&self, object: &Value, group: &str, kind: &str) -> bool {
        let set = |pointer: &&str| present(object.pointer(pointer)).is_some();
        self.group == group && self.kinds.contains(&kind) && !self.unless_set.iter().any(set)
    }
}

/// Derives claims. Holds the table of sources with compiled JSONPaths.
pub(crate) struct Deriver {
    sources: Vec<(&'static Source, Compiled)>,
}

impl Deriver {
    /// Compiles the JSONPaths of the table.
    ///
    /// # Errors
    /// Returns an error if a path of the table is not a JSONPath.
    pub(crate) fn new() -> Result<Self, String> {
        let compile = |source: &'static Source| Ok((source, Compiled::compile(source.path)?));
        Ok(Self {
            sources: SOURCES.iter().map(compile).collect::<Result<_, String>>()?,
        })
    }

    /// Returns the claims in an object, in the order of the table. Skips templates that are not mappings; the
    /// object's own schema rejects those.
    pub(crate) fn derive(&self, object: &Value) -> Vec<Subject> {
        let text = |field: &str| {
            object
                .get(field)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let (group, _) = kinds::group_version(text("apiVersion"));
        let kind = text("kind");
        let mut claims = Vec::new();
        for (source, path) in &self.sources {
            if !source.applies(object, group, kind) {
                continue;
            }
            let found = path.select(object).unwrap_or_default();
            for (pointer, template) in with_pointers(object, &found) {
                if let Value::Object(template) = template {
                    claims.push(claim(object, template, pointer, source.shape));
                }
            }
        }
        claims
    }
}

impl Subject {
    /// Creates the subject of the object itself.
    pub(crate) fn object(value: Value) -> Self {
        Self {
            value,
            locations: vec![("", String::new())],
        }
    }

    /// Converts a JSON pointer in the subject to one in the object.
    pub(crate) fn pointer(&self, in_subject: &str) -> String {
        for (from, to) in &self.locations {
            if let Some(rest) = in_subject.strip_prefix(from)
                && (rest.is_empty() || rest.starts_with('/'))
            {
                return format!("{to}{rest}");
            }
        }
        in_subject.to_owned()
    }

    /// Rewrites the path at the start of a message from the subject to the object.
    pub(crate) fn message(&self, in_subject: &str) -> String {
        for (from, to) in &self.locations {
            let path = paths::from_pointer(from);
            let Some(rest) = in_subject.strip_prefix(path.as_str()) else {
                continue;
            };
            let to = paths::from_pointer(to);
            if path.is_empty() {
                let about_a_field = ["spec", "metadata"]
                    .iter()
                    .any(|root| rest.starts_with(root));
                let dot = if about_a_field && !to.is_empty() {
                    "."
                } else {
                    ": "
                };
                return if to.is_empty() {
                    rest.to_owned()
                } else {
                    format!("{to}{dot}{rest}")
                };
            }
            if rest.starts_with([':', '.', '[', ' ']) {
                return format!("{to}{rest}");
            }
        }
        in_subject.to_owned()
    }
}

/// Builds the claim of the template at `pointer` in `object`.
fn claim(object: &Value, template: &Map<String, Value>, pointer: String, shape: Shape) -> Subject {
    let owner = object
        .pointer("/metadata/name")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let mut metadata = match template.get("metadata") {
        Some(Value::Object(metadata)) => metadata.clone(),
        _ => Map::new(),
    };
    let name = match metadata.get("name").and_then(Value::as_str) {
        Some(name) => format!("{name}-{owner}"),
        None => owner.to_owned(),
    };
    metadata.insert("name".to_owned(), name.into());
    if let Some(namespace) = object.pointer("/metadata/namespace") {
        metadata.insert("namespace".to_owned(), namespace.clone());
    }
    let (spec, locations) = match shape {
        Shape::Template => (template.get("spec").cloned(), vec![("", pointer)]),
        Shape::TemplateWithDefaultMode => {
            let spec = present(template.get("spec")).cloned();
            let spec = spec.unwrap_or_else(|| json!({}));
            (Some(with_default_mode(spec)), vec![("", pointer)])
        }
        Shape::CloudNativePg => {
            let spec = present(template.get("pvcTemplate")).cloned();
            let mut spec = spec.unwrap_or_else(|| json!({}));
            let class = present(template.get("storageClass"));
            let class_is_in_template =
                class.is_none() && present(spec.get("storageClassName")).is_some();
            if let (Some(class), Some(spec)) = (class, spec.as_object_mut()) {
                spec.insert("storageClassName".to_owned(), class.clone());
            }
            let mut locations = vec![
                ("/spec", format!("{pointer}/pvcTemplate")),
                ("", pointer.clone()),
            ];
            if !class_is_in_template {
                locations.insert(
                    0,
                    ("/spec/storageClassName", format!("{pointer}/storageClass")),
                );
            }
            (Some(with_default_mode(spec)), locations)
        }
    };
    let value = json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": metadata,
        // Null if the template has no `spec`; the policy then rejects it.
        "spec": spec,
    });
    Subject { value, locations }
}

/// Returns a field unless it is `null`, which Kubernetes treats as absent.
fn present(field: Option<&Value>) -> Option<&Value> {
    field.filter(|value| !value.is_null())
}

/// Adds the access mode ReadWriteOnce to a claim without access modes, as operators do.
fn with_default_mode(mut spec: Value) -> Value {
    let modes = present(spec.get("accessModes"));
    if modes.is_none_or(|modes| modes.as_array().is_some_and(Vec::is_empty))
        && let Some(spec) = spec.as_object_mut()
    {
        spec.insert("accessModes".to_owned(), json!(["ReadWriteOnce"]));
    }
    spec
}

/// Returns the values `parts` of `root` with their JSON pointers, in document order. jsonpath_lib returns
/// references to values without their paths, so this compares addresses.
fn with_pointers<'a>(root: &'a Value, parts: &[&'a Value]) -> Vec<(String, &'a Value)> {
    let wanted: HashSet<*const Value> =
        parts.iter().map(|part| std::ptr::from_ref(*part)).collect();
    let mut found = Vec::with_capacity(wanted.len());
    if !wanted.is_empty() {
        search(root, &mut String::new(), &wanted, &mut found);
    }
    found
}

/// Searches for `wanted` in `value`, which is at `pointer`.
fn search<'a>(
    value: &'a Value,
    pointer: &mut String,
    wanted: &HashSet<*const Value>,
    found: &mut Vec<(String, &'a Value)>,
) {
    if wanted.contains(&std::ptr::from_ref(value)) {
        found.push((pointer.clone(), value));
    }
    let mut descend = |token: &str, child| {
        let length = pointer.len();
        pointer.push('/');
        pointer.push_str(token);
        search(child, pointer, wanted, found);
        pointer.truncate(length);
    };
    match value {
        Value::Object(members) => members
            .iter()
            .for_each(|(key, child)| descend(&paths::token(key), child)),
        Value::Array(items) => {
            (items.iter().enumerate()).for_each(|(index, child)| descend(&index.to_string(), child))
        }
        _ => {}
    }
}
