//! What the registry suite needs: a registry, and the modules with their papers.

use std::time::Duration;

use anyhow::Result;

use crate::progress::say;
use crate::system::{Answer, Call, Machine, System};
use crate::toolchain::Way;
use crate::workspace::Workspace;
use crate::{build, publish};

/// Debian's package, and its program.
const REGISTRY: &str = "docker-registry";

/// Builds and installs it all; the reason where there is no registry to be had.
pub(super) fn prepare(workspace: &Workspace, way: Option<Way>) -> Result<Result<(), String>> {
    if let Err(reason) = install(REGISTRY) {
        return Ok(Err(reason));
    }
    publish::describe(workspace, way, &[])?;
    for program in ["agnostics", "publish"] {
        build::compile_program(workspace, program)?;
    }
    Ok(Ok(()))
}

/// Has apt-get install a program that is not on PATH, or says why not.
fn install(program: &str) -> Result<(), String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&path).any(|place| place.join(program).is_file()) {
        return Ok(());
    }
    let limit = Duration::from_secs(300);
    for args in [
        ["update", "--quiet", "--quiet"].as_slice(),
        &["install", "--yes", "--no-install-recommends", program],
    ] {
        say(format_args!("apt-get {} …", args.join(" ")));
        match Machine.run(&Call::new("apt-get", args, limit)) {
            Answer::Done(_) => {}
            Answer::Missing => {
                return Err(format!("{program} is not on PATH and there is no apt-get"));
            }
            Answer::Failed(_) | Answer::TimedOut => {
                return Err(format!(
                    "{program} is not on PATH and `apt-get {}` does not bring it",
                    args.join(" ")
                ));
            }
        }
    }
    Ok(())
}
