//! `cargo xtask e2e`: the suites that need real programs, which it builds first.

mod kinds;
mod programs;

use std::path::Path;

use anyhow::{Result, ensure};
use clap::ValueEnum;

use crate::toolchain::Way;
use crate::workspace::Workspace;
use crate::{Told, build, progress, test};
use test::tally::Tally;

/// A suite of end-to-end tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Suite {
    /// CoreDNS, etcd and ExternalDNS with the manifests of `bootstrap/`
    Dns,
    /// A Kubernetes API server with the policies of `bootstrap/` before it
    Cluster,
}

impl Suite {
    /// The name of its test and of its report.
    fn name(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Cluster => "cluster",
        }
    }
}

/// Runs a suite and says what it counted.
///
/// # Errors
/// If a program cannot be built, or a test fails.
pub(crate) fn e2e(workspace: &Workspace, way: Option<Way>, suite: Suite) -> Result<()> {
    if suite == Suite::Cluster {
        // As they are now; in `cargo xtask test` they have been built before.
        build::build(workspace, way, &[])?;
    }
    let report = workspace.path(&format!("e2e/reports/{}.md", suite.name()));
    let tally = ran(workspace, suite, test::is_ci(), Some(&report))?;
    progress::say(tally);
    ensure!(tally.failed == 0, Told);
    Ok(())
}

/// Runs a suite and counts.
///
/// # Errors
/// If a program cannot be built, or no test ran.
pub(crate) fn counted(workspace: &Workspace, suite: Suite, ci: bool) -> Result<Tally> {
    ran(workspace, suite, ci, None)
}

fn ran(workspace: &Workspace, suite: Suite, ci: bool, report: Option<&Path>) -> Result<Tally> {
    let Some(go) = programs::go() else {
        let reason = "`go` is neither on PATH nor in /usr/local/go: see https://go.dev/doc/install";
        progress::say(format_args!("skipped: {reason}"));
        return Ok(Tally::skip(reason, ci));
    };
    programs::build_all(workspace, go, &programs::TOOLS)?;
    if suite == Suite::Cluster {
        programs::build_all(workspace, go, &programs::KUBERNETES)?;
        programs::build_all(workspace, go, &programs::EXTERNAL_SECRETS)?;
        kinds::copy(workspace, go)?;
    }
    let mut cargo = workspace.cargo();
    // The whole workspace's features, as everywhere else, or dependencies are compiled once more.
    cargo.args(["test", "--workspace", "--release", "--test", suite.name()]);
    if let Some(report) = report {
        cargo.env("AGNOSTICS_E2E_REPORT", report);
    }
    test::counted(&mut cargo, ci)
}
