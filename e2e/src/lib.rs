//! One corpus of cases through every host that a module runs in.
//!
//! A policy's `cases/` holds a file for each topic; see [`topic`]. A host runs a [`Case`] and returns an
//! [`Outcome`] in one form, so that one expectation applies to all hosts.

mod case;
mod cluster;
mod expectation;
pub mod hosts;
mod outcome;
pub mod report;
pub mod topic;
pub mod workspace;

pub use case::{Case, Expected, Operation, Request};
pub use expectation::Expectation;
pub use outcome::Outcome;
pub use simulate::builtin::payload;

/// What goes wrong here goes to the person who runs the tests, as one sentence with its causes.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
