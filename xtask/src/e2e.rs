//! `cargo xtask e2e`: the suites that need real programs, which it builds first.

mod kinds;
mod programs;

use std::ffi::OsStr;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, ValueEnum};

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

/// What is to run, and where.
#[derive(Debug, Args)]
pub(crate) struct Wanted {
    /// Which suite
    #[arg(value_enum)]
    suite: Suite,
    #[command(flatten)]
    foreign: Option<Foreign>,
}

/// A cluster of others, such as kind's or k3d's. The suite works there in namespaces of its own and
/// takes away what it made. While it runs, its storage class `rwx-default` is the cluster's default.
#[derive(Debug, Args)]
struct Foreign {
    /// Run the suite `cluster` against a cluster of this kubeconfig, in namespaces of its own, and take
    /// away what it made; meanwhile its `rwx-default` is the cluster's default storage class
    #[arg(long, value_name = "FILE", requires = "context", required = false)]
    kubeconfig: PathBuf,
    /// The cluster's context, with a client certificate or a token of an administrator
    #[arg(long, value_name = "NAME", requires = "kubeconfig", required = false)]
    context: String,
    /// Where its API server reaches this machine, at port 8443; on one that runs on this machine itself,
    /// an address of loopback is found
    #[arg(long, value_name = "ADDRESS", requires = "kubeconfig")]
    webhook_address: Option<String>,
}

/// Runs a suite and says what it counted.
///
/// # Errors
/// If a program cannot be built, or a test fails.
pub(crate) fn e2e(workspace: &Workspace, way: Option<Way>, wanted: &Wanted) -> Result<()> {
    let Wanted { suite, foreign } = wanted;
    if *suite == Suite::Cluster {
        refuse_ambient(std::env::var_os("KUBECONFIG").as_deref())?;
        // As they are now; in `cargo xtask test` they have been built before.
        build::build(workspace, way, &[])?;
    } else {
        ensure!(
            foreign.is_none(),
            "`--kubeconfig` is for the suite `cluster`"
        );
    }
    let place = match foreign {
        Some(foreign) => Place::Foreign(foreign),
        None => Place::Own {
            report: Some(workspace.path(&format!("e2e/reports/{}.md", suite.name()))),
        },
    };
    let tally = ran(workspace, *suite, test::is_ci(), &place)?;
    progress::say(tally);
    ensure!(tally.failed == 0, Told);
    Ok(())
}

/// A cluster that changes is one that somebody has named for it.
fn refuse_ambient(kubeconfig: Option<&OsStr>) -> Result<()> {
    let Some(kubeconfig) = kubeconfig.filter(|it| !it.is_empty()) else {
        return Ok(());
    };
    bail!(
        "KUBECONFIG is `{}`, which this suite does not follow: unset it, and give `--kubeconfig FILE \
         --context NAME` if that cluster is meant",
        kubeconfig.display()
    )
}

/// Where a suite runs.
enum Place<'a> {
    Own { report: Option<PathBuf> },
    Foreign(&'a Foreign),
}

/// Runs a suite and counts.
///
/// # Errors
/// If a program cannot be built, or no test ran.
pub(crate) fn counted(workspace: &Workspace, suite: Suite, ci: bool) -> Result<Tally> {
    ran(workspace, suite, ci, &Place::Own { report: None })
}

fn ran(workspace: &Workspace, suite: Suite, ci: bool, place: &Place<'_>) -> Result<Tally> {
    let Some(go) = programs::go() else {
        let reason = "`go` is neither on PATH nor in /usr/local/go: see https://go.dev/doc/install";
        progress::say(format_args!("skipped: {reason}"));
        return Ok(Tally::skip(reason, ci));
    };
    if suite == Suite::Cluster {
        kinds::copy(workspace, go)?;
    }
    let mut cargo = workspace.cargo();
    cargo.env_remove("KUBECONFIG");
    match place {
        Place::Own { report } => {
            programs::build_all(workspace, go, &programs::TOOLS)?;
            if suite == Suite::Cluster {
                programs::build_all(workspace, go, &programs::KUBERNETES)?;
                programs::build_all(workspace, go, &programs::EXTERNAL_SECRETS)?;
            }
            if let Some(report) = report {
                cargo.env("AGNOSTICS_E2E_REPORT", report);
            }
        }
        Place::Foreign(foreign) => {
            let kubeconfig = foreign.kubeconfig.canonicalize();
            let kubeconfig = kubeconfig
                .with_context(|| format!("cannot read `{}`", foreign.kubeconfig.display()))?;
            cargo.env("AGNOSTICS_E2E_KUBECONFIG", kubeconfig);
            cargo.env("AGNOSTICS_E2E_CONTEXT", &foreign.context);
            if let Some(address) = &foreign.webhook_address {
                cargo.env("AGNOSTICS_E2E_WEBHOOK_ADDRESS", address);
            }
        }
    }
    // The whole workspace's features, as everywhere else, or dependencies are compiled once more.
    cargo.args(["test", "--workspace", "--release", "--test", suite.name()]);
    test::counted(&mut cargo, ci)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ambient_kubeconfig_is_refused_and_named() {
        refuse_ambient(None).unwrap();
        refuse_ambient(Some(OsStr::new(""))).unwrap();
        let refused = refuse_ambient(Some(OsStr::new("/home/me/config"))).unwrap_err();
        let refused = refused.to_string();
        assert!(refused.contains("`/home/me/config`"), "{refused}");
        assert!(refused.contains("--kubeconfig FILE"), "{refused}");
    }
}
