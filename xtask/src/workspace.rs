//! The workspace as cargo sees it, and its files.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use cargo_metadata::{MetadataCommand, Package};

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

    /// Cargo, to run or test `e2e/wasmtime`, which is a workspace of its own.
    pub(crate) fn wasmtime(&self, command: &str) -> Command {
        let mut cargo = self.cargo();
        cargo
            .args([command, "--release", "--locked", "--target-dir"])
            .arg(self.path("target/wasmtime"))
            .args(["--manifest-path", "e2e/wasmtime/Cargo.toml"]);
        cargo
    }
}

/// The cargo that runs this program, or the one on PATH.
pub(crate) fn active_cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Runs a command to its end with this program's output as its own.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command
        .status()
        .with_context(|| format!("cannot run `{program}`"))?;
    let args = command.get_args().map(|arg| arg.to_string_lossy());
    let args: Vec<_> = args.collect();
    ensure!(
        status.success(),
        "`{program} {}` failed: {status}",
        args.join(" ")
    );
    Ok(())
}

/// A program on PATH.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut places = std::env::split_paths(&path).map(|place| place.join(program));
    places.find(|place| place.is_file())
}

/// Reads a text file.
pub(crate) fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))
}

/// Writes `bytes` unless the file holds them already, so that whoever watches it for changes sees
/// only real ones. Makes the directories above it. True if it wrote.
pub(crate) fn write_if_changed(path: &Path, bytes: &[u8]) -> Result<bool> {
    if std::fs::read(path).is_ok_and(|present| present == bytes) {
        return Ok(false);
    }
    path.parent()
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| std::fs::write(path, bytes))
        .with_context(|| format!("cannot write `{}`", path.display()))?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_only_what_differs() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new/file");
        assert!(write_if_changed(&path, b"one").unwrap());
        assert!(!write_if_changed(&path, b"one").unwrap());
        assert!(write_if_changed(&path, b"two").unwrap());
        assert_eq!(read(&path).unwrap(), "two");
    }

    #[test]
    fn errors_name_the_file() {
        let said = read(Path::new("/absent/file")).unwrap_err().to_string();
        assert_eq!(said, "cannot read `/absent/file`");
    }
}
