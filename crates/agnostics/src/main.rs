//! The command line; see the library for what it does.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    agnostics::run(agnostics::Arguments::parse())
}
