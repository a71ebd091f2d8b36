//! Every developer command: `cargo xtask help` lists them.

mod bench;
mod build;
mod demo;
mod e2e;
mod generate;
mod modules;
mod playground;
mod progress;
mod release;
mod scaffold;
mod test;
mod toolchain;
mod workflows;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use scaffold::Sort;
use workspace::Workspace;

/// Every developer command
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Set everything up and check the example apps on every vendor
    Demo,
    /// Run everything that needs no cluster: format, lints, tests, cases, drift
    Test {
        /// The end-to-end suites too, which build programs of others first
        #[arg(long)]
        e2e: bool,
    },
    /// Run a suite that needs real programs, which are built first (minutes, the first time)
    E2e(e2e::Wanted),
    /// Build the modules to target/modules/<name>.wasm, getting the toolchain they need
    Build {
        /// Only these, by name; all of them and the test guests if none is given
        #[arg(value_name = "MODULE")]
        modules: Vec<String>,
    },
    /// Write what is made from Cargo.toml and the settings types: metadata, schemas, forms, tables
    Generate {
        /// Write nothing; fail and name the files that are not as their sources make them
        #[arg(long)]
        check: bool,
    },
    /// Hold a tag to the version, the changelog and the generated files, before a release
    ReleaseCheck {
        /// Such as v0.1.0
        tag: String,
    },
    /// Build the playground, a page that runs the modules in the browser, to target/playground/
    Playground {
        #[command(subcommand)]
        task: Option<playground::Task>,
    },
    /// Measure the time per request, and the modules' sizes
    Bench {
        /// Passed to the measuring program
        #[arg(last = true)]
        args: Vec<String>,
    },
    /// Write a new module and register it
    New {
        /// What the module does to an object
        #[arg(value_enum)]
        sort: Sort,
        /// Directory, crate and title, in kebab-case
        name: String,
    },
}

/// A failure whose reason is printed already.
#[derive(Debug, thiserror::Error)]
#[error("something failed")]
struct Told;

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !error.is::<Told>() {
                eprintln!("error: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> anyhow::Result<()> {
    let workspace = Workspace::load()?;
    match &cli.task {
        Task::Demo => demo::demo(&workspace),
        Task::Test { e2e } => test::test(&workspace, *e2e),
        Task::E2e(wanted) => e2e::e2e(&workspace, wanted),
        Task::Build { modules } => build::build(&workspace, modules).map(drop),
        Task::Generate { check } => generate::generate(&workspace, *check),
        Task::ReleaseCheck { tag } => release::check(&workspace, tag),
        Task::Playground { task } => playground::playground(&workspace, *task),
        Task::Bench { args } => bench::bench(&workspace, args),
        Task::New { sort, name } => scaffold::new(&workspace, *sort, name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::read;

    #[test]
    fn every_command_that_the_documentation_names_exists() {
        let workspace = Workspace::load().unwrap();
        for file in ["README.md", "CONTRIBUTING.md", "bootstrap/README.md"] {
            let text = read(&workspace.path(file)).unwrap();
            for named in text.split("cargo xtask ").skip(1) {
                // Up to the end of the code, a comment, a placeholder.
                let end = |it: char| "`#\n(".contains(it) || it.is_uppercase();
                let words = named.split(end).next().unwrap_or(named).split_whitespace();
                let command = std::iter::once("cargo xtask").chain(words);
                if let Err(error) = Cli::try_parse_from(command) {
                    let kind = error.kind();
                    let is_part = kind == clap::error::ErrorKind::MissingRequiredArgument;
                    assert!(is_part || !error.use_stderr(), "{file}: {error}");
                }
            }
        }
    }
}
