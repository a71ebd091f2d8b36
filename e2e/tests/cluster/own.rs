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

/// Gives an object an owner, which is not there: in a cluster of others its garbage collector would take
/// the object away.
pub(crate) fn own_by(object: &mut Value, mut owner: Value) {
    if run().is_none() {
        owner["uid"] = "4d7e7a3c-7c1b-4c1e-8f0a-0c6f0c1f7b11".into();
        object["metadata"]["ownerReferences"] = json!([owner]);
    }
}

/// Has no controller in a cluster of others act on a load balancer or a Gateway, which might cost
/// addresses or money: its class is one of nobody.
pub(crate) fn of_nobody(object: &mut Value) {
    if run().is_none() {
        return;
    }
    let class = match object["kind"].as_str() {
        Some("Gateway") => "gatewayClassName",
        _ if object["spec"]["type"] == "LoadBalancer" => "loadBalancerClass",
        _ => return,
    };
    object["spec"][class] = NOBODY.into();
}

const NOBODY: &str = "example.org/nobody";

/// Whether a warning is about that class and nothing else.
pub(crate) fn is_about_nobody(warning: &str) -> bool {
    warning.contains(NOBODY)
}

fn prefix(name: &mut Value) {
    *name = own(name.as_str().expect("a name")).into();
}
