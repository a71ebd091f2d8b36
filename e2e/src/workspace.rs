//! Paths in the workspace.

use std::path::{Path, PathBuf};

/// Returns the root directory of the workspace.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// Returns the directory of a policy, in `mutators/` or `policies/`.
pub fn module_dir(module: &str) -> PathBuf {
    let mutator = root().join("mutators").join(module);
    match mutator.is_dir() {
        true => mutator,
        false => root().join("policies").join(module),
    }
}

/// Returns the path and the bytes of a built module: a policy, or a guest of the tests.
///
/// # Errors
/// Returns an error with the build command if the module is not built.
pub fn built_module(module: &str) -> Result<(PathBuf, Vec<u8>), crate::Error> {
    let built = |directory: &str| root().join(format!("target/{directory}/{module}.wasm"));
    let guest = Some(built("guests")).filter(|guest| guest.is_file());
    let path = guest.unwrap_or_else(|| built("modules"));
    let bytes = std::fs::read(&path).map_err(|cause| {
        format!(
            "cannot read {}: {cause}; build it with `cargo xtask build`",
            path.display()
        )
    })?;
    Ok((path, bytes))
}

/// Returns the path of a program of the workspace, built in the release profile.
///
/// # Errors
/// Returns an error with the build command if the program is not built.
pub fn program(name: &str) -> Result<PathBuf, crate::Error> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| root().join("target"));
    let path = target.join("release").join(name);
    if path.is_file() {
        return Ok(path);
    }
    let command = format!("cargo build --release --workspace --bin {name}");
    Err(format!("{} is missing; build it with `{command}`", path.display()).into())
}
