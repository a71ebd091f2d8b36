//! The command line as its users meet it: the built program.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests are tests"
)]

mod bad_input;
mod claims;
mod context;
mod convert;
mod default_class;
mod exit;
mod forms;
mod json;
mod lists;
mod modules;
mod policies;
mod render;
mod reports;
mod run;
mod selection;
mod terminal;
mod yaml;
