//! `cargo xtask deny`: licences, advisories and sources of the dependencies, by `deny.toml`.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, anyhow};

use crate::system::on_path;
use crate::workspace::{Workspace, run};

/// cargo-deny, if it is on PATH.
pub(crate) fn program() -> Option<PathBuf> {
    on_path("cargo-deny")
}

/// Checks the dependencies with cargo-deny at `program`.
pub(crate) fn check(workspace: &Workspace, program: &PathBuf) -> Result<()> {
    let mut deny = Command::new(program);
    run(deny
        .current_dir(&workspace.root)
        .args(["--workspace", "check"]))
}

/// Checks the dependencies.
///
/// # Errors
/// If one breaks a rule, or cargo-deny is missing.
pub(crate) fn deny(workspace: &Workspace) -> Result<()> {
    let program = program().ok_or_else(|| {
        anyhow!("`cargo-deny` is not on PATH: `cargo install --locked cargo-deny` brings it")
    })?;
    check(workspace, &program)
}
