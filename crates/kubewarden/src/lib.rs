//! Kubewarden's [`Policy`] resources, and the [`Metadata`] in a module's custom section
//! `io.kubewarden.metadata`.
//!
//! `kwctl annotate` writes that section and the policy server reads it. This crate does both, so building
//! and running modules does not require `kwctl`. It depends on no Wasm engine because xtask depends on it.

pub mod kinds;
mod metadata;
mod policy;
mod section;
mod selector;

pub use metadata::{ContextAwareResource, ExecutionMode, Metadata, Operation, PolicyType, Rule};
pub use policy::{MatchCondition, Mode, Policy, PolicyRule, Reference, Spec, labels};
pub use section::{Error, SECTION, read, write};
pub use selector::{LabelSelector, NAMESPACE_NAME_LABEL};
