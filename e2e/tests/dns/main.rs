//! The suite `dns`: runs kare-dns and its etcd as processes on loopback addresses, with the Corefile, flags and
//! certificates that `bootstrap/` renders. Only addresses and paths are replaced.
//!
//! `cargo xtask e2e dns` builds the programs and runs this suite. Tests that need an API server are in the
//! suite `cluster`.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests are tests"
)]

mod answers;
mod authentication;
#[allow(dead_code, reason = "shared with the suite `cluster`")]
#[path = "../shared/process.rs"]
mod process;
#[allow(dead_code, reason = "shared with the suite `cluster`")]
#[path = "../shared/zone/mod.rs"]
mod zone;
