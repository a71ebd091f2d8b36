//! Every developer command: `cargo xtask help` lists them.

mod apt;
mod bench;
mod build;
mod demo;
mod deny;
mod e2e;
mod files;
mod generate;
mod modules;
mod playground;
mod progress;
mod readme;
mod release;
mod scaffold;
mod schemas;
mod sizes;
mod system;
mod test;
mod toolchain;
mod workflows;
mod workspace;

use std::fmt;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use scaffold::Sort;
use toolchain::Way;
use workspace::Workspace;

/// Every developer command
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    /// Get the toolchain for WebAssembly this way only, rather than by the first that works
    #[arg(
        long,
        value_enum,
        value_name = "WAY",
        env = "AGNOSTICS_GUEST",
        global = true
    )]
    guest: Option<Way>,
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Set everything up and check the example apps on every vendor
    Demo,
    /// Run everything that needs no cluster: format, lints, tests, cases, README commands, drift
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
    /// Write the packages that Artifact Hub lists, which `generate` does too
    Artifacthub,
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
    /// Check licences, advisories and sources of the dependencies with cargo-deny
    Deny,
}

/// A failure whose reason is printed already.
#[derive(Debug)]
struct Told;

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("something failed")
    }
}

impl std::error::Error for Told {}

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
        Task::Demo => demo::demo(&workspace, cli.guest),
        Task::Test { e2e } => test::test(&workspace, cli.guest, *e2e),
        Task::E2e(wanted) => e2e::e2e(&workspace, cli.guest, wanted),
        Task::Build { modules } => build::build(&workspace, cli.guest, modules).map(drop),
        Task::Generate { check } => generate::generate(&workspace, *check),
        Task::Artifacthub => generate::artifacthub(&workspace),
        Task::ReleaseCheck { tag } => release::check(&workspace, tag),
        Task::Playground { task } => playground::playground(&workspace, cli.guest, *task),
        Task::Bench { args } => bench::bench(&workspace, cli.guest, args),
        Task::New { sort, name } => scaffold::new(&workspace, *sort, name),
        Task::Deny => deny::deny(&workspace),
    }
}

/// Whether these are arguments of this program.
fn cli_accepts(arguments: &[&str]) -> Result<(), String> {
    let all = std::iter::once("cargo xtask").chain(arguments.iter().copied());
    match Cli::try_parse_from(all) {
        Err(error) if error.use_stderr() => Err(format!("is not accepted: {error}")),
        // Help and version are errors to clap.
        _ => Ok(()),
    }
}
