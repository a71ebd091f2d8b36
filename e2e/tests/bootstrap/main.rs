//! Tests of the manifests in `bootstrap/`: they render offline, the policies and the schemas of their kinds
//! accept them, and they have the properties that `bootstrap/README.md` documents.
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
mod permissions;
mod pods;
mod policies;
mod schema;
mod shapes;
mod stores;
mod tree;
