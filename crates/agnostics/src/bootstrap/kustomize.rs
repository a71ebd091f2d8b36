//! Runs kustomize, alone or as part of kubectl.

use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::error::Error;

/// A command that builds kustomizations.
#[derive(Debug, Clone, Copy)]
pub struct Kustomize {
    program: &'static [&'static str],
}

/// The error when neither kubectl nor kustomize is on PATH.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing;

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("neither `kubectl` nor `kustomize` is on PATH")
    }
}

impl std::error::Error for Missing {}

/// The commands to try. kubectl is first because it is more common.
const PROGRAMS: [&[&str]; 2] = [&["kubectl", "kustomize"], &["kustomize", "build"]];

impl Kustomize {
    /// Finds kubectl or kustomize on PATH.
    ///
    /// # Errors
    /// Returns an error if there is neither.
    pub fn find() -> Result<Self, Missing> {
        let runs = |program: &&[&str]| {
            let status = command(program)
                .arg("--help")
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            status.is_ok_and(|status| status.success())
        };
        let program = PROGRAMS.into_iter().find(runs).ok_or(Missing)?;
        Ok(Self { program })
    }

    /// Builds a kustomization and returns its manifests as YAML.
    ///
    /// # Errors
    /// Returns the error output of the command if it fails.
    pub fn build(&self, directory: &Path) -> Result<String, Error> {
        let shown = directory.display();
        let output = command(self.program)
            .arg(directory)
            .stdin(Stdio::null())
            .output()
            .map_err(|cause| Error::one(format!("cannot build `{shown}`: {cause}")))?;
        if !output.status.success() {
            let cause = String::from_utf8_lossy(&output.stderr);
            let cause = cause.trim();
            return Err(Error::one(format!("cannot build `{shown}`: {cause}")));
        }
        String::from_utf8(output.stdout)
            .map_err(|_| Error::one(format!("cannot build `{shown}`: its output is not UTF-8")))
    }
}

fn command(program: &[&str]) -> Command {
    let (name, arguments) = program.split_first().unwrap_or((&"kustomize", &[]));
    let mut command = Command::new(name);
    command.args(arguments);
    command
}
