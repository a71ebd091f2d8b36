//! What the registry suite needs: a registry, oras and cosign, and the policies with SBOM and provenance.

use std::process::Command;

use anyhow::Result;

use super::programs;
use crate::progress::say;
use crate::system::{Machine, on_path};
use crate::toolchain::Way;
use crate::workspace::{Workspace, run};
use crate::{apt, build};

/// Programs of Debian's packages of the same name.
const PACKAGED: [&str; 2] = ["docker-registry", "jq"];

/// Builds and installs it all; the reason where something is not to be had.
pub(super) fn prepare(workspace: &Workspace, way: Option<Way>) -> Result<Result<(), String>> {
    let missing = PACKAGED.iter().filter(|name| on_path(name).is_none());
    let missing: Vec<&str> = missing.copied().collect();
    if !missing.is_empty()
        && let Err(reason) = apt::install(&Machine, &|line| say(line), &missing)
    {
        return Ok(Err(format!(
            "`{}` not on PATH, and {reason}",
            missing.join("` and `")
        )));
    }
    let Some(go) = programs::go() else {
        return Ok(Err(programs::NO_GO.to_owned()));
    };
    programs::build_all(workspace, go, &programs::DISTRIBUTION)?;
    build::build(workspace, way, &[])?;
    run(&mut Command::new(
        workspace.path("xtask/release/describe.sh"),
    ))?;
    build::compile_program(workspace, "agnostics")?;
    Ok(Ok(()))
}
