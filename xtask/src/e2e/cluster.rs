//! The suite `cluster`, on an API server of its own or on a cluster of others.

use std::ffi::OsStr;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;

use super::{Suite, kinds, programs};
use crate::build;
use crate::test::{self, skipped, tally::Tally};
use crate::workspace::{Workspace, on_path};

// What the suite is told.
const KUBECONFIG: &str = "AGNOSTICS_E2E_KUBECONFIG";
const CONTEXT: &str = "AGNOSTICS_E2E_CONTEXT";
const WEBHOOK_ADDRESS: &str = "AGNOSTICS_E2E_WEBHOOK_ADDRESS";
const REPORT: &str = "AGNOSTICS_E2E_REPORT";

const NO_KUBECTL: &str =
    "`kubectl` is not on PATH: see https://kubernetes.io/docs/tasks/tools/#kubectl";

/// A cluster of others, such as kind's or k3d's. The suite works there in namespaces of its own and
/// takes away what it made.
#[derive(Debug, Args)]
pub(crate) struct Foreign {
    /// Run the suite `cluster` against a cluster of this kubeconfig, in namespaces of its own, and take
    /// away what it made
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

/// Where the suite runs.
pub(super) enum Place<'a> {
    Own { report: Option<PathBuf> },
    Foreign(&'a Foreign),
}

/// Runs the suite as somebody asked for it: with modules as they are now and, on its own API server, with
/// a report.
pub(super) fn asked(workspace: &Workspace, foreign: Option<&Foreign>) -> Result<Tally> {
    refuse_ambient(std::env::var_os("KUBECONFIG").as_deref())?;
    // In `cargo xtask test` they have been built before.
    build::build(workspace, &[])?;
    let place = match foreign {
        Some(foreign) => Place::Foreign(foreign),
        None => Place::Own {
            report: Some(workspace.path("e2e/reports/cluster.md")),
        },
    };
    counted(workspace, test::is_ci(), &place)
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

/// Builds what the suite needs, runs it and counts.
pub(super) fn counted(workspace: &Workspace, ci: bool, place: &Place<'_>) -> Result<Tally> {
    let Some(go) = programs::go() else {
        return Ok(skipped(programs::NO_GO, ci));
    };
    if on_path("kubectl").is_none() {
        return Ok(skipped(NO_KUBECTL, ci));
    }
    kinds::copy(workspace, go)?;
    let mut cargo = super::tests(workspace, Suite::Cluster);
    // What is set in a shell decides nothing: a cluster that changes is one that was named.
    for variable in ["KUBECONFIG", KUBECONFIG, CONTEXT, WEBHOOK_ADDRESS, REPORT] {
        cargo.env_remove(variable);
    }
    match place {
        Place::Own { report } => {
            for tools in [
                programs::TOOLS,
                programs::KUBERNETES,
                programs::EXTERNAL_SECRETS,
            ] {
                programs::build_all(workspace, go, tools)?;
            }
            if let Some(report) = report {
                cargo.env(REPORT, report);
            }
        }
        Place::Foreign(foreign) => {
            let kubeconfig = foreign.kubeconfig.canonicalize();
            let kubeconfig = kubeconfig
                .with_context(|| format!("cannot read `{}`", foreign.kubeconfig.display()))?;
            cargo.env(KUBECONFIG, kubeconfig);
            cargo.env(CONTEXT, &foreign.context);
            if let Some(address) = &foreign.webhook_address {
                cargo.env(WEBHOOK_ADDRESS, address);
            }
        }
    }
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
