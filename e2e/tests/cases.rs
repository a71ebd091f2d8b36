//! Runs every case of every policy on every host, with the same expectation.

use e2e::Case;
use e2e::hosts::{Embedded, Kwctl, ModuleSource, Native, PolicyServer};
use e2e::report::{print_line, print_skipped, run_all};

#[test]
fn native() -> Result<(), e2e::Error> {
    run_all(&Native)
}

#[test]
fn embedded() -> Result<(), e2e::Error> {
    run_all(&Embedded::new()?)
}

/// Both are compiled from the same sources, so a difference is a bug in the build or in the interpreter.
#[test]
fn embedded_responses_equal_those_of_native_code() -> Result<(), e2e::Error> {
    let embedded = Embedded::new()?;
    let mut compared = 0;
    for module in Native::modules() {
        for case in Case::all_of(module)? {
            let native = String::from_utf8(Native::response(module, &case)?)?;
            let wasm = String::from_utf8(embedded.response(module, &case)?)?;
            assert_eq!(wasm, native, "{}", case.title());
            compared += 1;
        }
    }
    print_line(&format!(
        "embedded: {compared} responses, identical to native code"
    ))
}

#[test]
fn kwctl() -> Result<(), e2e::Error> {
    match Kwctl::find() {
        Ok(kwctl) => run_all(&kwctl),
        Err(reason) => print_skipped(&reason),
    }
}

#[test]
fn policy_server() -> Result<(), e2e::Error> {
    match PolicyServer::find() {
        Ok(program) => {
            let modules: Vec<_> = Native::modules().collect();
            run_all(&PolicyServer::start(
                &program,
                &modules,
                &ModuleSource::built(),
                &[],
            )?)
        }
        Err(reason) => print_skipped(&reason),
    }
}
