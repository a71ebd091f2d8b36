//! How a module was built, as [SLSA's provenance](https://slsa.dev/spec/v1.0/provenance) tells it. No
//! time and no number of a run is in it: the same sources give the same bytes, and publishing them again
//! changes nothing.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::build;
use crate::files;
use crate::modules::Module;
use crate::progress::say;
use crate::toolchain::Toolchain;
use crate::workspace::Workspace;

/// The compiler's own name and version: `rustc 1.95.0 (59807616e 2026-04-14)`.
pub(super) fn compiler(toolchain: &Toolchain) -> Result<String> {
    printed(Command::new(toolchain.rustc()).arg("--version"))
}

/// What all modules are built from.
pub(super) struct Sources {
    repository: String,
    commit: String,
    /// Whether the work tree is as the commit has it.
    clean: bool,
    lock: String,
}

impl Sources {
    /// Asks git.
    ///
    /// # Errors
    /// There is no git, or no commit.
    pub(super) fn of(workspace: &Workspace) -> Result<Self> {
        let git =
            |args: &[&str]| printed(Command::new("git").args(args).current_dir(&workspace.root));
        let status = git(&["status", "--porcelain"])?;
        if !status.is_empty() {
            say("provenance: the work tree has changes that no commit has, and says so");
        }
        let repository = workspace
            .packages
            .iter()
            .find_map(|package| package.repository.clone());
        Ok(Self {
            repository: repository.context("no package names its `repository`")?,
            commit: git(&["rev-parse", "HEAD"])?,
            clean: status.is_empty(),
            lock: build::digest(files::read(&workspace.path("Cargo.lock"))?.as_bytes()),
        })
    }

    /// The predicate for one module.
    pub(super) fn predicate(&self, module: &Module, compiler: &str) -> Value {
        let Self {
            repository, commit, ..
        } = self;
        let variable = |name: &str| std::env::var(name).ok();
        let builder = match variable("GITHUB_WORKFLOW_REF") {
            Some(workflow) => format!("https://github.com/{workflow}"),
            None => format!("{repository}/blob/{commit}/xtask"),
        };
        json!({
            "buildDefinition": {
                "buildType": format!("{repository}/blob/{commit}/xtask/src/build.rs"),
                "externalParameters": {"command": "cargo xtask build", "module": module.name},
                "internalParameters": {
                    "compiler": compiler,
                    "target": crate::toolchain::TARGET,
                    "changedSinceCommit": !self.clean,
                },
                "resolvedDependencies": [
                    {"uri": format!("git+{repository}"), "digest": {"gitCommit": commit}},
                    {"uri": format!("{repository}/blob/{commit}/Cargo.lock"), "digest": {"sha256": self.lock}},
                ],
            },
            "runDetails": {"builder": {"id": builder}},
        })
    }
}

/// What a program prints, without the line break at the end.
pub(super) fn printed(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .with_context(|| format!("cannot run `{name}`"))?;
    ensure!(
        output.status.success(),
        "`{name}` failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(String::from_utf8(output.stdout)?.trim_end().to_owned())
}
