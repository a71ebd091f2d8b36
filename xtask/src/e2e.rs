//! `cargo xtask e2e`: runs the suites that need third-party programs, which it builds first, or that take
//! too long for `cargo xtask test`.

mod cluster;
pub(crate) mod programs;
mod registry;
mod reproducible;
mod traffic;

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};

use crate::test::{self, skipped, tally::Tally};
use crate::workspace::Workspace;
use crate::{AlreadyReported, playground};
use cluster::ExistingCluster;

/// A suite of end-to-end tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Suite {
    /// CoreDNS and etcd with the manifests of `bootstrap/`
    Dns,
    /// A Kubernetes API server with the policies and manifests of `bootstrap/`
    Cluster,
    /// The playground in Chromium, compared with the command line and every case
    Playground,
    /// The policies published to a docker-registry on loopback, mirrored, pulled and verified
    Registry,
    /// The modules built again in another directory, which must give the same bytes
    Reproducible,
    /// The same requests to ingress-nginx and, through Cilium's translation, to the translated routes
    Traffic,
    /// Every case in wasmtime, the engine of the policy server
    Wasmtime,
}

impl Suite {
    /// Returns the name of the suite, which is also the name of its test target.
    pub(crate) fn name(self) -> String {
        let name = self.to_possible_value();
        name.map_or_else(String::new, |it| it.get_name().to_owned())
    }
}

/// The arguments of `cargo xtask e2e`.
#[derive(Debug, Args)]
pub(crate) struct E2eArgs {
    /// The suite to run
    #[arg(value_enum)]
    suite: Suite,
    /// Send 100,000 requests instead of 10,000, to randomly generated Ingresses. Only for the suite `traffic`
    #[arg(long)]
    long: bool,
    #[command(flatten)]
    existing: Option<ExistingCluster>,
}

/// Runs a suite and prints the number of passed, failed and skipped tests.
///
/// # Errors
/// Returns an error if a program cannot be built or a test fails.
pub(crate) fn e2e(workspace: &Workspace, args: &E2eArgs) -> Result<()> {
    let E2eArgs {
        suite,
        long,
        existing,
    } = args;
    ensure!(
        existing.is_none() || *suite == Suite::Cluster,
        "`--kubeconfig` applies only to the suite `cluster`"
    );
    ensure!(
        !long || *suite == Suite::Traffic,
        "`--long` applies only to the suite `traffic`"
    );
    let tally = match suite {
        Suite::Traffic => traffic::build_and_run(workspace, test::is_ci(), *long, !long)?,
        Suite::Cluster => cluster::run(workspace, existing.as_ref())?,
        _ => run_suite(workspace, *suite, test::is_ci())?,
    };
    println!("{tally}");
    ensure!(tally.failed == 0, AlreadyReported);
    Ok(())
}

/// Runs a suite and counts its tests.
///
/// # Errors
/// Returns an error if a program cannot be built or no test ran.
pub(crate) fn run_suite(workspace: &Workspace, suite: Suite, ci: bool) -> Result<Tally> {
    match suite {
        Suite::Dns => {
            let Some(go) = programs::go() else {
                return Ok(skipped(programs::NO_GO, ci));
            };
            programs::build_all(workspace, go, programs::TOOLS)?;
        }
        Suite::Cluster => return cluster::build_and_run(workspace, ci, None, false),
        Suite::Playground => return playground::test(workspace, ci),
        Suite::Registry => {
            if let Err(reason) = registry::prepare(workspace)? {
                return Ok(skipped(&reason, ci));
            }
        }
        Suite::Reproducible => return reproducible::compare_builds(workspace),
        Suite::Traffic => return traffic::build_and_run(workspace, ci, false, false),
        Suite::Wasmtime => return test::run_and_count(&mut workspace.wasmtime("test"), ci),
    }
    test::run_and_count(&mut tests(workspace, suite), ci)
}

/// Returns the cargo command that runs a suite's tests.
fn tests(workspace: &Workspace, suite: Suite) -> std::process::Command {
    let mut cargo = workspace.cargo();
    // `--workspace` gives dependencies the same features as in every other build; otherwise cargo compiles
    // them again.
    cargo.args(["test", "--workspace", "--release", "--test", &suite.name()]);
    cargo
}
