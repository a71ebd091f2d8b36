//! The playground: what `agnostics check` and `agnostics convert` say, from text to JSON, for a page.
//!
//! The modules are linked as libraries and called directly; everything between the text and them is
//! `crates/plane`, as on the command line. [`check`] and [`evaluate`] are plain functions, so that tests
//! reach them natively; the page calls them through wasm-bindgen.

mod call;
mod check;
mod modules;
mod report;
mod routes;

#[cfg(all(target_family = "wasm", target_os = "unknown"))]
mod page;

pub use call::{Call, evaluate};
pub use check::{Input, check};
pub use report::{Level, Note, ObjectReport, ProblemReport, Report, Source};
pub use routes::Routes;
