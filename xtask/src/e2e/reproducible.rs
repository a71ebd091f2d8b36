//! Whether two builds of the same sources in two directories give the same bytes.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::build;
use crate::modules;
use crate::test::tally::Tally;
use crate::workspace::Workspace;

/// Builds every module once more, from nothing, and compares; a module counts as a test.
pub(super) fn counted(workspace: &Workspace) -> Result<Tally> {
    let modules = modules::all(workspace)?;
    let names: Vec<&str> = modules.iter().map(|module| module.name.as_str()).collect();
    build::build(workspace, &[])?;
    let elsewhere = tempfile::tempdir()?;
    let target = elsewhere.path().join("target");
    let copy = Workspace {
        root: elsewhere.path().join("another/checkout"),
        cargo_target: target.clone(),
        packages: Vec::new(),
    };
    copy_sources(workspace, &copy.root)?;
    build::compile(&copy, &target, &names)?;
    let mut tally = Tally::default();
    for module in &modules {
        let again = build::annotated(module, &target)?;
        let path = workspace.path("target/modules").join(&module.name);
        let first = std::fs::read(path.with_extension("wasm"))?;
        let (name, digest) = (&module.name, build::digest(&first));
        if first == again {
            println!("{name}: sha256:{digest}, twice");
        } else {
            let other = build::digest(&again);
            println!("{name}: sha256:{digest} here and sha256:{other} elsewhere");
        }
        tally += Tally::one(first == again);
    }
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
    for name in String::from_utf8(listed.stdout)?.split_terminator('\0') {
        let (from, to) = (workspace.path(name), to.join(name));
        // It may be listed still and deleted already.
        if from.is_file() {
            std::fs::create_dir_all(to.parent().unwrap_or(&to))?;
            std::fs::copy(&from, &to).with_context(|| format!("cannot copy `{name}`"))?;
        }
    }
    Ok(())
}
