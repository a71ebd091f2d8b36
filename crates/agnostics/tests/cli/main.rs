//! Tests of the built executable.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test helpers"
)]

mod bad_input;
mod claims;
mod context;
mod convert;
mod default_storage_class;
mod exit_codes;
mod explain;
mod files;
mod formats;
mod harness;
mod json;
mod modules;
mod objects;
mod policies;
mod render;
mod terminal;
mod text_reports;
mod yaml;
