//! Runs kustomize, which comes with kubectl.

use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::error::Error;

/// A program that builds kustomizations.
#[derive(Debug, Clone, Copy)]
pub struct Kustomize {
    program: &'static [&'static str],
}

/// No such program is on PATH.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing;

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("neither `kubectl` nor `kustomize` is on PATH")
    }
}

impl std::error::Error for Missing {}

/// Kubectl first: it is what most have.
const PROGRAMS: [&[&str]; 2] = [&["kubectl", "kustomize"], &["kustomize", "build"]];

impl Kustomize {
    /// Looks for a program on PATH.
    ///
    /// # Errors
    /// If there is none.
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

    /// What a kustomization makes, as YAML.
    ///
    /// # Errors
    /// What the program says.
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
