//! The hosts that a module runs in.

mod embedded;
mod kwctl;
mod native;
mod policy_server;
mod review;

pub use embedded::Embedded;
pub use kwctl::Kwctl;
pub use native::Native;
pub use policy_server::{Further, Origin, PolicyServer, free_port};

use std::path::PathBuf;

use crate::{Case, Error, Outcome};

/// Something that runs modules.
pub trait Host {
    /// The name that reports use.
    fn name(&self) -> &'static str;

    /// Why the host cannot run a case; `None` where it can.
    fn unfit(&self, case: &Case) -> Option<&'static str> {
        let _ = case;
        None
    }

    /// Runs one case of a module.
    ///
    /// # Errors
    /// When there is no answer at all.
    fn run(&self, module: &str, case: &Case) -> Result<Outcome, Error>;
}

/// Finds a program on PATH.
///
/// # Errors
/// The reason for which its host is skipped.
pub fn on_path(program: &str) -> Result<PathBuf, String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut candidates = std::env::split_paths(&path).map(|dir| dir.join(program));
    let found = candidates.find(|candidate| candidate.is_file());
    found.ok_or_else(|| format!("{program} is not on PATH"))
}
