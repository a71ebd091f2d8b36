//! Ingresses and the routes that they become.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests are tests"
)]

mod annotations;
mod backends;
mod class;
mod common;
mod crd;
mod hosts;
mod limits;
mod paths;
mod properties;
mod table;
mod text;
