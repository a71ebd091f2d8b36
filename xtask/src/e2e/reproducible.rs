//! Checks that two builds of the same sources in two directories give the same bytes.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::build;
use crate::modules;
use crate::test::tally::Tally;
use crate::workspace::Workspace;

/// Builds every module again from scratch and compares the bytes. Each module counts as one test.
pub(super) fn compare_builds(workspace: &Workspace) -> Result<Tally> {
    let modules = modules::all(workspace)?;
    let names: Vec<&str> = modules.iter().map(|module| module.name.as_str()).collect();
    build::build(workspace, &[])?;
    let other_dir = tempfile::tempdir()?;
    let target = other_dir.path().join("target");
    let copy = Workspace {
        root: other_dir.path().join("another/checkout"),
        cargo_target: target.clone(),
        packages: Vec::new(),
    };
    copy_sources(workspace, &copy.root)?;
    build::compile(&copy, &target, &names)?;
    let mut tally = Tally::default();
    for module in &modules {
        let rebuilt = build::annotated(module, &target)?;
        let path = workspace.path("target/modules").join(&module.name);
        let first = std::fs::read(path.with_extension("wasm"))?;
        let (name, digest) = (&module.name, build::digest(&first));
        if first == rebuilt {
            println!("{name}: sha256:{digest} in both builds");
        } else {
            let other = build::digest(&rebuilt);
            println!("{name}: builds differ: sha256:{digest} and sha256:{other}");
        }
        tally += Tally::one(first == rebuilt);
    }
    Ok(tally)
}

/// Copies every file that git tracks or would add.
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
        // git also lists tracked files that are deleted but not yet committed.
        if from.is_file() {
            std::fs::create_dir_all(to.parent().unwrap_or(&to))?;
            std::fs::copy(&from, &to).with_context(|| format!("cannot copy `{name}`"))?;
        }
    }
    Ok(())
}
