//! Reads the files that a kustomization refers to.
//!
//! The fields are those of `Kustomization` in sigs.k8s.io/kustomize/api v0.20 (`types/kustomization.go`),
//! including deprecated ones that kustomize still reads. As in kustomize, field names are case-insensitive.

use std::path::Path;

use serde_json::Value;

use super::load;
use crate::problem::{Problem, Severity};
use crate::read::read;

/// Fields with resources to apply; `*` is each item of a list.
const RESOURCE_FIELDS: &[&str] = &["resources/*"];

/// Fields with files that are not applied as resources.
const OTHER_FIELDS: &[&str] = &[
    "patches/*/path",
    "patchesJson6902/*/path",
    "patchesStrategicMerge/*",
    "replacements/*/path",
    "helmCharts/*/valuesFile",
    "helmCharts/*/additionalValuesFiles/*",
    "helmChartInflationGenerator/*/values",
    "configMapGenerator/*/envs/*",
    "configMapGenerator/*/env",
    "secretGenerator/*/envs/*",
    "secretGenerator/*/env",
    "generators/*",
    "transformers/*",
    "validators/*",
    "configurations/*",
    "crds/*",
    "openapi/path",
];

/// Fields with files in the form `path` or `key=path`.
const KEYED_FIELDS: &[&str] = &["configMapGenerator/*/files/*", "secretGenerator/*/files/*"];

/// The files that a kustomization refers to, as written. Some fields contain either a path or inline content;
/// both are included.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Kustomization {
    /// Resources that it applies, with or without patches.
    pub(super) resources: Vec<String>,
    /// Files that it generates objects from or changes objects with.
    pub(super) others: Vec<String>,
}

impl Kustomization {
    /// Reads a kustomization. Fields of an unexpected type are ignored.
    ///
    /// # Errors
    /// Returns a warning if the file cannot be read.
    pub(super) fn load(path: &Path) -> Result<Self, Problem> {
        let bytes = load(path).map_err(unreadable)?;
        let mut kustomization = Self::default();
        for document in read(&path.to_string_lossy(), &bytes) {
            let document = document.map_err(unreadable)?;
            let value = document.value().map_err(unreadable)?;
            if !value.is_object() {
                let problem = Problem::error(&document.file().into(), "it is not a mapping");
                return Err(unreadable(problem.at_line(document.line())));
            }
            kustomization.add(&value);
        }
        Ok(kustomization)
    }

    fn add(&mut self, value: &Value) {
        for field in RESOURCE_FIELDS {
            for_each_string(value, field, &mut |file| self.resources.push(file.into()));
        }
        for field in OTHER_FIELDS {
            for_each_string(value, field, &mut |file| self.others.push(file.into()));
        }
        for field in KEYED_FIELDS {
            for_each_string(value, field, &mut |file| {
                let path = file.split_once('=').map_or(file, |(_, path)| path);
                self.others.push(path.into());
            });
        }
    }
}

/// Calls `f` for each string in the field at `path`.
fn for_each_string(value: &Value, path: &str, f: &mut impl FnMut(&str)) {
    let (step, rest) = path.split_once('/').unwrap_or((path, ""));
    match value {
        Value::String(text) if path.is_empty() => f(text),
        Value::Array(items) if step == "*" => {
            for item in items {
                for_each_string(item, rest, f);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                if name.eq_ignore_ascii_case(step) {
                    for_each_string(member, rest, f);
                }
            }
        }
        _ => {}
    }
}

fn unreadable(cause: Problem) -> Problem {
    Problem {
        severity: Severity::Warning,
        message: format!(
            "this kustomization cannot be read, so its patches are read as manifests: {}",
            cause.message
        ),
        ..cause
    }
}
