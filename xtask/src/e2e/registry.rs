//! What the registry suite needs: a registry, and the modules with their papers.

use anyhow::Result;

use crate::progress::say;
use crate::system::{Machine, on_path};
use crate::toolchain::Way;
use crate::workspace::Workspace;
use crate::{apt, build, publish};

/// Debian's package, and its program.
const REGISTRY: &str = "docker-registry";

/// Builds and installs it all; the reason where there is no registry to be had.
pub(super) fn prepare(workspace: &Workspace, way: Option<Way>) -> Result<Result<(), String>> {
    if on_path(REGISTRY).is_none()
        && let Err(reason) = apt::install(&Machine, &|line| say(line), &[REGISTRY])
    {
        return Ok(Err(format!("`{REGISTRY}` is not on PATH, and {reason}")));
    }
    publish::describe(workspace, way, &[])?;
    for program in ["agnostics", "publish"] {
        build::compile_program(workspace, program)?;
    }
    Ok(Ok(()))
}
