//! Runs the cases of every policy on every host that can run policies.
//!
//! The directory `cases/` of a policy has one file per topic; see [`topic`]. A host runs a [`Case`] and returns
//! an [`Outcome`]. All hosts return the same type, so one expectation applies to all of them.

mod case;
mod cluster;
mod expectation;
pub mod hosts;
mod markdown;
mod outcome;
pub mod report;
pub mod topic;
pub mod workspace;

pub use case::{Case, Expected, Operation, Request};
pub use expectation::Expectation;
pub use markdown::{code_blocks, code_spans, table_rows};
pub use outcome::Outcome;
pub use simulate::builtin::payload;

/// An error message for the developer who runs the tests.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
