//! Every case of every module on every host, with the same expectation.

use e2e::hosts::{Embedded, Kwctl, Native, Origin, PolicyServer};
use e2e::report::{run_all, skip};

#[test]
fn native() -> Result<(), e2e::Error> {
    run_all(&Native)
}

#[test]
fn embedded() -> Result<(), e2e::Error> {
    run_all(&Embedded::new()?)
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
