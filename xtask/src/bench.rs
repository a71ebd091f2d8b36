//! `cargo xtask bench`: the time of one request and the size of each module.

use anyhow::Result;

use crate::build;
use crate::workspace::{Workspace, run};

/// Builds the modules and the guests they are measured against, measures with the program `bench`
/// of the package `e2e`, which gets `args`, and checks the sizes.
pub(crate) fn bench(workspace: &Workspace, args: &[String]) -> Result<()> {
    build::build(workspace, &[])?;
    build::compile_program(workspace, "bench")?;
    run(build::compiled_program(workspace, "bench").args(args))?;
    build::check_sizes(workspace)
}
