//! Kubewarden's own kwctl, as a developer of policies runs it.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::review::Response;
use crate::hosts::{Host, on_path};
use crate::{Case, Error, Outcome, workspace};

/// What kwctl says before it says what is wrong with settings.
const INVALID_SETTINGS: &str = "Provided settings are not valid: ";

/// kwctl, found on PATH.
#[derive(Debug)]
pub struct Kwctl {
    program: PathBuf,
}

impl Kwctl {
    /// # Errors
    /// The reason for which kwctl is skipped.
    pub fn find() -> Result<Self, String> {
        Ok(Self {
            program: on_path("kwctl")?,
        })
    }
}

impl Host for Kwctl {
    fn name(&self) -> &'static str {
        "kwctl"
    }

    fn run(&self, module: &str, case: &Case) -> Result<Outcome, Error> {
        let (module, _) = workspace::built_module(module)?;
        let dir = tempfile::tempdir()?;
        let request = dir.path().join("request.json");
        fs::write(&request, case.request_or_any().0.to_string())?;
        let run = Command::new(&self.program)
            .arg("run")
            .arg(&module)
            .arg("--request-path")
            .arg(&request)
            .arg("--settings-json")
            .arg(case.settings.to_string())
            .env("XDG_CACHE_HOME", dir.path())
            // Backtraces would follow what it says.
            .env_remove("RUST_BACKTRACE")
            .output()?;
        let stderr = String::from_utf8_lossy(&run.stderr);
        if run.status.success() {
            if case.request().is_none() {
                return Ok(Outcome::Settings(None));
            }
            return serde_json::from_slice::<Response>(&run.stdout)?.outcome(case);
        }
        match stderr.split_once(INVALID_SETTINGS) {
            Some((_, message)) => Ok(Outcome::Settings(Some(message.trim_end().to_owned()))),
            None => Err(format!("kwctl ended with {}:\n{stderr}", run.status).into()),
        }
    }
}
