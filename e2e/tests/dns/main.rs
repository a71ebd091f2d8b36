//! Proof that `bootstrap/`'s DNS works: real CoreDNS, etcd and ExternalDNS as plain processes on loopback
//! addresses, with the Corefiles, flags, environment and certificates that the tree renders. Only
//! addresses and paths are put in place of the cluster's.
//!
//! `cargo xtask e2e dns` builds the programs and runs this.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests are tests"
)]

mod answers;
mod api;
mod endurance;
mod lab;
#[allow(dead_code, reason = "shared with the suite `cluster`")]
#[path = "../shared/process.rs"]
mod process;
mod publishing;
mod rights;
mod strangers;
#[path = "../shared/zone/mod.rs"]
mod zone;
