//! The developer commands; `cargo xtask help` lists them.

mod bench;
mod book;
mod build;
mod demo;
#[cfg(test)]
mod documents;
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

use scaffold::PolicyKind;
use workspace::Workspace;

/// Developer commands of this repository
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Build everything and check the example apps for every vendor
    Demo,
    /// Run all checks that need no cluster: formatting, lints, tests, cases, generated files
    Test {
        /// Also run the end-to-end suites and build the documentation site, with third-party programs that are
        /// built first
        #[arg(long)]
        e2e: bool,
    },
    /// Run an end-to-end suite; the first run builds the third-party programs it needs, which takes minutes
    E2e(e2e::E2eArgs),
    /// Build the policies to target/modules/<name>.wasm, installing the Rust target if it is missing
    Build {
        /// The policies to build [default: all of them and the test guests]
        #[arg(value_name = "POLICY")]
        modules: Vec<String>,
    },
    /// Generate metadata, schemas, forms and tables from Cargo.toml and the settings types
    Generate {
        /// Write nothing; fail if a generated file is out of date, and list those files
        #[arg(long)]
        check: bool,
    },
    /// Check before a release that a tag matches the version, the changelog and the generated files
    ReleaseCheck {
        /// The tag, such as v0.1.0
        tag: String,
    },
    /// Build the playground, a page that runs the policies in the browser, to target/playground/
    Playground {
        #[command(subcommand)]
        task: Option<playground::Task>,
    },
    /// Build the documentation site to target/book/ and check its links
    Book,
    /// Measure the time per request and the module sizes
    Bench {
        /// Arguments for the benchmark program
        #[arg(last = true)]
        args: Vec<String>,
    },
    /// Create a policy crate and register it
    New {
        /// Whether the policy rejects or changes objects
        #[arg(value_enum)]
        kind: PolicyKind,
        /// The name of its directory, crate and title, in kebab-case
        name: String,
    },
}

/// A failure whose reason is already printed.
#[derive(Debug, thiserror::Error)]
#[error("something failed")]
struct AlreadyReported;

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            if !error.is::<AlreadyReported>() {
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
        Task::E2e(args) => e2e::e2e(&workspace, args),
        Task::Build { modules } => build::build(&workspace, modules).map(drop),
        Task::Generate { check } => generate::generate(&workspace, *check),
        Task::ReleaseCheck { tag } => release::check(&workspace, tag),
        Task::Playground { task } => playground::playground(&workspace, *task),
        Task::Book => book::book(&workspace),
        Task::Bench { args } => bench::bench(&workspace, args),
        Task::New { kind, name } => scaffold::new(&workspace, *kind, name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::read;

    const DOCUMENTS: [&str; 5] = [
        "README.md",
        "CONTRIBUTING.md",
        "bootstrap/README.md",
        "docs/air-gapped.md",
        "e2e/README.md",
    ];

    #[test]
    fn every_documented_command_exists() {
        let workspace = Workspace::load().unwrap();
        for file in DOCUMENTS {
            let text = read(&workspace.path(file)).unwrap();
            for rest in text.split("cargo xtask ").skip(1) {
                // A command ends with its code span or line, or before a comment or placeholder.
                let end = |it: char| "`#\n(".contains(it) || it.is_uppercase();
                let words = rest.split(end).next().unwrap_or(rest).split_whitespace();
                let command = std::iter::once("cargo xtask").chain(words);
                if let Err(error) = Cli::try_parse_from(command) {
                    let kind = error.kind();
                    let is_partial = kind == clap::error::ErrorKind::MissingRequiredArgument;
                    assert!(is_partial || !error.use_stderr(), "{file}: {error}");
                }
            }
        }
    }
}
