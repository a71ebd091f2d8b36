//! The modules in a real registry, Debian's docker-registry on loopback: published, pulled and verified
//! by everything that a user has for it.
//!
//! `cargo xtask e2e registry` installs the registry and builds what these tests run.

mod check;
mod clients;
mod faults;
mod publishing;
mod readme;
mod server;
mod trial;

use e2e::report::skip;
use server::Server;
use trial::Trial;

/// Runs a test where there is a registry to run it against.
fn with_registry(
    test: impl FnOnce(&std::path::Path) -> Result<(), e2e::Error>,
) -> Result<(), e2e::Error> {
    match Server::find() {
        Ok(program) => test(&program),
        Err(reason) => skip(&reason),
    }
}

/// The same with a registry of every module, published and signed, over plain HTTP.
fn with_published(test: impl FnOnce(&Trial) -> Result<(), e2e::Error>) -> Result<(), e2e::Error> {
    with_registry(|program| {
        let trial = Trial::new(Server::plain(program)?)?;
        trial.publish(&[])?.succeeded();
        test(&trial)
    })
}
