//! The playground in a real browser.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use super::npm;
use crate::apt;
use crate::build::{compile_program, compiled_program};
use crate::e2e::skipped;
use crate::progress::say;
use crate::system::{Machine, on_path};
use crate::test::counted;
use crate::test::tally::Tally;
use crate::workspace::Workspace;

/// What Chromium and its like are called.
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Builds the page and what it is held to, and runs its tests. Without Node.js or a browser they are skipped.
///
/// # Errors
/// If something cannot be built, or no test ran.
pub(crate) fn test(workspace: &Workspace, ci: bool) -> Result<Tally> {
    // What decides whether anything runs comes before what takes minutes.
    let browser = match super::node().and_then(|()| browser()) {
        Ok(browser) => browser,
        Err(reason) => return Ok(skipped(&reason, ci)),
    };
    super::build(workspace, None)?;
    crate::build::build(workspace, None, &[])?;
    compile_program(workspace, "agnostics")?;
    compile_program(workspace, "corpus")?;
    let output = compiled_program(workspace, "corpus")
        .output()
        .context("cannot run `corpus`")?;
    ensure!(
        output.status.success(),
        "the corpus cannot be written: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let corpus = workspace.path("target/corpus.jsonl");
    fs::write(&corpus, output.stdout).context("cannot write `target/corpus.jsonl`")?;
    let agnostics = compiled_program(workspace, "agnostics");
    let mut tests = npm(workspace);
    tests
        .args(["run", "--silent", "test"])
        .env("CHROMIUM", browser)
        .env("CORPUS", corpus)
        .env("MODULES", workspace.path("target/modules"))
        .env("AGNOSTICS", agnostics.get_program());
    counted(&mut tests, ci)
}

/// The browser of this machine, or Debian's, which is installed; the reason where there is none to be had.
fn browser() -> Result<PathBuf, String> {
    if let Some(found) = find() {
        return Ok(found);
    }
    let way_out = "install Chromium, or name one in CHROMIUM";
    apt::install(&Machine, &|line| say(line), &["chromium"])
        .map_err(|refusal| format!("no Chromium on PATH, and {refusal}: {way_out}"))?;
    find().ok_or_else(|| format!("no Chromium on PATH: {way_out}"))
}

/// The browser that CHROMIUM names, or one on PATH.
fn find() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("CHROMIUM") {
        return Some(named.into());
    }
    BROWSERS.iter().find_map(|name| on_path(name))
}
