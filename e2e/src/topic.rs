//! Cases by topic: each file in a policy's `cases/` holds those about one topic.
//!
//! ```yaml
//! description: A host that a route of another namespace uses already is rejected.
//! settings: {domain: k8tre.internal}   # of each case that has none of its own
//! objects:
//!   route:
//!     apiVersion: gateway.networking.k8s.io/v1
//!     kind: HTTPRoute
//!     metadata: {name: portal, namespace: backend}
//!     spec: {hostnames: [jupyter.k8tre.internal]}
//!   jupyter-route: {from: route, metadata: {name: jupyter-route, namespace: jupyterhub}}
//! cluster: [jupyter-route]             # likewise
//! cases:
//! - name: taken
//!   description: An HTTPRoute of another namespace has the host.
//!   object: route
//!   expect: rejected
//!   message: …
//! ```
//!
//! Wherever an object stands, it may be written in full, as the name of one in `objects`, or as a change of
//! such an object: `from` names it, and the rest is merged into it as a JSON merge patch (RFC 7396).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use manifest::Document;
use serde::Deserialize;
use serde_json::{Map, Value};
use serde_path_to_error::Segment;

use crate::{Case, Error, workspace};

/// A file of cases.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Topic {
    /// What the cases have in common.
    #[serde(rename = "description")]
    _description: String,
    /// The settings of each case that has none of its own, which [`with_defaults`] gives them.
    #[serde(rename = "settings")]
    _settings: Option<Value>,
    /// The same for the cluster.
    #[serde(rename = "cluster")]
    _cluster: Option<Vec<Value>>,
    /// Objects that others refer to by name.
    #[serde(default)]
    objects: Map<String, Value>,
    cases: Vec<Case>,
}

/// Every case of the files in a directory, in their order.
///
/// # Errors
/// If there is no case, a case cannot be read, or two cases have the same name.
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
        // As text, since a failing test prints its error's `Debug`.
        let read = read(&file.to_string_lossy(), &bytes).map_err(|error| error.to_string())?;
        for case in read {
            let location = case.location.clone();
            if let Some(other) = locations.insert(case.name.clone(), location) {
                let Case { location, name, .. } = &case;
                return Err(format!("{location}: {other} has a case `{name}` too").into());
            }
            cases.push(case);
        }
    }
    match cases.is_empty() {
        true => Err(format!("{} holds no case", dir.display()).into()),
        false => Ok(cases),
    }
}

/// The cases of one file.
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
        Some(name) => Err(at(&format!("/objects/{name}"), format!("`{name}` is not used")).into()),
    }
}

/// The file's settings and cluster in each case that has none of its own.
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

/// The objects that others refer to by name.
#[derive(Debug, Default)]
struct Shared {
    objects: BTreeMap<String, Value>,
    used: BTreeSet<String>,
}

impl Shared {
    /// The object that is written in full, by name, or as a change of a shared one.
    fn resolve(&mut self, written: Value) -> Result<Value, String> {
        let (name, patch) = match written {
            Value::Object(mut members) => match members.shift_remove("from") {
                None => return Ok(Value::Object(members)),
                Some(name) => (name, members),
            },
            name => (name, Map::new()),
        };
        let Value::String(name) = name else {
            return Err(format!("`{name}` is neither an object nor the name of one"));
        };
        let Some(object) = self.objects.get(&name) else {
            return Err(format!("no object `{name}` is defined above"));
        };
        let mut object = object.clone();
        json_patch::merge(&mut object, &Value::Object(patch));
        self.used.insert(name);
        Ok(object)
    }
}

/// The line of the value at a JSON pointer, or of the nearest one around it.
fn line_near(document: &Document, pointer: &str) -> usize {
    let mut pointer = pointer;
    loop {
        match (document.line_of(pointer), pointer.rsplit_once('/')) {
            (Some(line), _) => return line,
            (None, Some((around, _))) => pointer = around,
            (None, None) => return document.line(),
        }
    }
}

/// The JSON pointer to what serde could not read.
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
    fn objects_are_written_in_full_by_name_or_as_a_change() {
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
    fn a_mistake_names_its_file_and_line() {
        let case = "- name: first\n  description: …\n  expect: accepted\n";
        let told = |more: &str| topic(&format!("{case}{more}")).unwrap_err();
        for (more, mistake) in [
            (
                "  operaton: UPDATE\n",
                "unknown field `operaton`, expected ",
            ),
            ("  object: clam\n", "no object `clam` is defined above"),
            (
                "  cluster: [{from: clam}]\n",
                "no object `clam` is defined above",
            ),
            ("  patched: 8Gi\n", "no object `8Gi` is defined above"),
            (
                "  patched: 8\n",
                "`8` is neither an object nor the name of one",
            ),
            ("  warnings: {}\n", "invalid type: map, expected a sequence"),
        ] {
            let told = told(more);
            assert!(
                told.starts_with(&format!("claims.yaml:10: {mistake}")),
                "{told}"
            );
        }
        assert_eq!(told(""), "claims.yaml:5: `large` is not used");
    }
}
