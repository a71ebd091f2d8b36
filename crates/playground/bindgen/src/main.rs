//! Generates the JavaScript bindings of a Wasm module: `bindgen MODULE.wasm DIRECTORY`.

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
        // The page loads the module from the directory of its script.
        .omit_default_module_path(false)
        // The types check the page.
        .typescript(true)
        .remove_name_section(true)
        .remove_producers_section(true);
    let result = bindgen
        .web(true)
        .and_then(|bindgen| bindgen.generate(directory));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
