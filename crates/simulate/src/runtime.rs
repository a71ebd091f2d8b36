//! Traits of what runs policies: linked code or `.wasm` modules.

use std::collections::{BTreeMap, BTreeSet};

use kubewarden::{ContextAwareResource, Policy};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::snapshot::Snapshot;

/// Loads the code of policies.
pub trait Runtime {
    /// Loads the code of a policy. It may look up only the policy's `contextAwareResources`.
    ///
    /// # Errors
    /// Returns an error if the code is missing or cannot run.
    fn load(&mut self, policy: &Policy) -> Result<Loaded, LoadError>;
}

/// The loaded code of a policy.
pub struct Loaded {
    /// Runs the code.
    pub evaluator: Box<dyn Evaluator>,
    /// The version of the code, if known.
    pub version: Option<String>,
}

/// An error while loading the code of a policy.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The code was not found. The policy is reported as not run.
    #[error("{0}")]
    Missing(String),
    /// The code was found but cannot run.
    #[error("{0}")]
    Broken(String),
}

/// Runs the code of one policy.
pub trait Evaluator {
    /// Returns the problem with the settings, or `None` if they are valid.
    ///
    /// # Errors
    /// Returns an error if the code fails to return a verdict.
    fn validate_settings(&self, settings: &RawValue) -> Result<Option<String>, String>;

    /// Returns the verdict on `request`, the `request` field of an AdmissionReview.
    ///
    /// # Errors
    /// Returns an error if the code fails to return a verdict.
    fn validate(
        &self,
        settings: &RawValue,
        request: &RawValue,
        cluster: &Snapshot,
    ) -> Result<Response, String>;
}

/// The response to one request, in Kubewarden's protocol.
#[derive(Debug, Clone, Deserialize)]
pub struct Response {
    /// Whether the request is accepted.
    pub accepted: bool,
    /// The rejection message.
    pub message: Option<String>,
    /// The whole mutated object.
    pub mutated_object: Option<Box<RawValue>>,
    /// Warnings, in the policy's order.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// Audit annotations, by key.
    #[serde(default)]
    pub audit_annotations: BTreeMap<String, String>,
    /// The kinds that the policy looked up although the snapshot does not hold all their objects.
    #[serde(skip)]
    pub unknown_kinds: BTreeSet<ContextAwareResource>,
}
