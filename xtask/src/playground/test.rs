//! The playground in a real browser.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::npm;
use crate::build::{compile_program, compiled_program};
use crate::progress::{Step, say};
use crate::system::{Answer, Call, Machine, System};
use crate::test::counted;
use crate::test::tally::Tally;
use crate::workspace::Workspace;

/// What Chromium and its like are called.
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

const MOMENT: Duration = Duration::from_secs(20);
const INSTALL_LIMIT: Duration = Duration::from_secs(600);

/// Builds the page and what it is held to, and runs its tests.
///
/// # Errors
/// If something cannot be built, there is no browser, or no test ran.
pub(crate) fn test(workspace: &Workspace, ci: bool) -> Result<Tally> {
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
    let browser = browser()?;
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

/// The browser of this machine, or Debian's, which is installed.
fn browser() -> Result<PathBuf> {
    if let Some(found) = find() {
        return Ok(found);
    }
    let way_out = "install Chromium, or name one in CHROMIUM";
    let sudo: &[&str] = match Machine.run(&Call::new("id", &["-u"], MOMENT)) {
        Answer::Done(id) if id.trim() == "0" => &[],
        _ => &["sudo", "-n"],
    };
    let step = Step::start("apt-get install chromium");
    for args in [
        &["-qq", "update"][..],
        &[
            "-qq",
            "install",
            "--yes",
            "--no-install-recommends",
            "--no-remove",
            "chromium",
        ],
    ] {
        let words = [sudo, &["apt-get"], args].concat();
        let Some((program, args)) = words.split_first() else {
            continue;
        };
        match Machine.run(&Call::new(program, args, INSTALL_LIMIT)) {
            Answer::Done(_) => {}
            Answer::Missing => {
                bail!("no Chromium here, and no `{program}` to install it with: {way_out}")
            }
            Answer::TimedOut => bail!(
                "no Chromium here, and `{}` had not ended in time: {way_out}",
                words.join(" ")
            ),
            Answer::Failed(said) => {
                say(said);
                bail!(
                    "no Chromium here, and `{}` failed: {way_out}",
                    words.join(" ")
                );
            }
        }
    }
    step.end("done");
    find().with_context(|| format!("no Chromium on PATH: {way_out}"))
}

/// The browser that CHROMIUM names, or one on PATH.
fn find() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("CHROMIUM") {
        return Some(named.into());
    }
    let path = std::env::var_os("PATH")?;
    let on_path = |name: &&str| {
        std::env::split_paths(&path)
            .map(|directory| directory.join(name))
            .find(|candidate| candidate.is_file())
    };
    BROWSERS.iter().find_map(on_path)
}
