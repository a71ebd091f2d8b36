//! Writes the JavaScript around a Wasm module: `bindgen MODULE.wasm DIRECTORY`.

use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(module), Some(directory)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: bindgen MODULE.wasm DIRECTORY");
        return ExitCode::from(2);
    };
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(module)
        // The page finds the module beside its own script.
        .omit_default_module_path(false)
        // The page is type-checked against it.
        .typescript(true)
        .remove_name_section(true)
        .remove_producers_section(true);
    let done = bindgen
        .web(true)
        .and_then(|bindgen| bindgen.generate(directory));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
