//! Kubewarden's side of a policy: the [`Policy`] resources that a cluster has, and the [`Metadata`] in a
//! module's custom section `io.kubewarden.metadata`.
//!
//! `kwctl annotate` writes that section and the policy server reads it; here both are functions, so that
//! building and running modules needs no `kwctl`. This crate knows no Wasm engine: xtask depends on it.

pub mod kinds;
mod metadata;
mod policy;
mod section;
mod selector;

pub use metadata::{ContextAwareResource, ExecutionMode, Metadata, Operation, PolicyType, Rule};
pub use policy::{Mode, Policy, PolicyRule, Reference, Spec, labels};
pub use section::{Error, SECTION, read, write};
pub use selector::{LabelSelector, NAMESPACE_NAME_LABEL};
