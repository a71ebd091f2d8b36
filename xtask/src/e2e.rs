//! `cargo xtask e2e`: the suites that need real programs, which it builds first.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;

use crate::progress::Step;
use crate::workspace::{Workspace, run};
use crate::{Told, playground, progress, test};
use test::tally::Tally;

/// A suite of end-to-end tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Suite {
    /// CoreDNS, etcd and ExternalDNS with the manifests of `bootstrap/`
    Dns,
    /// The playground in Chromium, held to the command line and the corpus
    Playground,
}

/// The programs of e2e/tools/go.mod: a name here, and the package that makes it.
const TOOLS: [(&str, &str); 4] = [
    ("coredns", "github.com/coredns/coredns"),
    ("etcd", "go.etcd.io/etcd/server/v3"),
    ("etcdctl", "go.etcd.io/etcd/etcdctl/v3"),
    ("external-dns", "sigs.k8s.io/external-dns"),
];

/// Where Go is when it is not on PATH: where its own installation guide puts it.
const GO: [&str; 2] = ["go", "/usr/local/go/bin/go"];

/// Runs a suite and says what it counted.
///
/// # Errors
/// If a program cannot be built, or a test fails.
pub(crate) fn e2e(workspace: &Workspace, suite: Suite) -> Result<()> {
    let tally = counted(workspace, suite, test::is_ci())?;
    progress::say(tally);
    ensure!(tally.failed == 0, Told);
    Ok(())
}

/// Runs a suite and counts.
///
/// # Errors
/// If a program cannot be built, or no test ran.
pub(crate) fn counted(workspace: &Workspace, suite: Suite, ci: bool) -> Result<Tally> {
    let name = match suite {
        Suite::Dns => "dns",
        Suite::Playground => return playground::test(workspace, ci),
    };
    tools(workspace)?;
    let mut cargo = workspace.cargo();
    // The whole workspace's features, as everywhere else, or dependencies are compiled once more.
    cargo.args(["test", "--workspace", "--release", "--test", name]);
    test::counted(&mut cargo, ci)
}

/// Builds the programs to target/tools/, unless they are there and of the same modules.
fn tools(workspace: &Workspace) -> Result<()> {
    let source = workspace.path("e2e/tools");
    let target = workspace.path("target/tools");
    let go = go()
        .context("`go` is neither on PATH nor in /usr/local/go: see https://go.dev/doc/install")?;
    let version = Command::new(go).arg("version").output()?.stdout;
    let read = |file: &str| fs::read(source.join(file)).context("cannot read the tools' modules");
    // Whatever decides what is built; the same text means the same programs.
    let built_of = [version, read("go.mod")?, read("go.sum")?].concat();
    let stamp = target.join("built-of");
    let all_there = TOOLS.iter().all(|(name, _)| target.join(name).is_file());
    if all_there && fs::read(&stamp).is_ok_and(|present| present == built_of) {
        return Ok(());
    }
    fs::create_dir_all(&target).context("cannot make target/tools")?;
    for (name, package) in TOOLS {
        build(go, &source, &target.join(name), name, package)?;
    }
    fs::write(&stamp, built_of).context("cannot write to target/tools")
}

fn build(go: &str, source: &Path, output: &Path, name: &str, package: &str) -> Result<()> {
    let step = Step::start(format!("building {name}"));
    let mut command = Command::new(go);
    command
        .current_dir(source)
        .args([
            "build",
            "-mod=readonly",
            "-trimpath",
            "-ldflags=-s -w",
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
