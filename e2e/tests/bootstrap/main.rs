//! The manifests of `bootstrap/`: that they render offline, that the modules and the schemas of their
//! kinds take them, and that they hold to what `bootstrap/README.md` promises.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests are tests"
)]

mod check;
mod components;
mod dns;
mod errors;
mod examples;
mod network;
mod pods;
mod policies;
mod rights;
mod schema;
mod shapes;
mod stores;
mod tree;
