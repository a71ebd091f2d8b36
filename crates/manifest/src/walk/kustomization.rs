//! Which files a kustomization names.
//!
//! The fields are those of `Kustomization` in sigs.k8s.io/kustomize/api v0.20
//! (`types/kustomization.go`), with those that are deprecated and still read. As there, their
//! names are found whatever their case.

use std::path::Path;

use serde_json::Value;

use super::load;
use crate::problem::{Problem, Severity};
use crate::read::read;

/// Where objects to apply are named; `*` is each item of a list.
const RESOURCES: &[&str] = &["resources/*"];

/// Where files are named that are no objects to apply.
const OTHERS: &[&str] = &[
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

/// Where files are named as `path` or `key=path`.
const KEYED: &[&str] = &["configMapGenerator/*/files/*", "secretGenerator/*/files/*"];

/// The files a kustomization names, as it names them. Some fields hold either a path or what
/// would be in the file: both are here.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Kustomization {
    /// What it applies as it is, or as its patches make it.
    pub(super) resources: Vec<String>,
    /// What it makes objects of, or changes objects by.
    pub(super) others: Vec<String>,
}

impl Kustomization {
    /// Reads a kustomization. Fields of another type than kustomize expects name no files.
    ///
    /// # Errors
    /// A warning that says what is not found out because the file cannot be read.
    pub(super) fn load(path: &Path) -> Result<Self, Problem> {
        let bytes = load(path).map_err(unreadable)?;
        let mut names = Self::default();
        for document in read(&path.to_string_lossy(), &bytes) {
            let document = document.map_err(unreadable)?;
            let value = document.value().map_err(unreadable)?;
            if !value.is_object() {
                let problem = Problem::error(&document.file().into(), "it is not a mapping");
                return Err(unreadable(problem.at_line(document.line())));
            }
            names.add(&value);
        }
        Ok(names)
    }

    fn add(&mut self, value: &Value) {
        for place in RESOURCES {
            each(value, place, &mut |name| self.resources.push(name.into()));
        }
        for place in OTHERS {
            each(value, place, &mut |name| self.others.push(name.into()));
        }
        for place in KEYED {
            each(value, place, &mut |name| {
                let path = name.split_once('=').map_or(name, |(_, path)| path);
                self.others.push(path.into());
            });
        }
    }
}

/// Gives the strings at a place to `take`.
fn each(value: &Value, place: &str, take: &mut impl FnMut(&str)) {
    let (step, rest) = place.split_once('/').unwrap_or((place, ""));
    match value {
        Value::String(text) if place.is_empty() => take(text),
        Value::Array(items) if step == "*" => {
            for item in items {
                each(item, rest, take);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                if name.eq_ignore_ascii_case(step) {
                    each(member, rest, take);
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
            "this kustomization cannot be used to tell patches from objects: {}",
            cause.message
        ),
        ..cause
    }
}
