//! The playground: what `agnostics check` and `agnostics convert` say, from text to JSON, for a page.
//!
//! Everything between the text and the report is `crates/simulate`, as on the command line. [`check`] and [`evaluate`] are plain functions, so that tests
//! reach them natively; the page calls them through wasm-bindgen.

mod call;
mod check;
mod report;
mod routes;

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
mod page;

pub use call::{Call, evaluate};
pub use check::{Input, check};
pub use report::{Level, Note, ObjectReport, ProblemReport, Report, Source};
pub use routes::Routes;
