//! `cargo xtask playground`: the modules and the page for the browser, to `target/playground/`.

mod serve;
mod test;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Error, Result, ensure};
use clap::Subcommand;

use crate::build;
use crate::files::{read, write_if_changed};
use crate::progress::{Step, say, seconds};
use crate::sizes::kilobytes;
use crate::toolchain::{BROWSER, Way, remap_flags};
use crate::workspace::{Workspace, run};

pub(crate) use serve::serve;
pub(crate) use test::test;

/// The profile of the browser's module, in the workspace's Cargo.toml.
const PROFILE: &str = "playground";
/// The oldest Node.js that Vite runs on.
const OLDEST_NODE: (u32, u32) = (20, 19);

#[derive(Debug, Clone, Copy, Subcommand)]
pub(crate) enum Task {
    /// Serve it on this machine alone, once it is built
    Serve {
        /// 0 for any that is free
        #[arg(long, default_value_t = 8080)]
        port: u16,
    },
}

/// Builds the page, and serves it where that is wanted.
///
/// # Errors
/// If a tool is missing or a step fails.
pub(crate) fn playground(
    workspace: &Workspace,
    way: Option<Way>,
    task: Option<Task>,
) -> Result<()> {
    build(workspace, way)?;
    match task {
        Some(Task::Serve { port }) => serve(&site(workspace), port),
        None => Ok(()),
    }
}

/// Where the built page is.
pub(crate) fn site(workspace: &Workspace) -> PathBuf {
    workspace.path("target/playground")
}

/// Where the page's sources are.
pub(crate) fn web(workspace: &Workspace) -> PathBuf {
    workspace.path("crates/playground/web")
}

/// Builds the page.
///
/// # Errors
/// If a tool is missing or a step fails.
pub(crate) fn build(workspace: &Workspace, way: Option<Way>) -> Result<()> {
    let started = Instant::now();
    // What a person can put right comes before what takes minutes.
    node().map_err(Error::msg)?;
    let module = compile(workspace, way)?;
    bind(workspace, &module)?;
    install(workspace)?;
    run(npm(workspace).args(["run", "--silent", "build"]))?;
    let site = site(workspace);
    for file in files(&site)? {
        let size = kilobytes(fs::metadata(&file)?.len());
        say(format_args!("{} ({size})", workspace.display(&file)));
    }
    say(format_args!(
        "playground built ({})",
        seconds(started.elapsed())
    ));
    Ok(())
}

/// Compiles the modules for the browser.
fn compile(workspace: &Workspace, way: Option<Way>) -> Result<PathBuf> {
    let toolchain = build::toolchain(workspace, way, BROWSER)?;
    let target = workspace.path("target/browser").join(toolchain.name());
    let flags = remap_flags(&workspace.root, &Workspace::cargo_home()?, &toolchain);
    let mut cargo = toolchain.cargo_build(BROWSER, &flags);
    cargo
        .current_dir(&workspace.root)
        .args(["--profile", PROFILE, "--package", "playground"])
        .arg("--target-dir")
        .arg(&target);
    let step = Step::start("compiling the modules for the browser");
    run(&mut cargo)?;
    step.end("done");
    Ok(target.join(BROWSER).join(PROFILE).join("playground.wasm"))
}

/// Writes the JavaScript around the module.
fn bind(workspace: &Workspace, module: &PathBuf) -> Result<()> {
    let source = workspace.path("crates/playground/bindgen");
    let (lock, own_lock) = (
        read(&workspace.path("Cargo.lock"))?,
        read(&source.join("Cargo.lock"))?,
    );
    let locked = version(&lock, "wasm-bindgen")?;
    let ours = version(&own_lock, "wasm-bindgen-cli-support")?;
    ensure!(
        locked == ours,
        "wasm-bindgen is {locked} in `Cargo.lock` and {ours} in `crates/playground/bindgen`, where \
         `Cargo.toml` is to say ={locked}"
    );
    let target = workspace.path("target/tools/bindgen");
    let step = Step::start("wasm-bindgen, which is compiled the first time");
    let mut cargo = workspace.cargo();
    cargo
        .current_dir(&source)
        .args(["build", "--release", "--locked", "--quiet", "--target-dir"])
        .arg(&target);
    run(&mut cargo)?;
    let generated = web(workspace).join("src/generated");
    run(Command::new(target.join("release/bindgen"))
        .arg(module)
        .arg(generated))?;
    step.end("done");
    Ok(())
}

/// The version of a package in the text of a Cargo.lock.
fn version<'a>(lock: &'a str, package: &str) -> Result<&'a str> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name).skip(1);
    let version = lines
        .next()
        .and_then(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
    version.with_context(|| format!("no `{package}` in Cargo.lock"))
}

/// Installs what the page is made with, unless that is there: the lock file decides.
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

/// npm in the directory of the page.
pub(crate) fn npm(workspace: &Workspace) -> Command {
    let mut npm = Command::new("npm");
    npm.current_dir(web(workspace));
    npm
}

/// Checks that Node.js and npm are there, and Node.js new enough; the reason where they are not.
fn node() -> Result<(), String> {
    let said = |program: &str| {
        let output = Command::new(program)
            .arg("--version")
            .stderr(Stdio::null())
            .output();
        let output = output.ok()?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    lacking(said("node").as_deref(), said("npm").as_deref()).map_or(Ok(()), Err)
}

/// What Node.js and npm, by the versions that they say, lack to build the page.
fn lacking(node: Option<&str>, npm: Option<&str>) -> Option<String> {
    let (major, minor) = OLDEST_NODE;
    let what = match (node, npm) {
        (None, _) => "no `node` on PATH".to_owned(),
        (Some(version), _) if node_version(version).is_none_or(|it| it < OLDEST_NODE) => {
            format!("`node` is {version}")
        }
        (_, None) => "no `npm` on PATH".to_owned(),
        (Some(_), Some(_)) => return None,
    };
    Some(format!(
        "{what}; the page is built with Node.js {major}.{minor} or later and npm: see https://nodejs.org"
    ))
}

/// `v20.19.2` → (20, 19).
fn node_version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.strip_prefix('v')?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// Every file below a directory.
fn files(directory: &PathBuf) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let entries = fs::read_dir(directory)
        .with_context(|| format!("cannot list `{}`", directory.display()))?;
    for entry in entries {
        let path = entry?.path();
        match path.is_dir() {
            true => found.extend(files(&path)?),
            false => found.push(path),
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_of_the_lock_file() {
        let lock = "[[package]]\nname = \"a\"\nversion = \"1.2.3\"\n\n[[package]]\nname = \"ab\"\nversion = \"2.0.0\"\n";
        assert_eq!(version(lock, "a").unwrap(), "1.2.3");
        assert_eq!(version(lock, "ab").unwrap(), "2.0.0");
        assert!(version(lock, "b").is_err());
    }

    #[test]
    fn wasm_bindgen_and_its_program_are_of_one_version() {
        let workspace = Workspace::load().unwrap();
        let lock = |path: &str| read(&workspace.path(path)).unwrap();
        let program = lock("crates/playground/bindgen/Cargo.lock");
        assert_eq!(
            version(&lock("Cargo.lock"), "wasm-bindgen").unwrap(),
            version(&program, "wasm-bindgen-cli-support").unwrap()
        );
    }

    #[test]
    fn a_machine_without_node_is_told_what_it_lacks() {
        let lacking = |node, npm| lacking(node, npm).unwrap_or_default();
        let way_out =
            "; the page is built with Node.js 20.19 or later and npm: see https://nodejs.org";
        for (node, npm, what) in [
            (None, Some("10.0.0"), "no `node` on PATH"),
            (Some("v18.1.0"), Some("10.0.0"), "`node` is v18.1.0"),
            (Some(""), None, "`node` is "),
            (Some("v20.19.0"), None, "no `npm` on PATH"),
        ] {
            assert_eq!(lacking(node, npm), format!("{what}{way_out}"));
        }
        assert_eq!(lacking(Some("v20.19.0"), Some("10.0.0")), "");
    }

    #[test]
    fn node_says_its_version_with_a_v() {
        assert_eq!(node_version("v20.19.2"), Some((20, 19)));
        assert_eq!(node_version("20.19.2"), None);
        assert_eq!(node_version(""), None);
    }
}
