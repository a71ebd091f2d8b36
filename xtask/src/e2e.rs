//! `cargo xtask e2e`: the suites that need real programs, which it builds first.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use serde::Deserialize;

use crate::progress::Step;
use crate::workspace::{Workspace, run};
use crate::{Told, progress, test};
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

/// Programs of one go.mod: a name here, and the package that makes it.
struct Tools {
    source: &'static str,
    programs: &'static [(&'static str, &'static str)],
    /// For the linker.
    flags: &'static str,
}

const TOOLS: Tools = Tools {
    source: "e2e/tools",
    programs: &[
        ("coredns", "github.com/coredns/coredns"),
        ("etcd", "go.etcd.io/etcd/server/v3"),
        ("etcdctl", "go.etcd.io/etcd/etcdctl/v3"),
        ("external-dns", "sigs.k8s.io/external-dns"),
    ],
    flags: "-s -w",
};

const KUBERNETES: Tools = Tools {
    source: "e2e/tools/kubernetes",
    programs: &[("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver")],
    // What it says it is, which it does not read from its module: the version in go.mod.
    flags: "-s -w -X k8s.io/component-base/version.gitVersion=v1.34.4",
};

/// Where kinds of others are: a module with its checksum as go.sum has it, which pins it where no
/// program needs it, and the directory of its CRDs.
const CRDS: [(&str, &str, &str); 4] = [
    (
        "sigs.k8s.io/gateway-api@v1.6.1",
        "h1:mock6phZbI6rvZerwrVNk7hVNymQgHo+6sJ81Ia7ftY=",
        "config/crd/standard",
    ),
    (
        "github.com/external-secrets/external-secrets@v1.3.2",
        "h1:u2J8RjlHIeF0oZCqtl92adI/uZWUwOesJIDkfql6LqQ=",
        "config/crds/bases",
    ),
    (
        "github.com/cert-manager/cert-manager@v1.21.2",
        "h1:UWgoYM+KLNtRlqmoWOKjKBOBUPVHeepQ6/ac3ERJW68=",
        "deploy/crds",
    ),
    (
        "go.universe.tf/metallb@v0.16.2",
        "h1:RCSAGoZmqcvTg0e56+Okbwz8iTuQVX30JpKX5mYEPUM=",
        "config/crd/bases",
    ),
];

/// Where Go is when it is not on PATH: where its own installation guide puts it.
const GO: [&str; 2] = ["go", "/usr/local/go/bin/go"];

/// Runs a suite and says what it counted.
///
/// # Errors
/// If a program cannot be built, or a test fails.
pub(crate) fn e2e(workspace: &Workspace, suite: Suite) -> Result<()> {
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
    let Some(go) = go() else {
        let reason = "`go` is neither on PATH nor in /usr/local/go: see https://go.dev/doc/install";
        progress::say(format_args!("skipped: {reason}"));
        return Ok(Tally::skip(reason, ci));
    };
    build_all(workspace, go, &TOOLS)?;
    if suite == Suite::Cluster {
        build_all(workspace, go, &KUBERNETES)?;
        crds(workspace, go)?;
    }
    let mut cargo = workspace.cargo();
    // The whole workspace's features, as everywhere else, or dependencies are compiled once more.
    cargo.args(["test", "--workspace", "--release", "--test", suite.name()]);
    if let Some(report) = report {
        cargo.env("AGNOSTICS_E2E_REPORT", report);
    }
    test::counted(&mut cargo, ci)
}

/// Copies the kinds of others from Go's module cache to target/tools/crds/.
fn crds(workspace: &Workspace, go: &str) -> Result<()> {
    let target = workspace.path("target/tools/crds");
    let stamp = workspace.path("target/tools/crds-of");
    let wanted = format!("{CRDS:?}");
    if fs::read_to_string(&stamp).is_ok_and(|present| present == wanted) {
        return Ok(());
    }
    // What is there may be of other versions.
    if target.exists() {
        fs::remove_dir_all(&target).context("cannot empty target/tools/crds")?;
    }
    fs::create_dir_all(&target).context("cannot make target/tools/crds")?;
    for (module, sum, directory) in CRDS {
        let step = Step::start(format!("reading the kinds of {module}"));
        let output = Command::new(go)
            .current_dir(workspace.path("target"))
            .args(["mod", "download", "-json", module])
            .output()?;
        let downloaded: Downloaded = serde_json::from_slice(&output.stdout)
            .with_context(|| format!("cannot download {module}"))?;
        ensure!(
            downloaded.sum == sum,
            "{module} is `{}`, and {sum} is wanted",
            downloaded.sum
        );
        for file in fs::read_dir(Path::new(&downloaded.dir).join(directory))? {
            let file = file?;
            let name = file.file_name();
            // As controller-gen names them; beside them are kustomizations and admission policies.
            let text = name.to_string_lossy();
            if !text.contains(".io_") || text.contains("_vap_") {
                continue;
            }
            // Its mode in the cache is one that nobody may write.
            fs::write(target.join(&name), fs::read(file.path())?)
                .with_context(|| format!("cannot copy {}", name.display()))?;
        }
        step.end("read");
    }
    fs::write(&stamp, wanted).context("cannot write to target/tools")
}

/// What `go mod download -json` says.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Downloaded {
    dir: String,
    sum: String,
}

/// Builds programs to target/tools/, unless they are there and of the same modules.
fn build_all(workspace: &Workspace, go: &str, tools: &Tools) -> Result<()> {
    let source = workspace.path(tools.source);
    let target = workspace.path("target/tools");
    let version = Command::new(go).arg("version").output()?.stdout;
    let read = |file: &str| fs::read(source.join(file)).context("cannot read the tools' modules");
    // Whatever decides what is built; the same text means the same programs.
    let built_of = [
        version,
        read("go.mod")?,
        read("go.sum")?,
        tools.flags.into(),
    ]
    .concat();
    let last = tools.source.rsplit('/').next().unwrap_or_default();
    let stamp = target.join(format!("{last}-built-of"));
    let all_there = tools
        .programs
        .iter()
        .all(|(name, _)| target.join(name).is_file());
    if all_there && fs::read(&stamp).is_ok_and(|present| present == built_of) {
        return Ok(());
    }
    fs::create_dir_all(&target).context("cannot make target/tools")?;
    for (name, package) in tools.programs {
        build(go, &source, tools.flags, &target.join(name), name, package)?;
    }
    fs::write(&stamp, built_of).context("cannot write to target/tools")
}

fn build(
    go: &str,
    source: &Path,
    flags: &str,
    output: &Path,
    name: &str,
    package: &str,
) -> Result<()> {
    let step = Step::start(format!("building {name}"));
    let mut command = Command::new(go);
    command
        .current_dir(source)
        .args([
            "build",
            "-mod=readonly",
            "-trimpath",
            "-ldflags",
            flags,
            "-o",
        ])
        .arg(output)
        .arg(package);
    if let Err(error) = run(&mut command) {
        bail!("cannot build {name}: {error:#}");
    }
    step.end("built");
    Ok(())
}

fn go() -> Option<&'static str> {
    let answers = |go: &&&str| {
        let version = Command::new(go).arg("version").output();
        version.is_ok_and(|output| output.status.success())
    };
    GO.iter().find(answers).copied()
}
