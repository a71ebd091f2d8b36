//! Whether two builds of the same sources in two directories give the same bytes.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::build::{self, Compiler};
use crate::modules;
use crate::progress::{say, seconds};
use crate::test::tally::Tally;
use crate::toolchain::Way;
use crate::workspace::Workspace;

/// Builds every module once more, from nothing, and compares; a module counts as a test.
pub(super) fn counted(workspace: &Workspace, way: Option<Way>) -> Result<Tally> {
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
