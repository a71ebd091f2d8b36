//! The workspace as cargo sees it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};
use cargo_metadata::{MetadataCommand, Package};

use crate::toolchain::active_cargo;

/// The workspace this program was built from.
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    /// Where cargo builds for this machine; CARGO_TARGET_DIR can move it. What the commands promise
    /// to others stays under `<root>/target`.
    pub(crate) cargo_target: PathBuf,
    /// The members.
    pub(crate) packages: Vec<Package>,
}

impl Workspace {
    /// Asks cargo.
    pub(crate) fn load() -> Result<Self> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let metadata = MetadataCommand::new()
            .cargo_path(active_cargo())
            .manifest_path(here)
            .no_deps()
            .exec()
            .context("cannot ask cargo for the workspace's packages")?;
        Ok(Self {
            root: metadata.workspace_root.into(),
            cargo_target: metadata.target_directory.into(),
            packages: metadata.packages,
        })
    }

    /// A path under the root.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// `path` as the developer types it in the root directory.
    pub(crate) fn display(&self, path: &Path) -> String {
        let relative = path.strip_prefix(&self.root).unwrap_or(path);
        relative.display().to_string()
    }

    /// The active cargo, to be run in the root.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = Command::new(active_cargo());
        cargo.current_dir(&self.root);
        // What cargo tells this program of its own package. Build scripts that watch these (ring's) would
        // run again at each change between `cargo xtask` and a plain `cargo`.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                cargo.env_remove(&name);
            }
        }
        cargo
    }

    /// The oldest Rust that builds the workspace.
    pub(crate) fn rust_version(&self) -> Result<(u64, u64)> {
        let versions = self
            .packages
            .iter()
            .filter_map(|package| package.rust_version.as_ref());
        let newest = versions
            .max()
            .ok_or_else(|| anyhow!("no package names its `rust-version`"))?;
        Ok((newest.major, newest.minor))
    }

    /// Where cargo keeps the sources of dependencies.
    pub(crate) fn cargo_home() -> Result<PathBuf> {
        let told = std::env::var_os("CARGO_HOME").map(PathBuf::from);
        told.or_else(|| Some(std::env::home_dir()?.join(".cargo")))
            .ok_or_else(|| anyhow!("neither CARGO_HOME nor a home directory is known"))
    }
}

/// Runs a command to its end with this program's output as its own.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command
        .status()
        .with_context(|| format!("cannot run `{program}`"))?;
    if !status.success() {
        let args: Vec<_> = command
            .get_args()
            .map(|arg| arg.to_string_lossy())
            .collect();
        bail!("`{program} {}` failed: {status}", args.join(" "));
    }
    Ok(())
}
