//! The playground: `agnostics check` and `agnostics convert` for a web page.
//!
//! Takes text and returns reports as JSON. As on the command line, `crates/simulate` does the work. [`check`]
//! and [`evaluate`] are plain functions for native tests; the page calls them through wasm-bindgen.

mod call;
mod check;
mod report;
mod routes;

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
mod page;

pub use call::{Call, evaluate};
pub use check::{Input, check};
pub use report::{Level, Note, ObjectReport, ProblemReport, Report, Source};
pub use routes::{RouteFinding, Routes};
