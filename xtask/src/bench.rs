//! `cargo xtask bench`: the time of one request and the size of each module.

use anyhow::{Result, ensure};

use crate::toolchain::Way;
use crate::workspace::{Workspace, run};
use crate::{build, sizes};

/// Builds the modules and the guests they are measured against, measures with the program `bench`
/// of the package `e2e`, which gets `args`, and checks the sizes.
pub(crate) fn bench(workspace: &Workspace, way: Option<Way>, args: &[String]) -> Result<()> {
    let has_program = workspace.packages.iter().any(|package| {
        package.name == "e2e"
            && package
                .targets
                .iter()
                .any(|t| t.is_bin() && t.name == "bench")
    });
    ensure!(has_program, "the package `e2e` has no program `bench`");
    build::build(workspace, way, &[])?;
    build::compile_program(workspace, "bench")?;
    run(build::compiled_program(workspace, "bench").args(args))?;
    sizes::check(workspace)
}
