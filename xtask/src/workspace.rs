//! The cargo workspace and its files.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use cargo_metadata::{MetadataCommand, Package};

/// The workspace this program was built from.
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    /// The target directory for this machine, which CARGO_TARGET_DIR can move. Documented outputs such as
    /// the modules are always in `<root>/target`.
    pub(crate) cargo_target: PathBuf,
    /// The workspace members.
    pub(crate) packages: Vec<Package>,
}

impl Workspace {
    /// Loads the workspace from `cargo metadata`.
    pub(crate) fn load() -> Result<Self> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let metadata = MetadataCommand::new()
            .manifest_path(here)
            .no_deps()
            .exec()
            .context("`cargo metadata` failed")?;
        Ok(Self {
            root: metadata.workspace_root.into(),
            cargo_target: metadata.target_directory.into(),
            packages: metadata.packages,
        })
    }

    /// Returns a path relative to the root as a full path.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Formats `path` relative to the root.
    pub(crate) fn display(&self, path: &Path) -> String {
        let relative = path.strip_prefix(&self.root).unwrap_or(path);
        relative.display().to_string()
    }

    /// Returns a command that runs the active cargo in the root.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = Command::new(active_cargo());
        cargo.current_dir(&self.root);
        // Removes the variables that cargo sets for xtask's own package. Otherwise, build scripts that watch
        // them, such as ring's, rerun after each switch between `cargo xtask` and plain `cargo`.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                cargo.env_remove(&name);
            }
        }
        cargo
    }

    /// Returns the cargo command that runs or tests `e2e/wasmtime`, which is a separate workspace.
    pub(crate) fn wasmtime(&self, command: &str) -> Command {
        let mut cargo = self.cargo();
        cargo
            .args([command, "--release", "--locked", "--target-dir"])
            .arg(self.path("target/wasmtime"))
            .args(["--manifest-path", "e2e/wasmtime/Cargo.toml"]);
        cargo
    }
}

/// Returns the cargo that runs this program, or the one on PATH.
pub(crate) fn active_cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Runs a command, which inherits this program's output, and waits for it.
///
/// # Errors
/// Returns an error if it cannot start or exits with another code than 0.
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

/// Returns the path of a program on PATH.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut places = std::env::split_paths(&path).map(|place| place.join(program));
    places.find(|place| place.is_file())
}

/// Reads a text file.
pub(crate) fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))
}

/// Writes `bytes` unless the file already has this content, so that its modification time changes only with
/// its content. Creates parent directories. Returns whether it wrote the file.
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
    fn unchanged_files_are_not_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("new/file");
        assert!(write_if_changed(&path, b"one").unwrap());
        assert!(!write_if_changed(&path, b"one").unwrap());
        assert!(write_if_changed(&path, b"two").unwrap());
        assert_eq!(read(&path).unwrap(), "two");
    }

    #[test]
    fn errors_name_the_file() {
        let message = read(Path::new("/absent/file")).unwrap_err().to_string();
        assert_eq!(message, "cannot read `/absent/file`");
    }
}
