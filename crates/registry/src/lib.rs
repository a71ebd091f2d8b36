//! Modules in OCI registries: pulled, pushed, and their signatures checked.
//!
//! This speaks the [OCI distribution API](https://github.com/opencontainers/distribution-spec) itself, on
//! the HTTP client that the workspace has anyway: see docs/adr/0009.

mod client;
pub mod cosign;
mod credentials;
mod digest;
mod error;
pub mod manifest;
mod module;
mod reference;

pub use client::{Registry, Repository};
pub use digest::Digest;
pub use error::Error;
pub use module::{Pulled, pull, pull_signed};
pub use reference::{Pin, Reference};
