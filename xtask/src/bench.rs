//! `cargo xtask bench`: the time per request in wasmtime, and the size of each module.

use anyhow::Result;

use crate::build;
use crate::workspace::{Workspace, run};

/// Builds the modules and the guests they are compared with, runs the program `bench` of `e2e/wasmtime` with
/// `args`, and checks the sizes.
pub(crate) fn bench(workspace: &Workspace, args: &[String]) -> Result<()> {
    build::build(workspace, &[])?;
    let mut cargo = workspace.wasmtime("run");
    run(cargo.args(["--quiet", "--bin", "bench", "--"]).args(args))?;
    build::check_sizes(workspace)
}
