//! Writes every case of every module as a call, with the response of the module's native code, and as texts
//! for `agnostics check`: one JSON object a line, for hosts that Rust does not reach, such as the playground in
//! a browser.

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
                }),
            };
            let response = String::from_utf8(Native::response(module, &case)?)?;
            let line = json!({
                "module": module,
                "name": case.title(),
                // As texts, since numbers of JavaScript are not those of JSON.
                "call": call.to_string(),
                "response": response,
                "check": check(module, &metadata, &case),
            });
            writeln!(out, "{line}")?;
        }
    }
    Ok(out.flush()?)
}

/// `metadata.yml`: what the module may see and ask for.
fn metadata(module: &str) -> Result<Value, Error> {
    let path = workspace::module_dir(module).join("metadata.yml");
    let text = std::fs::read(path)?;
    let document = manifest::read("metadata.yml", &text).next();
    let document = document.ok_or("metadata.yml is empty")?;
    Ok(document?.value()?)
}

/// The case as texts, or why there is no such check: it judges what is created.
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
