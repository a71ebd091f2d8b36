//! Publishing to, mirroring between and pulling from real registries: Debian's docker-registry on loopback,
//! with the oras and cosign that the release workflow uses.
//!
//! `cargo xtask e2e registry` installs and builds what these tests run.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests are tests"
)]

mod clients;
mod faults;
#[allow(dead_code, reason = "shared with other suites")]
#[path = "../shared/process.rs"]
mod process;
mod publishing;
mod readme;
mod server;
mod trial;
