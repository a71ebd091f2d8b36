//! The suite `registry`: publishes, mirrors and pulls policies with real registries. They are Debian's
//! docker-registry on loopback, with the versions of oras and cosign that the release workflow uses.
//!
//! `cargo xtask e2e registry` builds the programs and runs this suite.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests are tests"
)]

mod clients;
mod faults;
mod fixture;
#[allow(dead_code, reason = "shared with other suites")]
#[path = "../shared/process.rs"]
mod process;
mod publishing;
mod readme;
mod server;
