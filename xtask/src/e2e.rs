//! `cargo xtask e2e`: the suites that need real programs, which it builds or installs first, or longer
//! than a developer waits.

mod cluster;
pub(crate) mod programs;
mod registry;
mod reproducible;

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};

use crate::test::{self, skipped, tally::Tally};
use crate::workspace::Workspace;
use crate::{Told, playground};
use cluster::ExistingCluster;

/// A suite of end-to-end tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Suite {
    /// CoreDNS and etcd with the manifests of `bootstrap/`
    Dns,
    /// A Kubernetes API server with the policies and manifests of `bootstrap/`
    Cluster,
    /// The playground in Chromium, held to the command line and the corpus
    Playground,
    /// The policies published to a docker-registry on loopback, mirrored, pulled and verified
    Registry,
    /// The modules built again in another directory: the bytes are to be the same
    Reproducible,
    /// Every case in wasmtime, the policy server's engine
    Wasmtime,
}

impl Suite {
    /// What it is called, as is its test.
    pub(crate) fn name(self) -> String {
        let name = self.to_possible_value();
        name.map_or_else(String::new, |it| it.get_name().to_owned())
    }
}

/// What is to run, and where.
#[derive(Debug, Args)]
pub(crate) struct Wanted {
    /// Which suite
    #[arg(value_enum)]
    suite: Suite,
    #[command(flatten)]
    existing: Option<ExistingCluster>,
}

/// Runs a suite and says what it counted.
///
/// # Errors
/// If a program cannot be built, or a test fails.
pub(crate) fn e2e(workspace: &Workspace, wanted: &Wanted) -> Result<()> {
    let Wanted { suite, existing } = wanted;
    ensure!(
        existing.is_none() || *suite == Suite::Cluster,
        "`--kubeconfig` is for the suite `cluster`"
    );
    let tally = match suite {
        Suite::Cluster => cluster::run(workspace, existing.as_ref())?,
        _ => counted(workspace, *suite, test::is_ci())?,
    };
    println!("{tally}");
    ensure!(tally.failed == 0, Told);
    Ok(())
}

/// Runs a suite and counts.
///
/// # Errors
/// If a program cannot be built, or no test ran.
pub(crate) fn counted(workspace: &Workspace, suite: Suite, ci: bool) -> Result<Tally> {
    match suite {
        Suite::Dns => {
            let Some(go) = programs::go() else {
                return Ok(skipped(programs::NO_GO, ci));
            };
            programs::build_all(workspace, go, programs::TOOLS)?;
        }
        Suite::Cluster => return cluster::counted(workspace, ci, None, false),
        Suite::Playground => return playground::test(workspace, ci),
        Suite::Registry => {
            if let Err(reason) = registry::prepare(workspace)? {
                return Ok(skipped(&reason, ci));
            }
        }
        Suite::Reproducible => return reproducible::counted(workspace),
        Suite::Wasmtime => return test::counted(&mut workspace.wasmtime("test"), ci),
    }
    test::counted(&mut tests(workspace, suite), ci)
}

/// Cargo, to run a suite's test.
fn tests(workspace: &Workspace, suite: Suite) -> std::process::Command {
    let mut cargo = workspace.cargo();
    // The whole workspace's features, as everywhere else, or dependencies are compiled once more.
    cargo.args(["test", "--workspace", "--release", "--test", &suite.name()]);
    cargo
}
