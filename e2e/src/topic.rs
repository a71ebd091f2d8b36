//! Case files: each file in the directory `cases/` of a policy contains the cases of one topic.
//!
//! ```yaml
//! description: A hostname that a route in another namespace already uses is rejected.
//! settings: {domain: k8tre.internal}   # the default of all cases in this file
//! objects:
//!   route:
//!     apiVersion: gateway.networking.k8s.io/v1
//!     kind: HTTPRoute
//!     metadata: {name: portal, namespace: backend}
//!     spec: {hostnames: [jupyter.k8tre.internal]}
//!   jupyter-route: {from: route, metadata: {name: jupyter-route, namespace: jupyterhub}}
//! cluster: [jupyter-route]             # the default of all cases in this file
//! cases:
//! - name: taken
//!   description: An HTTPRoute in another namespace has the hostname.
//!   object: route
//!   expect: rejected
//!   message: …
//! ```
//!
//! Every object can be written in full, as the name of one in `objects`, or as a change to such an object:
//! `from` has its name, and the other fields are a JSON merge patch (RFC 7396) that is applied to it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use manifest::Document;
use serde::Deserialize;
use serde_json::{Map, Value};
use serde_path_to_error::Segment;

use crate::{Case, Error, workspace};

/// A case file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Topic {
    /// What the cases have in common.
    #[serde(rename = "description")]
    _description: String,
    /// The settings of cases that set none; applied by [`with_defaults`].
    #[serde(rename = "settings")]
    _settings: Option<Value>,
    /// The cluster of cases that set none; applied by [`with_defaults`].
    #[serde(rename = "cluster")]
    _cluster: Option<Vec<Value>>,
    /// Objects that cases refer to by name.
    #[serde(default)]
    objects: Map<String, Value>,
    cases: Vec<Case>,
}

/// Reads all cases in a directory, in file order.
///
/// # Errors
/// Returns an error if there is no case, a case cannot be read, or two cases have the same name.
pub(crate) fn read_all(dir: &Path) -> Result<Vec<Case>, Error> {
    let entries =
        fs::read_dir(dir).map_err(|cause| format!("cannot list {}: {cause}", dir.display()))?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()?;
    paths.sort();
    let mut cases = Vec::new();
    let mut locations = BTreeMap::new();
    for path in paths {
        let bytes = fs::read(&path).map_err(|cause| format!("{}: {cause}", path.display()))?;
        let file = path.strip_prefix(workspace::root()).unwrap_or(&path);
        // As a string, because a failing test prints the error with `Debug`.
        let read = read(&file.to_string_lossy(), &bytes).map_err(|error| error.to_string())?;
        for case in read {
            let location = case.location.clone();
            if let Some(other) = locations.insert(case.name.clone(), location) {
                let Case { location, name, .. } = &case;
                return Err(
                    format!("{location}: duplicate case name `{name}`, see {other}").into(),
                );
            }
            cases.push(case);
        }
    }
    match cases.is_empty() {
        true => Err(format!("{} has no cases", dir.display()).into()),
        false => Ok(cases),
    }
}

/// Reads the cases of one file.
fn read(file: &str, bytes: &[u8]) -> Result<Vec<Case>, Error> {
    let documents: Vec<_> = manifest::read(file, bytes).collect::<Result<_, _>>()?;
    let [document] = documents.as_slice() else {
        return Err(format!("{file}: must be one YAML document").into());
    };
    let at =
        |pointer: &str, cause: String| format!("{file}:{}: {cause}", line_near(document, pointer));
    let value = with_defaults(document.value()?);
    let Topic { objects, cases, .. } = serde_path_to_error::deserialize(value)
        .map_err(|error| at(&pointer_of(error.path()), error.inner().to_string()))?;
    let mut shared = Shared::default();
    let names: Vec<_> = objects.keys().cloned().collect();
    for (name, written) in objects {
        let object = shared.resolve(written);
        let object = object.map_err(|cause| at(&format!("/objects/{name}"), cause))?;
        shared.objects.insert(name, object);
    }
    let mut resolved = Vec::new();
    for (index, mut case) in cases.into_iter().enumerate() {
        let pointer = format!("/cases/{index}");
        case.location = format!("{file}:{}", line_near(document, &pointer));
        let fields = [
            ("object", case.object.as_mut()),
            ("oldObject", case.old_object.as_mut()),
            ("patched", case.patched.as_mut()),
        ];
        let cluster = case.cluster.iter_mut().map(|it| ("cluster", Some(it)));
        for (field, object) in fields.into_iter().chain(cluster) {
            let Some(object) = object else { continue };
            *object = shared
                .resolve(object.take())
                .map_err(|cause| at(&format!("{pointer}/{field}"), cause))?;
        }
        resolved.push(case);
    }
    match names.iter().find(|name| !shared.used.contains(*name)) {
        None => Ok(resolved),
        Some(name) => {
            let cause = format!("object `{name}` is not used");
            Err(at(&format!("/objects/{name}"), cause).into())
        }
    }
}

/// Copies the file's settings and cluster to every case that sets none.
fn with_defaults(mut topic: Value) -> Value {
    for field in ["settings", "cluster"] {
        let Some(default) = topic.get(field).cloned() else {
            continue;
        };
        let cases = topic.get_mut("cases").and_then(Value::as_array_mut);
        for case in cases.into_iter().flatten() {
            if let Some(case) = case.as_object_mut() {
                case.entry(field).or_insert_with(|| default.clone());
            }
        }
    }
    topic
}

/// The objects of a file, and which of them are used.
#[derive(Debug, Default)]
struct Shared {
    objects: BTreeMap<String, Value>,
    used: BTreeSet<String>,
}

impl Shared {
    /// Returns an object that is written in full, by name, or as a change to a shared object.
    fn resolve(&mut self, written: Value) -> Result<Value, String> {
        let (name, patch) = match written {
            Value::Object(mut members) => match members.shift_remove("from") {
                None => return Ok(Value::Object(members)),
                Some(name) => (name, members),
            },
            name => (name, Map::new()),
        };
        let Value::String(name) = name else {
            return Err(format!("`{name}` is neither an object nor an object name"));
        };
        let Some(object) = self.objects.get(&name) else {
            return Err(format!("object `{name}` is not defined above"));
        };
        let mut object = object.clone();
        json_patch::merge(&mut object, &Value::Object(patch));
        self.used.insert(name);
        Ok(object)
    }
}

/// Returns the line of the value at a JSON pointer, or of the nearest enclosing value.
fn line_near(document: &Document, pointer: &str) -> usize {
    let mut pointer = pointer;
    loop {
        match (document.line_of(pointer), pointer.rsplit_once('/')) {
            (Some(line), _) => return line,
            (None, Some((parent, _))) => pointer = parent,
            (None, None) => return document.line(),
        }
    }
}

/// Returns the JSON pointer to the value that serde could not read.
fn pointer_of(path: &serde_path_to_error::Path) -> String {
    let segments = path.iter().map(|segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { variant } => format!("/{variant}"),
        Segment::Unknown => String::new(),
    });
    segments.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OBJECTS: &str = "\
description: Claims.
settings: {class: fast}
objects:
  claim: {kind: PersistentVolumeClaim, spec: {size: 8Gi, class: slow}}
  large: {from: claim, spec: {size: 1Ti}}
";

    fn topic(cases: &str) -> Result<Vec<Case>, String> {
        let text = format!("{OBJECTS}cases:\n{cases}");
        read("claims.yaml", text.as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn objects_can_be_written_in_full_by_name_or_as_a_change() {
        let cases = topic(
            "\
- name: first
  description: …
  cluster: [claim, {kind: Namespace}]
  object: {from: large, spec: {class: null}}
  expect: accepted

- name: second
  description: …
  settings: {}
  oldObject: large
  expect: accepted
",
        );
        let cases = cases.unwrap();
        let [first, second] = cases.as_slice() else {
            panic!("{cases:?}")
        };
        let claim = |spec| json!({"kind": "PersistentVolumeClaim", "spec": spec});
        let namespace = json!({"kind": "Namespace"});
        let small = claim(json!({"size": "8Gi", "class": "slow"}));
        assert_eq!(first.cluster, [small, namespace]);
        assert_eq!(first.object, Some(claim(json!({"size": "1Ti"}))));
        assert_eq!(first.settings, json!({"class": "fast"}));
        let large = claim(json!({"size": "1Ti", "class": "slow"}));
        assert_eq!(second.old_object, Some(large));
        assert_eq!(second.settings, json!({}));
        assert_eq!(second.title(), "claims.yaml:13: second");
    }

    #[test]
    fn an_error_has_the_file_and_line() {
        let case = "- name: first\n  description: …\n  expect: accepted\n";
        let error = |more: &str| topic(&format!("{case}{more}")).unwrap_err();
        for (more, mistake) in [
            (
                "  operaton: UPDATE\n",
                "unknown field `operaton`, expected ",
            ),
            ("  object: clam\n", "object `clam` is not defined above"),
            (
                "  cluster: [{from: clam}]\n",
                "object `clam` is not defined above",
            ),
            ("  patched: 8Gi\n", "object `8Gi` is not defined above"),
            (
                "  patched: 8\n",
                "`8` is neither an object nor an object name",
            ),
            ("  warnings: {}\n", "invalid type: map, expected a sequence"),
        ] {
            let error = error(more);
            assert!(
                error.starts_with(&format!("claims.yaml:10: {mistake}")),
                "{error}"
            );
        }
        assert_eq!(error(""), "claims.yaml:5: object `large` is not used");
    }
}
