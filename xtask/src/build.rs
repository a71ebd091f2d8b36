//! `cargo xtask build`: the modules, annotated and ready for the policy server, and the guests that
//! tests and benchmarks run beside them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};

use crate::modules::{self, Module};
use crate::progress::Step;
use crate::toolchain::{WASI, cargo_build, cargo_home};
use crate::workspace::{Workspace, run, write_if_changed};

/// The profile of the modules, in the workspace's Cargo.toml.
const PROFILE: &str = "module";

/// Where modules and guests are compiled.
const TARGET: &str = "target/guest";

/// The limit on a module's size in bytes, with annotations: every node keeps it, and every request pays for
/// its memory.
const SIZE_LIMIT: u64 = 200_000;

/// Modules with a limit of their own, each with its reason.
const SIZE_LIMITS: &[(&str, u64)] = &[
    // All that is known of ingress-nginx, and the writing of routes.
    ("httproute-over-ingress", 250_000),
    // A regular expression engine that takes linear time, and host calls.
    ("secret-store-references", 300_000),
];

/// Builds the modules called `names`; all modules, and the guests of the tests, if there are no names.
pub(crate) fn build(workspace: &Workspace, names: &[String]) -> Result<()> {
    modules(workspace, names)?;
    if names.is_empty() {
        let packages = workspace
            .packages
            .iter()
            .map(|package| package.name.as_str());
        let guests = packages.filter_map(|name| Some((name, name.strip_prefix("guest-")?)));
        let (packages, names): (Vec<_>, Vec<_>) = guests.unzip();
        let target = workspace.path(TARGET);
        compile(workspace, &target, &packages)?;
        for (package, name) in packages.iter().zip(names) {
            store(workspace, "guests", name, &compiled(&target, package)?)?;
        }
    }
    Ok(())
}

/// Builds the modules called `names`, or all of them if there are no names.
pub(crate) fn modules(workspace: &Workspace, names: &[String]) -> Result<()> {
    let modules = modules::named(workspace, names)?;
    let target = workspace.path(TARGET);
    // What ships is compiled on its own: together with the guests, cargo would give shared
    // dependencies the features of both.
    let all: Vec<&str> = modules.iter().map(|module| module.name.as_str()).collect();
    compile(workspace, &target, &all)?;
    for module in &modules {
        let wasm = annotated(module, &target)?;
        let path = store(workspace, "modules", &module.name, &wasm)?;
        let (path, size) = (workspace.display(&path), kilobytes(wasm.len() as u64));
        println!("{path} {size}, sha256:{}", digest(&wasm));
    }
    Ok(())
}

/// Compiles programs of the workspace in the release profile.
///
/// `--workspace` rather than their packages: it gives the dependencies the features that the tests give
/// them, or cargo would compile them once for each.
pub(crate) fn compile_programs(workspace: &Workspace, names: &[&str]) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--release", "--workspace"]);
    for name in names {
        cargo.args(["--bin", name]);
    }
    run(&mut cargo)
}

/// Runs, in the root, a program that [`compile_programs`] compiled.
pub(crate) fn compiled_program(workspace: &Workspace, name: &str) -> Command {
    let mut program = Command::new(workspace.cargo_target.join("release").join(name));
    program.current_dir(&workspace.root);
    program
}

/// Compiles packages for Kubewarden, in the directory `target`.
pub(crate) fn compile(workspace: &Workspace, target: &Path, packages: &[&str]) -> Result<()> {
    let step = Step::start(format!("compiling {}", packages.join(", ")));
    let mut cargo = cargo_build(workspace, WASI)?;
    cargo
        .args(["--profile", PROFILE, "--target-dir"])
        .arg(target);
    for package in packages {
        cargo.args(["--package", package]);
    }
    run(&mut cargo)?;
    step.end("done");
    Ok(())
}

/// What the compiler made of a package.
fn compiled(target: &Path, package: &str) -> Result<Vec<u8>> {
    let file = format!("{}.wasm", package.replace('-', "_"));
    let path = target.join(WASI).join(PROFILE).join(file);
    std::fs::read(&path).with_context(|| {
        format!(
            "no `{}`: is `crate-type` of `{package}` `[\"cdylib\", \"rlib\"]`?",
            path.display()
        )
    })
}

/// A compiled module with its metadata in it.
pub(crate) fn annotated(module: &Module, target: &Path) -> Result<Vec<u8>> {
    let wasm = compiled(target, &module.name)?;
    let metadata = module.metadata(Some(module.usage()?));
    kubewarden::write(&wasm, &metadata)
        .with_context(|| format!("cannot annotate `{}`", module.name))
}

fn store(workspace: &Workspace, folder: &str, name: &str, wasm: &[u8]) -> Result<PathBuf> {
    for place in [&workspace.root, &cargo_home()?] {
        let needle = place.as_os_str().as_encoded_bytes();
        ensure!(
            !wasm.windows(needle.len().max(1)).any(|at| at == needle),
            "`{name}` holds the path `{}`, so another machine would build other bytes",
            place.display()
        );
    }
    let path = workspace.path("target").join(folder).join(name);
    let path = path.with_extension("wasm");
    write_if_changed(&path, wasm)?;
    Ok(path)
}

/// Prints how large the built modules are.
///
/// # Errors
/// One is over the limit or not built.
pub(crate) fn check_sizes(workspace: &Workspace) -> Result<()> {
    let mut over = Vec::new();
    for module in modules::all(workspace)? {
        let path = workspace.path("target/modules").join(&module.name);
        let path = path.with_extension("wasm");
        let name = workspace.display(&path);
        let file = std::fs::metadata(&path)
            .with_context(|| format!("no `{name}`: run `cargo xtask build`"))?;
        let own = SIZE_LIMITS.iter().find(|(name, _)| *name == module.name);
        let most = own.map_or(SIZE_LIMIT, |(_, limit)| *limit);
        let (size, limit) = (kilobytes(file.len()), kilobytes(most));
        println!("{name}: {size} of at most {limit}");
        if file.len() > most {
            over.push(format!("`{}` has {size} of {limit}", module.name));
        }
    }
    if !over.is_empty() {
        bail!("modules over their limits: {}", over.join(", "));
    }
    Ok(())
}

/// `196.4 KB`; a KB is 1000 bytes.
pub(crate) fn kilobytes(bytes: u64) -> String {
    format!("{}.{} KB", bytes / 1000, bytes % 1000 / 100)
}

/// The SHA-256 of `bytes`, in hexadecimal digits.
pub(crate) fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_with_a_path_of_this_machine_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        let workspace = Workspace {
            root: root.path().into(),
            cargo_target: root.path().join("target"),
            packages: Vec::new(),
        };
        let path = format!("\0{}/src/lib.rs\0", root.path().display());
        let said = store(&workspace, "modules", "a", path.as_bytes()).unwrap_err();
        assert!(
            said.to_string().starts_with("`a` holds the path `"),
            "{said}"
        );
        let path = store(&workspace, "modules", "a", b"/agnostics/src/lib.rs").unwrap();
        assert_eq!(path, root.path().join("target/modules/a.wasm"));
    }

    #[test]
    fn the_digest_of_nothing_is_the_well_known_one() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(digest(b""), empty);
    }

    #[test]
    fn sizes_round_down() {
        assert_eq!(kilobytes(196_455), "196.4 KB");
        assert_eq!(kilobytes(99), "0.0 KB");
    }
}
