//! The command line of K8TRE's agnostics plane.
//!
//! `agnostics check` runs the policies of a profile on manifests, with the policies' settings, rules,
//! selectors and mode. `agnostics convert` converts Ingresses to routes on the internal Gateway.
//! `agnostics render` renders the manifests that install the plane.

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

/// Runs a command and returns its exit code. 0: success; 1: something rejected or not converted in full;
/// 2: usage or input error.
pub fn run(arguments: Arguments) -> ExitCode {
    match arguments.command {
        Command::Check(arguments) => check::run(&arguments),
        Command::Convert(arguments) => convert::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Render(arguments) => render::run(&arguments),
    }
}
