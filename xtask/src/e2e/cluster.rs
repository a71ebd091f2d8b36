//! The suite `cluster`, on an API server of its own or on an existing cluster.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use super::{Suite, programs};
use crate::build;
use crate::progress::Step;
use crate::test::{self, skipped, tally::Tally};
use crate::workspace::{Workspace, on_path};

/// The options for an existing cluster, such as one of kind or k3d.
#[derive(Debug, Args)]
pub(crate) struct ExistingCluster {
    /// Run the suite `cluster` on an existing cluster of this kubeconfig. It creates its own namespaces
    /// and removes everything it created
    #[arg(long, value_name = "FILE", requires = "context", required = false)]
    kubeconfig: PathBuf,
    /// The context to use; its user must be a cluster administrator
    #[arg(long, value_name = "NAME", requires = "kubeconfig", required = false)]
    context: String,
    /// The address at which the API server reaches port 8443 of this machine. Not needed if the API server
    /// runs on this machine
    #[arg(long, value_name = "ADDRESS", requires = "kubeconfig")]
    webhook_address: Option<String>,
}

/// Builds the modules and runs the suite. On its own API server, the suite also writes the report.
pub(super) fn run(workspace: &Workspace, existing: Option<&ExistingCluster>) -> Result<Tally> {
    reject_ambient_kubeconfig(std::env::var_os("KUBECONFIG").as_deref())?;
    build::build(workspace, &[])?;
    build_and_run(workspace, test::is_ci(), existing, true)
}

/// Returns an error if KUBECONFIG is set: the suite changes a cluster only if the command line names it.
fn reject_ambient_kubeconfig(kubeconfig: Option<&OsStr>) -> Result<()> {
    let Some(kubeconfig) = kubeconfig.filter(|it| !it.is_empty()) else {
        return Ok(());
    };
    bail!(
        "this suite ignores KUBECONFIG, which is `{}`; unset it, and pass `--kubeconfig FILE --context NAME` \
         to run on that cluster",
        kubeconfig.display()
    )
}

/// Builds the programs, runs the suite and counts its tests.
pub(super) fn build_and_run(
    workspace: &Workspace,
    ci: bool,
    existing: Option<&ExistingCluster>,
    write_report: bool,
) -> Result<Tally> {
    let Some(go) = programs::go() else {
        return Ok(skipped(programs::NO_GO, ci));
    };
    if on_path("kubectl").is_none() {
        return Ok(skipped(programs::NO_KUBECTL, ci));
    }
    fetch_crds(workspace, go)?;
    if existing.is_none() {
        for tools in [
            programs::TOOLS,
            programs::KUBERNETES,
            programs::EXTERNAL_SECRETS,
        ] {
            programs::build_all(workspace, go, tools)?;
        }
    }
    let kubeconfig = existing.map(|it| {
        let file = it.kubeconfig.canonicalize();
        file.with_context(|| format!("cannot read `{}`", it.kubeconfig.display()))
    });
    let address = existing.and_then(|it| it.webhook_address.as_ref());
    let options: [(&str, Option<OsString>); 4] = [
        ("KUBECONFIG", kubeconfig.transpose()?.map(PathBuf::into)),
        ("CONTEXT", existing.map(|it| it.context.clone().into())),
        ("WEBHOOK_ADDRESS", address.map(OsString::from)),
        ("WRITE_REPORT", write_report.then(|| "1".into())),
    ];
    let mut cargo = super::tests(workspace, Suite::Cluster);
    // Variables of the developer's shell must not select a cluster.
    cargo.env_remove("KUBECONFIG");
    for (name, value) in options {
        let name = format!("AGNOSTICS_E2E_{name}");
        match value {
            Some(value) => cargo.env(name, value),
            None => cargo.env_remove(name),
        };
    }
    test::run_and_count(&mut cargo, ci)
}

/// Fetches the third-party CRDs: downloads the Go modules that contain them, and generates Kubewarden's from
/// its Rust types.
fn fetch_crds(workspace: &Workspace, go: &str) -> Result<()> {
    let step = Step::start("fetching CRDs");
    let tools = workspace.path("target/tools");
    fs::create_dir_all(&tools).context("cannot create target/tools")?;
    let run = |command: &mut Command, output: &str| -> Result<()> {
        let result = command.stderr(Stdio::inherit()).output()?;
        ensure!(result.status.success(), "{command:?} failed");
        fs::write(tools.join(output), result.stdout).context("cannot write to target/tools")
    };
    let mut download = Command::new(go);
    download
        .current_dir(workspace.path("e2e/tools/crds"))
        .args(["mod", "download", "-json"]);
    run(&mut download, "crds.json")?;
    let mut generate = workspace.cargo();
    generate
        .current_dir(workspace.path("e2e/tools/kubewarden"))
        .env("CARGO_TARGET_DIR", tools.join("cargo"))
        .args(["run", "--quiet", "--locked"]);
    run(&mut generate, "kubewarden-crd.json")?;
    step.end("done");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kubeconfig_from_the_environment_is_an_error() {
        reject_ambient_kubeconfig(None).unwrap();
        reject_ambient_kubeconfig(Some(OsStr::new(""))).unwrap();
        let error = reject_ambient_kubeconfig(Some(OsStr::new("/home/me/config"))).unwrap_err();
        let error = error.to_string();
        assert!(error.contains("`/home/me/config`"), "{error}");
        assert!(error.contains("--kubeconfig FILE"), "{error}");
    }
}
