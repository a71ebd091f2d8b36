//! Where things are in the workspace.

use std::path::{Path, PathBuf};

/// The directory of the workspace.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// A module's directory, whether it validates or mutates.
pub fn module_dir(module: &str) -> PathBuf {
    let mutator = root().join("mutators").join(module);
    match mutator.is_dir() {
        true => mutator,
        false => root().join("policies").join(module),
    }
}

/// The built module's bytes.
///
/// # Errors
/// When it has not been built, with the command that builds it.
pub fn built_module(module: &str) -> Result<(PathBuf, Vec<u8>), crate::Error> {
    let path = root().join(format!("target/modules/{module}.wasm"));
    let bytes = std::fs::read(&path).map_err(|cause| {
        format!(
            "cannot read {}: {cause}; build it with `cargo xtask build`",
            path.display()
        )
    })?;
    Ok((path, bytes))
}

/// A program of the workspace, in the release profile.
///
/// # Errors
/// When it has not been built, with the command that builds it.
pub fn program(name: &str) -> Result<PathBuf, crate::Error> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| root().join("target"));
    let path = target.join("release").join(name);
    if path.is_file() {
        return Ok(path);
    }
    let command = format!("cargo build --release --workspace --bin {name}");
    Err(format!("no {}; build it with `{command}`", path.display()).into())
}
