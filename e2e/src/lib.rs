//! One corpus of cases through every host that a module runs in.
//!
//! A module's `cases/<case>/` holds `case.yaml` and the manifests it speaks of; see [`Case`]. A host
//! runs a case and gives back an [`Outcome`] in one form, so that all are held to the same
//! expectation.

mod case;
mod cluster;
mod expectation;
pub mod hosts;
mod outcome;
pub mod report;
pub mod workspace;

pub use case::{Case, Expected, Request};
pub use expectation::Expectation;
pub use outcome::Outcome;
pub use simulate::builtin::payload;

/// What goes wrong here goes to the person who runs the tests, as one sentence with its causes.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
