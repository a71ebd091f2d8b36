//! `cargo xtask build`: builds the modules with their metadata, ready for the policy server, and the guests
//! of the tests and benchmarks.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};

use crate::modules::{self, Module};
use crate::progress::Step;
use crate::toolchain::{WASI, cargo_build, cargo_home};
use crate::workspace::{Workspace, run, write_if_changed};

/// The Cargo profile of the modules, from the workspace's Cargo.toml.
const PROFILE: &str = "module";

/// The target directory of modules and guests.
const TARGET: &str = "target/guest";

/// The maximum size of a module in bytes, with metadata. Every node that runs a policy server keeps each module
/// in memory, and every request initialises the module's memory.
const SIZE_LIMIT: u64 = 200_000;

/// Modules with a higher limit, each with the reason.
const SIZE_LIMITS: &[(&str, u64)] = &[
    // The table of ingress-nginx annotations, and the conversion to routes.
    ("httproute-over-ingress", 250_000),
    // A linear-time regular expression engine, and host calls.
    ("secret-store-references", 300_000),
];

/// Builds the modules called `names`. Without names, builds all modules and the test guests.
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
            write_module(workspace, "guests", name, &read_compiled(&target, package)?)?;
        }
    }
    Ok(())
}

/// Builds the modules called `names`, or all modules without names.
pub(crate) fn modules(workspace: &Workspace, names: &[String]) -> Result<()> {
    let modules = modules::named(workspace, names)?;
    let target = workspace.path(TARGET);
    // Modules are compiled without the guests: in one build, cargo would unify the features of shared
    // dependencies.
    let all: Vec<&str> = modules.iter().map(|module| module.name.as_str()).collect();
    compile(workspace, &target, &all)?;
    for module in &modules {
        let wasm = annotated(module, &target)?;
        let path = write_module(workspace, "modules", &module.name, &wasm)?;
        let (path, size) = (workspace.display(&path), kilobytes(wasm.len() as u64));
        println!("{path} {size}, sha256:{}", digest(&wasm));
    }
    Ok(())
}

/// Compiles programs of the workspace in the release profile.
///
/// Passes `--workspace` rather than single packages, so that dependencies get the same features as in the tests
/// and cargo compiles them once.
pub(crate) fn compile_programs(workspace: &Workspace, names: &[&str]) -> Result<()> {
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--release", "--workspace"]);
    for name in names {
        cargo.args(["--bin", name]);
    }
    run(&mut cargo)
}

/// Returns a command that runs a program of [`compile_programs`] in the root directory.
pub(crate) fn compiled_program(workspace: &Workspace, name: &str) -> Command {
    let mut program = Command::new(workspace.cargo_target.join("release").join(name));
    program.current_dir(&workspace.root);
    program
}

/// Compiles packages for Kubewarden in the target directory `target`.
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

/// Reads the `.wasm` file that the compiler built from a package.
fn read_compiled(target: &Path, package: &str) -> Result<Vec<u8>> {
    let file = format!("{}.wasm", package.replace('-', "_"));
    let path = target.join(WASI).join(PROFILE).join(file);
    std::fs::read(&path).with_context(|| {
        format!(
            "cannot read `{}`: set `crate-type = [\"cdylib\", \"rlib\"]` in the Cargo.toml of `{package}`",
            path.display()
        )
    })
}

/// Returns a compiled module with its metadata embedded.
pub(crate) fn annotated(module: &Module, target: &Path) -> Result<Vec<u8>> {
    let wasm = read_compiled(target, &module.name)?;
    let metadata = module.metadata(Some(module.usage()?));
    kubewarden::write(&wasm, &metadata)
        .with_context(|| format!("cannot annotate `{}`", module.name))
}

fn write_module(workspace: &Workspace, folder: &str, name: &str, wasm: &[u8]) -> Result<PathBuf> {
    for place in [&workspace.root, &cargo_home()?] {
        let needle = place.as_os_str().as_encoded_bytes();
        ensure!(
            !wasm.windows(needle.len().max(1)).any(|at| at == needle),
            "`{name}` contains the local path `{}`, so the build is not reproducible",
            place.display()
        );
    }
    let path = workspace.path("target").join(folder).join(name);
    let path = path.with_extension("wasm");
    write_if_changed(&path, wasm)?;
    Ok(path)
}

/// Prints the size of each built module.
///
/// # Errors
/// Returns an error if a module is over its limit or not built.
pub(crate) fn check_sizes(workspace: &Workspace) -> Result<()> {
    let mut too_large = Vec::new();
    for module in modules::all(workspace)? {
        let path = workspace.path("target/modules").join(&module.name);
        let path = path.with_extension("wasm");
        let name = workspace.display(&path);
        let file = std::fs::metadata(&path)
            .with_context(|| format!("cannot read `{name}`; run `cargo xtask build`"))?;
        let exception = SIZE_LIMITS.iter().find(|(name, _)| *name == module.name);
        let limit = exception.map_or(SIZE_LIMIT, |(_, limit)| *limit);
        println!(
            "{name}: {} (limit {})",
            kilobytes(file.len()),
            kilobytes(limit)
        );
        if file.len() > limit {
            too_large.push(format!("`{}`", module.name));
        }
    }
    if !too_large.is_empty() {
        bail!("modules over their size limits: {}", too_large.join(", "));
    }
    Ok(())
}

/// Formats a size as `196.4 KB`, where 1 KB is 1000 bytes.
pub(crate) fn kilobytes(bytes: u64) -> String {
    format!("{}.{} KB", bytes / 1000, bytes % 1000 / 100)
}

/// Returns the SHA-256 digest of `bytes` in hexadecimal.
pub(crate) fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_with_a_local_path_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        let workspace = Workspace {
            root: root.path().into(),
            cargo_target: root.path().join("target"),
            packages: Vec::new(),
        };
        let path = format!("\0{}/src/lib.rs\0", root.path().display());
        let message = write_module(&workspace, "modules", "a", path.as_bytes()).unwrap_err();
        assert!(
            message
                .to_string()
                .starts_with("`a` contains the local path `"),
            "{message}"
        );
        let path = write_module(&workspace, "modules", "a", b"/agnostics/src/lib.rs").unwrap();
        assert_eq!(path, root.path().join("target/modules/a.wasm"));
    }

    #[test]
    fn digest_is_sha_256() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(digest(b""), empty);
    }

    #[test]
    fn sizes_round_down() {
        assert_eq!(kilobytes(196_455), "196.4 KB");
        assert_eq!(kilobytes(99), "0.0 KB");
    }
}
