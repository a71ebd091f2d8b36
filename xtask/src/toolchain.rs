//! The Rust targets of the modules and the playground. `rustup target add` installs them.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::{Workspace, run};

/// The target of the modules, which Kubewarden's policy server runs.
pub(crate) const WASI: &str = "wasm32-wasip1";
/// The target of the playground.
pub(crate) const BROWSER: &str = "wasm32-unknown-unknown";

/// Returns a `cargo build` command for `target`, which it installs with rustup if it is missing.
///
/// # Errors
/// Returns an error if the target is missing and rustup cannot install it.
pub(crate) fn cargo_build(workspace: &Workspace, target: &str) -> Result<Command> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let directory = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", target])
        .output()
        .context("cannot run `rustc`")?;
    if !Path::new(String::from_utf8(directory.stdout)?.trim()).is_dir() {
        println!("rustup target add {target} …");
        // Adds it to the toolchain that runs `cargo xtask`, because rustup's cargo sets RUSTUP_TOOLCHAIN.
        run(Command::new("rustup").args(["target", "add", target])).with_context(|| {
            format!(
                "the Rust target `{target}` is missing; install it with rustup (https://rustup.rs)"
            )
        })?;
    }
    let mut flags = remap_flags(&workspace.root, &cargo_home()?);
    if target == WASI {
        // Shortens the operands that the linker has filled in, each of which takes 5 bytes otherwise: 7 % of a
        // module.
        flags.push("-Clink-arg=--compress-relocations".into());
    }
    let mut cargo = workspace.cargo();
    cargo
        .args(["build", "--target", target])
        // This variable takes precedence over every other source of flags, so a developer's RUSTFLAGS do not
        // change a module.
        .env("CARGO_ENCODED_RUSTFLAGS", flags.join(OsStr::new("\x1f")));
    Ok(cargo)
}

/// Returns cargo's home directory, which contains the sources of dependencies.
pub(crate) fn cargo_home() -> Result<PathBuf> {
    let named = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    named
        .or_else(|| Some(std::env::home_dir()?.join(".cargo")))
        .context("cannot find the home directory; set CARGO_HOME")
}

/// Returns flags that keep local paths out of the modules, so that the same toolchain builds the same bytes on
/// every machine. If several prefixes match, rustc uses the last.
fn remap_flags(root: &Path, cargo_home: &Path) -> Vec<OsString> {
    let registries = std::fs::read_dir(cargo_home.join("registry/src"));
    let registries = registries.into_iter().flatten().flatten();
    let mut registries: Vec<PathBuf> = registries.map(|entry| entry.path()).collect();
    registries.sort();
    let registries = registries.iter().map(|path| (path.as_path(), "/deps"));
    std::iter::once((cargo_home, "/cargo"))
        .chain(registries)
        .chain([(root, "/agnostics")])
        .map(|(from, to)| {
            let mut flag = OsString::from("--remap-path-prefix=");
            flag.push(from);
            flag.push("=");
            flag.push(to);
            flag
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_paths_are_remapped_with_the_most_specific_last() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(home.path().join("registry/src/index-1")).unwrap();
        let flags = remap_flags(Path::new("/src"), home.path());
        let flags = flags.iter().map(|flag| flag.display().to_string());
        let home = home.path().display();
        assert_eq!(
            flags.collect::<Vec<_>>(),
            [
                format!("--remap-path-prefix={home}=/cargo"),
                format!("--remap-path-prefix={home}/registry/src/index-1=/deps"),
                "--remap-path-prefix=/src=/agnostics".to_owned(),
            ]
        );
    }
}
