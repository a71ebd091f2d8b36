//! Kubernetes manifests against the policies of K8TRE's agnostics plane, before they reach a cluster.
//!
//! `agnostics check` calls the policies' own code, with the settings, rules, selectors and mode of the
//! policies that a cluster of the profile has. `agnostics convert` says Ingresses as routes on the internal
//! Gateway. `agnostics render` renders the manifests that install the plane.

mod arguments;
pub mod bootstrap;
mod check;
mod convert;
mod explain;
mod input;
mod modules;
mod policies;
mod render;
mod report;

pub use arguments::Arguments;

use std::process::ExitCode;

use arguments::Command;

/// Runs a command line to its exit code: 0 all is well, 1 something was rejected or not translated, 2 the
/// command could not do its work.
pub fn run(arguments: Arguments) -> ExitCode {
    match arguments.command {
        Command::Check(arguments) => check::run(&arguments),
        Command::Convert(arguments) => convert::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Render(arguments) => render::run(&arguments),
    }
}
