//! The hosts that a module runs in.

mod embedded;
mod native;

pub use embedded::Embedded;
pub use native::Native;

use crate::{Case, Error, Outcome};

/// Something that runs modules.
pub trait Host {
    /// The name that reports use.
    fn name(&self) -> &'static str;

    /// Whether it can run here: an error is the reason why not.
    ///
    /// # Errors
    /// The reason, for `skipped: reason`.
    fn available(&self) -> Result<(), String>;

    /// Runs one case of a module.
    ///
    /// # Errors
    /// When there is no answer at all.
    fn run(&self, module: &str, case: &Case) -> Result<Outcome, Error>;
}
