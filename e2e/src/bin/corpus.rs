//! Prints every case of every policy as one JSON object per line: the call, the response of the native code,
//! and manifests for `agnostics check`. It is for hosts outside of Rust, such as the playground in a browser.

use std::io::{BufWriter, Write as _, stdout};

use e2e::hosts::Native;
use e2e::{Case, Error, workspace};
use serde_json::{Value, json};

fn main() -> Result<(), Error> {
    let mut out = BufWriter::new(stdout());
    for module in Native::modules() {
        let metadata = metadata(module)?;
        for case in Case::all_of(module)? {
            let call = match case.request() {
                None => json!({"module": module, "settings": case.settings}),
                Some(request) => json!({
                    "module": module,
                    "settings": case.settings,
                    "request": request.0,
                    "cluster": case.cluster,
                    "missingKinds": case.missing_kinds,
                }),
            };
            let response = String::from_utf8(Native::response(module, &case)?)?;
            let line = json!({
                "module": module,
                "name": case.title(),
                // As a string, because JavaScript changes some JSON numbers.
                "call": call.to_string(),
                "response": response,
                "check": check(module, &metadata, &case),
            });
            writeln!(out, "{line}")?;
        }
    }
    Ok(out.flush()?)
}

/// Reads `metadata.yml`, which has the rules and the look-ups of a policy.
fn metadata(module: &str) -> Result<Value, Error> {
    let path = workspace::module_dir(module).join("metadata.yml");
    let text = std::fs::read(path)?;
    let document = manifest::read("metadata.yml", &text).next();
    let document = document.ok_or("metadata.yml is empty")?;
    Ok(document?.value()?)
}

/// Returns the case as manifests for `agnostics check`, which simulates CREATE. For other operations, returns
/// the operation as `not`.
fn check(module: &str, metadata: &Value, case: &Case) -> Value {
    if case.operation != "CREATE" {
        return json!({"not": case.operation});
    }
    let policy = json!({
        "apiVersion": "policies.kubewarden.io/v1",
        "kind": "ClusterAdmissionPolicy",
        "metadata": {"name": module},
        "spec": {
            "module": module,
            "settings": case.settings,
            "mutating": metadata["mutating"],
            "rules": metadata["rules"],
            "contextAwareResources": metadata["contextAwareResources"],
        },
    });
    let documents =
        |objects: &[Value]| -> String { objects.iter().map(|it| format!("---\n{it}\n")).collect() };
    json!({
        "policies": policy.to_string(),
        "manifests": documents(case.object.as_slice()),
        "cluster": documents(&case.cluster),
    })
}
