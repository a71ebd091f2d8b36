//! Translations of Ingresses into routes.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests are tests"
)]

mod annotation_table;
mod annotations;
mod backends;
mod canaries;
mod capabilities;
mod class;
mod common;
mod crd;
mod hosts;
mod limits;
mod paths;
mod properties;
mod siblings;
mod yaml;
