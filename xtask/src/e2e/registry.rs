//! Builds what the registry suite needs: oras and cosign, and the policies with SBOM and provenance.

use std::process::Command;

use anyhow::Result;

use super::programs;
use crate::build;
use crate::workspace::{Workspace, on_path, run};

/// Builds everything, or returns as `Ok(Err(reason))` why the suite must be skipped.
pub(super) fn prepare(workspace: &Workspace) -> Result<Result<(), String>> {
    // Their Debian packages have the same names.
    let packaged = ["docker-registry", "jq"];
    if let Some(missing) = packaged.iter().find(|name| on_path(name).is_none()) {
        return Ok(Err(format!(
            "`{missing}` is not on PATH; install the package `{missing}`"
        )));
    }
    let Some(go) = programs::go() else {
        return Ok(Err(programs::NO_GO.to_owned()));
    };
    programs::build_all(workspace, go, programs::DISTRIBUTION)?;
    build::build(workspace, &[])?;
    run(&mut Command::new(
        workspace.path("xtask/release/describe.sh"),
    ))?;
    build::compile_programs(workspace, &["agnostics"])?;
    Ok(Ok(()))
}
