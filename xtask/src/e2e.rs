//! `cargo xtask e2e`: what takes a real component, or longer than a developer waits.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;

use crate::build::{self, Compiler};
use crate::modules;
use crate::progress::{say, seconds};
use crate::publish;
use crate::system::{Answer, Call, Machine, System};
use crate::test::counted;
use crate::test::tally::Tally;
use crate::toolchain::Way;
use crate::workspace::Workspace;

/// What is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// Publish to Debian's docker-registry on loopback; pull, verify and run with all that is on PATH
    Registry,
    /// Build the modules in another directory from nothing and compare the bytes
    Reproducible,
}

/// Tries `scenario`.
///
/// # Errors
/// If anything failed; the last line counts.
pub(crate) fn e2e(workspace: &Workspace, way: Option<Way>, scenario: Scenario) -> Result<()> {
    let tally = match scenario {
        Scenario::Registry => registry(workspace, way)?,
        Scenario::Reproducible => reproducible(workspace, way)?,
    };
    say(tally);
    ensure!(tally.failed == 0, crate::Told);
    Ok(())
}

const REGISTRY: &str = "docker-registry";

fn registry(workspace: &Workspace, way: Option<Way>) -> Result<Tally> {
    let ci = std::env::var("CI").is_ok_and(|value| value == "true");
    if let Err(reason) = install(REGISTRY) {
        say(format_args!("skipped: {reason}"));
        return Ok(Tally::skip(&reason, ci));
    }
    publish::describe(workspace, way, &[])?;
    for program in ["agnostics", "publish"] {
        build::compile_program(workspace, program)?;
    }
    let mut tests = workspace.cargo();
    tests.args(["test", "--workspace", "--release", "--test", "registry"]);
    counted(&mut tests, ci)
}

/// Has apt-get install a program that is not on PATH, or says why not.
fn install(program: &str) -> Result<(), String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&path).any(|place| place.join(program).is_file()) {
        return Ok(());
    }
    let limit = Duration::from_secs(300);
    for args in [
        ["update", "--quiet", "--quiet"].as_slice(),
        &["install", "--yes", "--no-install-recommends", program],
    ] {
        say(format_args!("apt-get {} …", args.join(" ")));
        match Machine.run(&Call::new("apt-get", args, limit)) {
            Answer::Done(_) => {}
            Answer::Missing => {
                return Err(format!("{program} is not on PATH and there is no apt-get"));
            }
            Answer::Failed(_) | Answer::TimedOut => {
                return Err(format!(
                    "{program} is not on PATH and `apt-get {}` does not bring it",
                    args.join(" ")
                ));
            }
        }
    }
    Ok(())
}

fn reproducible(workspace: &Workspace, way: Option<Way>) -> Result<Tally> {
    let names: Vec<String> = modules::all(workspace)?
        .into_iter()
        .map(|module| module.name)
        .collect();
    let toolchain = build::build(workspace, way, &names)?;
    let started = Instant::now();
    let elsewhere = tempfile::tempdir()?;
    let copy = Workspace {
        root: elsewhere.path().join("another/checkout"),
        cargo_target: elsewhere.path().join("target"),
        packages: workspace.packages.clone(),
    };
    copy_sources(workspace, &copy.root)?;
    let compiler = Compiler {
        workspace: &copy,
        target: elsewhere.path().join("target"),
        toolchain,
    };
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    compiler.compile(&all)?;
    let mut tally = Tally::default();
    for module in modules::all(workspace)? {
        let again = build::annotate(&module, &compiler.read(&module.name)?)?;
        let path = workspace.path("target/modules").join(&module.name);
        let first = std::fs::read(path.with_extension("wasm"))?;
        let same = first == again;
        let (name, digest) = (&module.name, build::digest(&first));
        match same {
            true => say(format_args!("{name}: sha256:{digest}, twice")),
            false => say(format_args!(
                "{name}: sha256:{digest} here and sha256:{} elsewhere",
                build::digest(&again)
            )),
        }
        tally += Tally::one(same);
    }
    say(format_args!(
        "built again from nothing in another directory ({})",
        seconds(started.elapsed())
    ));
    Ok(tally)
}

/// Copies every file that git knows or would know.
fn copy_sources(workspace: &Workspace, to: &Path) -> Result<()> {
    let listed = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(&workspace.root)
        .output()
        .context("cannot run `git`")?;
    ensure!(listed.status.success(), "`git ls-files` failed");
    let mut copied = 0;
    for name in String::from_utf8(listed.stdout)?.split_terminator('\0') {
        let from = workspace.path(name);
        // Listed still and deleted already.
        if !from.is_file() {
            continue;
        }
        let to = to.join(name);
        std::fs::create_dir_all(to.parent().unwrap_or(&to))?;
        std::fs::copy(&from, &to).with_context(|| format!("cannot copy `{name}`"))?;
        copied += 1;
    }
    if copied == 0 {
        bail!("git lists no file to build from");
    }
    Ok(())
}
