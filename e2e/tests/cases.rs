//! Every case of every module on every host, with the same expectation.

use e2e::Case;
use e2e::hosts::{Embedded, Kwctl, Native, Origin, PolicyServer};
use e2e::report::{run_all, say, skip};

#[test]
fn native() -> Result<(), e2e::Error> {
    run_all(&Native)
}

#[test]
fn embedded() -> Result<(), e2e::Error> {
    run_all(&Embedded::new()?)
}

/// One source compiles to both, so a difference is a fault of the build or of the interpreter.
#[test]
fn embedded_responds_with_the_bytes_of_native_code() -> Result<(), e2e::Error> {
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
    say(&format!(
        "embedded: {compared} responses equal those of native, byte for byte"
    ))
}

#[test]
fn kwctl() -> Result<(), e2e::Error> {
    match Kwctl::find() {
        Ok(kwctl) => run_all(&kwctl),
        Err(reason) => skip(&reason),
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
                &Origin::built(),
                &[],
            )?)
        }
        Err(reason) => skip(&reason),
    }
}
