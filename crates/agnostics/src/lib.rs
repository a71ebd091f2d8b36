//! What K8TRE's agnostics plane would make of manifests, before they reach a cluster.
//!
//! `agnostics check` runs the real modules in the embedded host, with the settings, rules, selectors
//! and mode of the policies that a cluster of the profile has. `agnostics convert` says Ingresses as
//! routes on the internal Gateway.

mod arguments;
mod check;
mod claims;
mod convert;
mod evaluate;
mod input;
mod kinds;
mod modules;
mod paths;
mod policies;
mod policy;
mod profile;
mod report;
mod selector;

pub use arguments::Arguments;

use std::process::ExitCode;

use arguments::Command;

/// Runs a command line to its exit code: 0 all is well, 1 something was rejected or not translated, 2 the
/// command could not do its work.
pub fn run(arguments: Arguments) -> ExitCode {
    match arguments.command {
        Command::Check(arguments) => check::run(&arguments),
        Command::Convert(arguments) => convert::run(&arguments),
    }
}
