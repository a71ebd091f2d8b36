//! `cargo xtask build`: the modules, annotated and ready for the policy server, and the guests that
//! tests and benchmarks run beside them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};

use crate::files::write_if_changed;
use crate::modules::{self, Module};
use crate::progress::{say, seconds};
use crate::sizes::kilobytes;
use crate::system::Machine;
use crate::toolchain::{Provision, TARGET, Toolchain, Way, remap_flags};
use crate::workspace::{Workspace, run};

/// The profile of the modules, in the workspace's Cargo.toml.
const PROFILE: &str = "module";

/// Builds the modules called `names`, or all modules and guests if there are no names. The toolchain that
/// built them.
pub(crate) fn build(
    workspace: &Workspace,
    way: Option<Way>,
    names: &[String],
) -> Result<Toolchain> {
    let started = Instant::now();
    let modules = modules::named(workspace, names)?;
    let guests = if names.is_empty() {
        guests(workspace)
    } else {
        Vec::new()
    };
    let toolchain = toolchain(workspace, way, TARGET)?;
    let compiler = Compiler {
        workspace,
        target: workspace.path("target/guest").join(toolchain.name()),
        toolchain,
    };

    // What ships is compiled on its own: together with the guests, cargo would give shared
    // dependencies the features of both.
    let names: Vec<&str> = modules.iter().map(|module| module.name.as_str()).collect();
    compiler.compile(&names)?;
    for module in &modules {
        let wasm = annotate(module, &compiler.read(&module.name)?)?;
        let path = store(workspace, "modules", &module.name, &wasm)?;
        say(format_args!(
            "{} {}, sha256:{}",
            workspace.display(&path),
            kilobytes(wasm.len() as u64),
            digest(&wasm)
        ));
    }
    let guests: Vec<&str> = guests.iter().map(String::as_str).collect();
    compiler.compile(&guests)?;
    for guest in guests {
        let name = guest.strip_prefix("guest-").unwrap_or(guest);
        store(workspace, "guests", name, &compiler.read(guest)?)?;
    }
    say(format_args!(
        "{} built ({})",
        count(modules.len(), "module"),
        seconds(started.elapsed())
    ));
    Ok(compiler.toolchain)
}

/// Finds or gets what builds for `target`, and says which it is.
///
/// # Errors
/// If no way works.
pub(crate) fn toolchain(
    workspace: &Workspace,
    way: Option<Way>,
    target: &str,
) -> Result<Toolchain> {
    let provision = Provision {
        target,
        system: &Machine,
        say: &|line| say(line),
        rustc: std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned()),
        rust_version: workspace.rust_version()?,
        memory: &workspace.path("target/guest/toolchain"),
    };
    provision.toolchain(way)
}

/// Compiles a program of the workspace in the release profile.
///
/// `--workspace` rather than the program's package: it gives the dependencies the features that the
/// tests give them, or cargo would compile wasmtime once for each.
pub(crate) fn compile_program(workspace: &Workspace, name: &str) -> Result<()> {
    let mut cargo = workspace.cargo();
    run(cargo.args(["build", "--release", "--workspace", "--bin", name]))
}

/// Runs, in the root, a program that [`compile_program`] compiled.
pub(crate) fn compiled_program(workspace: &Workspace, name: &str) -> Command {
    let mut program = Command::new(workspace.cargo_target.join("release").join(name));
    program.current_dir(&workspace.root);
    program
}

/// The packages under `e2e/guests`.
fn guests(workspace: &Workspace) -> Vec<String> {
    let directory = workspace.path("e2e/guests");
    let inside = |path: &Path| path.starts_with(&directory);
    let packages = workspace.packages.iter();
    let mut names: Vec<String> = packages
        .filter(|package| inside(package.manifest_path.as_std_path()))
        .map(|package| package.name.to_string())
        .collect();
    names.sort();
    names
}

/// Compiles packages of a workspace for Kubewarden.
pub(crate) struct Compiler<'a> {
    pub(crate) workspace: &'a Workspace,
    pub(crate) toolchain: Toolchain,
    /// Where cargo builds.
    pub(crate) target: PathBuf,
}

impl Compiler<'_> {
    pub(crate) fn compile(&self, packages: &[&str]) -> Result<()> {
        if packages.is_empty() {
            return Ok(());
        }
        let started = Instant::now();
        let flags = remap_flags(
            &self.workspace.root,
            &Workspace::cargo_home()?,
            &self.toolchain,
        );
        let mut cargo = self.toolchain.cargo_build(TARGET, &flags);
        cargo
            .current_dir(&self.workspace.root)
            .args(["--profile", PROFILE])
            .arg("--target-dir")
            .arg(&self.target);
        for package in packages {
            cargo.args(["--package", package]);
        }
        run(&mut cargo)?;
        say(format_args!(
            "compiled {} ({})",
            packages.join(", "),
            seconds(started.elapsed())
        ));
        Ok(())
    }

    /// What the compiler made of a package.
    pub(crate) fn read(&self, package: &str) -> Result<Vec<u8>> {
        let file = format!("{}.wasm", package.replace('-', "_"));
        let path = self.target.join(TARGET).join(PROFILE).join(file);
        std::fs::read(&path).with_context(|| {
            format!(
                "no `{}`: is `crate-type` of `{package}` `[\"cdylib\", \"rlib\"]`?",
                self.workspace.display(&path)
            )
        })
    }
}

/// The module with its metadata in it.
pub(crate) fn annotate(module: &Module, wasm: &[u8]) -> Result<Vec<u8>> {
    let metadata = module.metadata(module.usage()?);
    kubewarden::write(wasm, &metadata).with_context(|| format!("cannot annotate `{}`", module.name))
}

fn store(workspace: &Workspace, folder: &str, name: &str, wasm: &[u8]) -> Result<PathBuf> {
    for place in [&workspace.root, &Workspace::cargo_home()?] {
        ensure!(
            !holds(wasm, place.as_os_str().as_encoded_bytes()),
            "`{name}` holds the path `{}`, so another machine would build other bytes",
            place.display()
        );
    }
    let path = workspace.path("target").join(folder).join(name);
    let path = path.with_extension("wasm");
    write_if_changed(&path, wasm)?;
    Ok(path)
}

/// The SHA-256 of `bytes`, in hexadecimal digits.
pub(crate) fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn holds(bytes: &[u8], needle: &[u8]) -> bool {
    !needle.is_empty() && bytes.windows(needle.len()).any(|window| window == needle)
}

/// `1 module`, `2 modules`.
pub(crate) fn count(number: usize, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_path_among_bytes() {
        assert!(holds(b"\0/home/me/src\0", b"/home/me"));
        assert!(!holds(b"\0/home/you/src\0", b"/home/me"));
        assert!(!holds(b"", b""));
    }

    #[test]
    fn the_digest_of_nothing_is_the_well_known_one() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(digest(b""), empty);
    }

    #[test]
    fn counts_in_words() {
        assert_eq!(count(1, "module"), "1 module");
        assert_eq!(count(0, "module"), "0 modules");
    }
}
