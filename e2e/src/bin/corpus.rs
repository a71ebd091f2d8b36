//! Writes every case of every module as a call, with the response of the module's native code: one JSON
//! object a line, for hosts that Rust does not reach, such as the playground in a browser.

use std::io::{BufWriter, Write as _, stdout};

use e2e::Case;
use e2e::hosts::Native;
use serde_json::json;

fn main() -> Result<(), e2e::Error> {
    let mut out = BufWriter::new(stdout());
    for module in Native::modules() {
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
                "name": case.name,
                // As texts, since numbers of JavaScript are not those of JSON.
                "call": call.to_string(),
                "response": response,
            });
            writeln!(out, "{line}")?;
        }
    }
    Ok(out.flush()?)
}
