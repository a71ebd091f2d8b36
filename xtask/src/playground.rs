//! `cargo xtask playground`: builds the policies for the browser and the page, to `target/playground/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Subcommand;

use crate::build;
use crate::progress::Step;
use crate::test::{run_and_count, skipped, tally::Tally};
use crate::toolchain::{BROWSER, cargo_build};
use crate::workspace::{Workspace, on_path, read, run, write_if_changed};

/// The Cargo profile of the browser's module, from the workspace's Cargo.toml.
const PROFILE: &str = "playground";

/// The names of Chromium-based browsers on PATH.
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

const NO_NPM: &str = "`npm` is not on PATH; install Node.js 20.19 or later, see https://nodejs.org";
const NO_BROWSER: &str =
    "`chromium` is not on PATH; install it, or set CHROMIUM to the path of a browser";

#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum Task {
    /// Build the playground and serve it on loopback
    Serve {
        /// The port to listen on
        #[arg(long, default_value_t = 8080)]
        port: u16,
    },
}

/// Builds the page, and serves it with [`Task::Serve`].
///
/// # Errors
/// Returns an error if a tool is missing or a step fails.
pub(crate) fn playground(workspace: &Workspace, task: Option<Task>) -> Result<()> {
    build(workspace)?;
    let Some(Task::Serve { port }) = task else {
        return Ok(());
    };
    let port = port.to_string();
    run(npm(workspace).args(["run", "--silent", "preview", "--", "--port", &port]))
}

/// Builds the page.
fn build(workspace: &Workspace) -> Result<()> {
    ensure!(on_path("npm").is_some(), NO_NPM);
    // First, because it fails at once with an unsupported Node.js; the steps below take minutes.
    install(workspace)?;
    let module = compile(workspace)?;
    bind(workspace, &module)?;
    run(npm(workspace).args(["run", "--silent", "build"]))
}

/// Compiles the policies for the browser.
fn compile(workspace: &Workspace) -> Result<PathBuf> {
    let step = Step::start("compiling the policies for the browser");
    let target = workspace.path("target/browser");
    let mut cargo = cargo_build(workspace, BROWSER)?;
    cargo.args(["--profile", PROFILE, "--package", "playground"]);
    run(cargo.arg("--target-dir").arg(&target))?;
    step.end("done");
    Ok(target.join(BROWSER).join(PROFILE).join("playground.wasm"))
}

/// Generates the JavaScript bindings of the module. wasm-bindgen itself rejects a module built for another
/// version.
fn bind(workspace: &Workspace, module: &Path) -> Result<()> {
    let step = Step::start("running wasm-bindgen (the first run compiles it)");
    let target = workspace.path("target/tools/bindgen");
    let mut cargo = workspace.cargo();
    cargo
        .current_dir(workspace.path("crates/playground/bindgen"))
        .args(["run", "--release", "--locked", "--quiet", "--target-dir"])
        .arg(&target)
        .arg("--")
        .arg(module)
        .arg(web(workspace).join("src/generated"));
    run(&mut cargo)?;
    step.end("done");
    Ok(())
}

/// Installs the npm packages of the page unless those of the lock file are already installed.
fn install(workspace: &Workspace) -> Result<()> {
    let web = web(workspace);
    let lock = read(&web.join("package-lock.json"))?;
    let stamp = web.join("node_modules/.installed-of");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    let step = Step::start("npm ci");
    run(npm(workspace).args(["ci", "--no-audit", "--no-fund", "--silent"]))?;
    step.end("done");
    write_if_changed(&stamp, lock.as_bytes()).map(drop)
}

/// Builds the page and the programs it is compared with, and runs its tests in a browser. Without npm or a
/// browser, the tests are skipped.
///
/// # Errors
/// Returns an error if a build fails or no test ran.
pub(crate) fn test(workspace: &Workspace, ci: bool) -> Result<Tally> {
    if on_path("npm").is_none() {
        return Ok(skipped(NO_NPM, ci));
    }
    let configured = std::env::var_os("CHROMIUM").map(PathBuf::from);
    let Some(browser) = configured.or_else(|| BROWSERS.iter().find_map(|name| on_path(name)))
    else {
        return Ok(skipped(NO_BROWSER, ci));
    };
    build(workspace)?;
    build::build(workspace, &[])?;
    build::compile_programs(workspace, &["agnostics", "corpus"])?;
    let output = build::compiled_program(workspace, "corpus")
        .output()
        .context("cannot run `corpus`")?;
    ensure!(
        output.status.success(),
        "`corpus` failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let corpus = workspace.path("target/corpus.jsonl");
    fs::write(&corpus, output.stdout).context("cannot write `target/corpus.jsonl`")?;
    let agnostics = build::compiled_program(workspace, "agnostics");
    let mut tests = npm(workspace);
    tests
        .args(["run", "--silent", "test"])
        .env("CHROMIUM", browser)
        .env("CORPUS", corpus)
        .env("MODULES", workspace.path("target/modules"))
        .env("AGNOSTICS", agnostics.get_program());
    run_and_count(&mut tests, ci)
}

/// Returns the directory of the page's sources.
fn web(workspace: &Workspace) -> PathBuf {
    workspace.path("crates/playground/web")
}

/// Returns an npm command in the directory of the page.
fn npm(workspace: &Workspace) -> Command {
    let mut npm = Command::new("npm");
    npm.current_dir(web(workspace));
    npm
}
