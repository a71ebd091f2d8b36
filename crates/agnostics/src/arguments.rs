//! The arguments of the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::profile::Profile;

/// What K8TRE's agnostics plane would make of manifests, before they reach a cluster.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true)]
pub struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what the plane would change or refuse, and how to fix it.
    Check(Check),
}

/// Exit status: 0 when nothing is rejected, 1 when something is, 2 when the work could not be done:
/// input that cannot be read, no objects, unknown profile.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0 nothing rejected, 1 something rejected, 2 could not do its work (bad \
                  input, no objects, unknown profile).\n\n\
                  Compiled modules are kept in $AGNOSTICS_CACHE, else in $XDG_CACHE_HOME/agnostics or \
                  ~/.cache/agnostics."
)]
pub(crate) struct Check {
    /// Manifests: files, directories, or `-` for standard input.
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,

    /// The vendor whose policies and defaults apply.
    #[arg(long, value_enum, env = "AGNOSTICS_PROFILE", hide_env_values = true)]
    pub(crate) profile: Option<Profile>,

    /// ClusterAdmissionPolicy manifests in place of the profile's; may be repeated.
    #[arg(long, value_name = "FILE")]
    pub(crate) policies: Vec<PathBuf>,

    /// Simulate DefaultStorageClass with this class in place of the profile's; "" for none.
    #[arg(long, value_name = "NAME")]
    pub(crate) default_storage_class: Option<String>,

    /// Where the built modules are, as `<name>.wasm`.
    #[arg(
        long,
        value_name = "DIR",
        env = "AGNOSTICS_MODULES",
        hide_env_values = true
    )]
    pub(crate) modules: Option<PathBuf>,

    /// The form of the report.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub(crate) output: Output,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Text,
    /// For programs: one object with a summary and a row per object and module.
    Json,
    /// For code scanning: SARIF 2.1.0.
    Sarif,
    /// For CI servers that show tests: JUnit's XML.
    Junit,
    /// For GitHub Actions: annotations on the lines of a pull request.
    Github,
}
