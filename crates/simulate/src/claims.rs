//! The PersistentVolumeClaims that other objects end in.
//!
//! In a cluster controllers make them, and the modules see the claim, never the template. Here they
//! are derived, so that a developer hears of them at the place where the template is written.

use std::collections::HashSet;

use jsonpath_lib::Compiled;
use kubewarden::kinds;
use serde_json::{Map, Value, json};

use crate::paths;

/// What the policies judge: an object, or a claim that a controller would derive from it.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    /// The object, or the claim as its controller would ask for it.
    pub(crate) value: Value,
    /// Where the fields of the subject are written in the object: pairs of JSON pointers, the more
    /// particular first.
    places: Vec<(&'static str, String)>,
}

/// How a claim is written in an object.
#[derive(Debug, Clone, Copy)]
enum Shape {
    /// `metadata` and `spec` of a claim.
    Template,
    /// The same, where the operator fills in ReadWriteOnce (prometheus-operator,
    /// `pkg/operator/statefulset.go`).
    TemplateWithDefaultMode,
    /// CloudNativePG's StorageConfiguration: `size` and `storageClass`, which win over `pvcTemplate`, a
    /// claim's `spec`; ReadWriteOnce is filled in (cloudnative-pg,
    /// `pkg/reconciler/persistentvolumeclaim/build.go`).
    CloudNativePg,
}

/// Where objects of a kind hold claims.
struct Source {
    group: &'static str,
    kinds: &'static [&'static str],
    path: &'static str,
    shape: Shape,
    /// JSON pointers of what wins over it: where one of them is set, no claim comes of this.
    unless: &'static [&'static str],
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
    .unless(&["/spec/storage/emptyDir", "/spec/storage/ephemeral"]),
    source(
        "monitoring.coreos.com",
        MONITORING,
        "$.spec.storage.ephemeral.volumeClaimTemplate",
        Shape::Template,
    )
    .unless(&["/spec/storage/emptyDir"]),
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
        unless: &[],
    }
}

impl Source {
    const fn unless(self, unless: &'static [&'static str]) -> Self {
        Self { unless, ..self }
    }

    fn applies(&self, object: &Value, group: &str, kind: &str) -> bool {
        let set = |pointer: &&str| present(object.pointer(pointer)).is_some();
        self.group == group && self.kinds.contains(&kind) && !self.unless.iter().any(set)
    }
}

/// The table of sources, its JSONPaths compiled.
pub(crate) struct Deriver {
    sources: Vec<(&'static Source, Compiled)>,
}

impl Deriver {
    /// # Errors
    /// When a path of the table is no JSONPath.
    pub(crate) fn new() -> Result<Self, String> {
        let compile = |source: &'static Source| Ok((source, Compiled::compile(source.path)?));
        Ok(Self {
            sources: SOURCES.iter().map(compile).collect::<Result<_, String>>()?,
        })
    }

    /// The claims in an object, in the order of the table. What is not a mapping is left to the
    /// object's own schema.
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
            for (place, template) in with_pointers(object, &found) {
                if let Value::Object(template) = template {
                    claims.push(claim(object, template, place, source.shape));
                }
            }
        }
        claims
    }
}

impl Subject {
    /// The object itself: every field is where it is.
    pub(crate) fn object(value: Value) -> Self {
        Self {
            value,
            places: vec![("", String::new())],
        }
    }

    /// Where a field of the subject is written in the object.
    pub(crate) fn pointer(&self, in_subject: &str) -> String {
        for (from, to) in &self.places {
            if let Some(rest) = in_subject.strip_prefix(from)
                && (rest.is_empty() || rest.starts_with('/'))
            {
                return format!("{to}{rest}");
            }
        }
        in_subject.to_owned()
    }

    /// A message about the subject, which begins with a path in it, as a message about the object.
    pub(crate) fn message(&self, in_subject: &str) -> String {
        for (from, to) in &self.places {
            let path = paths::of_pointer(from);
            let Some(rest) = in_subject.strip_prefix(path.as_str()) else {
                continue;
            };
            let to = paths::of_pointer(to);
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

fn claim(object: &Value, template: &Map<String, Value>, place: String, shape: Shape) -> Subject {
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
    let (spec, places) = match shape {
        Shape::Template => (template.get("spec").cloned(), vec![("", place)]),
        Shape::TemplateWithDefaultMode => {
            let spec = present(template.get("spec")).cloned();
            let spec = spec.unwrap_or_else(|| json!({}));
            (Some(with_default_mode(spec)), vec![("", place)])
        }
        Shape::CloudNativePg => {
            let spec = present(template.get("pvcTemplate")).cloned();
            let mut spec = spec.unwrap_or_else(|| json!({}));
            let class = present(template.get("storageClass"));
            let of_template = class.is_none() && present(spec.get("storageClassName")).is_some();
            if let (Some(class), Some(spec)) = (class, spec.as_object_mut()) {
                spec.insert("storageClassName".to_owned(), class.clone());
            }
            let mut places = vec![
                ("/spec", format!("{place}/pvcTemplate")),
                ("", place.clone()),
            ];
            if !of_template {
                places.insert(
                    0,
                    ("/spec/storageClassName", format!("{place}/storageClass")),
                );
            }
            (Some(with_default_mode(spec)), places)
        }
    };
    let value = json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": metadata,
        // Where the template has none, the module says so.
        "spec": spec,
    });
    Subject { value, places }
}

/// A field as Kubernetes takes it: `null` is absent.
fn present(field: Option<&Value>) -> Option<&Value> {
    field.filter(|value| !value.is_null())
}

/// What an operator asks for where its user names no access mode.
fn with_default_mode(mut spec: Value) -> Value {
    let modes = present(spec.get("accessModes"));
    if modes.is_none_or(|modes| modes.as_array().is_some_and(Vec::is_empty))
        && let Some(spec) = spec.as_object_mut()
    {
        spec.insert("accessModes".to_owned(), json!(["ReadWriteOnce"]));
    }
    spec
}

/// Parts of `root` with their JSON pointers, in the order of `root`. jsonpath_lib gives the values it
/// finds and not their paths; but it gives references, so the addresses tell.
fn with_pointers<'a>(root: &'a Value, parts: &[&'a Value]) -> Vec<(String, &'a Value)> {
    let wanted: HashSet<*const Value> =
        parts.iter().map(|part| std::ptr::from_ref(*part)).collect();
    let mut found = Vec::with_capacity(wanted.len());
    if !wanted.is_empty() {
        search(root, &mut String::new(), &wanted, &mut found);
    }
    found
}

/// Looks for `wanted` in `value`, which is at `pointer`.
fn search<'a>(
    value: &'a Value,
    pointer: &mut String,
    wanted: &HashSet<*const Value>,
    found: &mut Vec<(String, &'a Value)>,
) {
    if wanted.contains(&std::ptr::from_ref(value)) {
        found.push((pointer.clone(), value));
    }
    let mut below = |token: &str, child| {
        let length = pointer.len();
        pointer.push('/');
        pointer.push_str(token);
        search(child, pointer, wanted, found);
        pointer.truncate(length);
    };
    match value {
        Value::Object(members) => members
            .iter()
            .for_each(|(key, child)| below(&paths::token(key), child)),
        Value::Array(items) => {
            (items.iter().enumerate()).for_each(|(index, child)| below(&index.to_string(), child))
        }
        _ => {}
    }
}
