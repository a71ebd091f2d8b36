//! What a Kubewarden module says of itself: the JSON in its custom section
//! `io.kubewarden.metadata`.
//!
//! `kwctl annotate` writes that section and the policy server reads it; here both are functions, so
//! that building and running modules needs no `kwctl`. This crate knows no Wasm engine: xtask
//! depends on it.

mod metadata;
mod section;

pub use metadata::{ContextAwareResource, ExecutionMode, Metadata, Operation, PolicyType, Rule};
pub use section::{Error, SECTION, read, write};
