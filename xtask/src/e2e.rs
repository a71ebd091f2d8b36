//! `cargo xtask e2e`: the suites that need real programs, which it builds or installs first, or longer
//! than a developer waits.

mod dns;
mod registry;
mod reproducible;

use anyhow::{Result, ensure};
use clap::ValueEnum;

use crate::toolchain::Way;
use crate::workspace::Workspace;
use crate::{Told, playground, progress, test};
use test::tally::Tally;

/// A suite of end-to-end tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Suite {
    /// CoreDNS, etcd and ExternalDNS with the manifests of `bootstrap/`
    Dns,
    /// The playground in Chromium, held to the command line and the corpus
    Playground,
    /// The modules published to a docker-registry on loopback, pulled, verified and run
    Registry,
    /// The modules built again in another directory: the bytes are to be the same
    Reproducible,
}

impl Suite {
    /// What it is called.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Playground => "playground",
            Self::Registry => "registry",
            Self::Reproducible => "reproducible",
        }
    }
}

/// Runs a suite and says what it counted.
///
/// # Errors
/// If a program cannot be built, or a test fails.
pub(crate) fn e2e(workspace: &Workspace, way: Option<Way>, suite: Suite) -> Result<()> {
    let tally = counted(workspace, way, suite, test::is_ci())?;
    progress::say(tally);
    ensure!(tally.failed == 0, Told);
    Ok(())
}

/// Runs a suite and counts.
///
/// # Errors
/// If a program cannot be built, or no test ran.
pub(crate) fn counted(
    workspace: &Workspace,
    way: Option<Way>,
    suite: Suite,
    ci: bool,
) -> Result<Tally> {
    match suite {
        Suite::Dns => dns::tools(workspace)?,
        Suite::Playground => return playground::test(workspace, ci),
        Suite::Registry => {
            if let Err(reason) = registry::prepare(workspace, way)? {
                progress::say(format_args!("skipped: {reason}"));
                return Ok(Tally::skip(&reason, ci));
            }
        }
        Suite::Reproducible => return reproducible::counted(workspace, way),
    }
    let mut cargo = workspace.cargo();
    // The whole workspace's features, as everywhere else, or dependencies are compiled once more.
    cargo.args(["test", "--workspace", "--release", "--test", suite.name()]);
    test::counted(&mut cargo, ci)
}
