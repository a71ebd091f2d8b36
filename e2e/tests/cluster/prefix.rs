//! Names of namespaces and cluster-scoped objects. They are those of `bootstrap/` on the suite's own API
//! server, and prefixed on an existing cluster.

use std::sync::OnceLock;

use serde_json::{Value, json};

/// The label of the namespaces that the suite creates on an existing cluster.
pub(crate) const LABEL: &str = "agnostics-e2e";

static PREFIX: OnceLock<String> = OnceLock::new();

/// Prefixes all names from now on.
pub(crate) fn enable() {
    let prefix = format!("agnostics-e2e-{}", std::process::id());
    PREFIX.set(prefix).expect("once");
}

/// Returns the prefix of this run, or `None` on the suite's own API server.
pub(crate) fn get() -> Option<&'static str> {
    PREFIX.get().map(String::as_str)
}

/// Returns the name that an object has in this cluster.
pub(crate) fn prefixed(name: &str) -> String {
    match get() {
        Some(prefix) => format!("{prefix}-{name}"),
        None => name.to_owned(),
    }
}

/// Prefixes a name in place.
pub(crate) fn prefix_name(name: &mut Value) {
    *name = prefixed(name.as_str().expect("a name")).into();
}

/// Prefixes every namespace in the settings or selectors of a policy.
pub(crate) fn prefix_namespaces(value: &mut Value) {
    if get().is_none() {
        return;
    }
    match value {
        Value::Array(items) => items.iter_mut().for_each(prefix_namespaces),
        Value::Object(fields) => {
            let by_name = fields.get("key") == Some(&json!("kubernetes.io/metadata.name"));
            for (field, value) in fields {
                match (field.as_str(), &mut *value) {
                    ("namespace", Value::String(_)) => prefix_name(value),
                    ("values", Value::Array(names)) if by_name => {
                        names.iter_mut().for_each(prefix_name);
                    }
                    ("platformNamespaces", Value::Array(names)) => {
                        names.iter_mut().for_each(prefix_name);
                    }
                    _ => prefix_namespaces(value),
                }
            }
        }
        _ => {}
    }
}
