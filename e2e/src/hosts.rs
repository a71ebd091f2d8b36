//! The hosts that run policies.

mod embedded;
mod kwctl;
mod native;
mod policy_server;
mod review;

pub use embedded::Embedded;
pub use kwctl::Kwctl;
pub use native::Native;
pub use policy_server::{ExtraPolicy, ModuleSource, PolicyServer, free_port};

use std::path::PathBuf;

use crate::{Case, Error, Outcome};

/// A host that runs policies.
pub trait Host {
    /// Returns the name of the host for reports.
    fn name(&self) -> &'static str;

    /// Returns why the host cannot run a case, or `None` if it can.
    fn skip_reason(&self, case: &Case) -> Option<&'static str> {
        let _ = case;
        None
    }

    /// Runs a case of a policy.
    ///
    /// # Errors
    /// Returns an error if there is no response.
    fn run(&self, module: &str, case: &Case) -> Result<Outcome, Error>;
}

/// Returns the path of a program on PATH.
///
/// # Errors
/// Returns the reason for skipping its host if the program is not on PATH.
pub fn on_path(program: &str) -> Result<PathBuf, String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut candidates = std::env::split_paths(&path).map(|dir| dir.join(program));
    let found = candidates.find(|candidate| candidate.is_file());
    found.ok_or_else(|| format!("{program} is not on PATH"))
}
