//! The executable `agnostics`.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    agnostics::run(agnostics::Arguments::parse())
}
