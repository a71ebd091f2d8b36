//! Names of the suite's own: as they are in a cluster of its own, and with a prefix in one of others.

use std::sync::OnceLock;

use serde_json::{Value, json};

/// What marks the namespaces of a run.
pub(crate) const LABEL: &str = "agnostics-e2e";

static RUN: OnceLock<String> = OnceLock::new();

/// From now on this is a cluster of others, and all names begin with one of this run.
pub(crate) fn begin() {
    let run = format!("agnostics-e2e-{}", std::process::id());
    RUN.set(run).expect("once");
}

/// The name of the run, in a cluster of others.
pub(crate) fn run() -> Option<&'static str> {
    RUN.get().map(String::as_str)
}

/// A name of a namespace, or of what is in none, as it is in this cluster.
pub(crate) fn own(name: &str) -> String {
    match run() {
        Some(run) => format!("{run}-{name}"),
        None => name.to_owned(),
    }
}

/// Changes every namespace that a policy's settings or selectors name.
pub(crate) fn rename(value: &mut Value) {
    if run().is_none() {
        return;
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(rename),
        Value::Object(fields) => {
            let by_name = fields.get("key") == Some(&json!("kubernetes.io/metadata.name"));
            for (field, value) in fields {
                match (field.as_str(), &mut *value) {
                    ("namespace", Value::String(name)) => *name = own(name),
                    ("values", Value::Array(names)) if by_name => names.iter_mut().for_each(prefix),
                    ("platformNamespaces", Value::Array(names)) => {
                        names.iter_mut().for_each(prefix)
                    }
                    _ => rename(value),
                }
            }
        }
        _ => {}
    }
}

fn prefix(name: &mut Value) {
    *name = own(name.as_str().expect("a name")).into();
}
