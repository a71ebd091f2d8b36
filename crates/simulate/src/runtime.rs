//! What runs a policy's code.

use std::collections::{BTreeMap, BTreeSet};

use kubewarden::{ContextAwareResource, Policy};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::snapshot::Snapshot;

/// Finds the code of policies.
pub trait Runtime {
    /// The code of a policy, which may ask the cluster for the policy's `contextAwareResources`.
    ///
    /// # Errors
    /// When there is no such code here, or it cannot run.
    fn load(&mut self, policy: &Policy) -> Result<Loaded, LoadError>;
}

/// A policy's code, ready to run.
pub struct Loaded {
    /// Runs it.
    pub evaluator: Box<dyn Evaluator>,
    /// The version of the code; `None` where it carries none.
    pub version: Option<String>,
}

/// Why a policy has no code to run.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The code is not here: the policy is reported as not run.
    #[error("{0}")]
    Missing(String),
    /// The code is here and cannot run.
    #[error("{0}")]
    Broken(String),
}

/// Runs the code of one policy.
pub trait Evaluator {
    /// Returns what is wrong with settings, `None` when nothing is.
    ///
    /// # Errors
    /// When the code gave no verdict.
    fn validate_settings(&self, settings: &RawValue) -> Result<Option<String>, String>;

    /// Returns the verdict on `request`, the `request` of an AdmissionReview.
    ///
    /// # Errors
    /// When the code gave no verdict.
    fn validate(
        &self,
        settings: &RawValue,
        request: &RawValue,
        cluster: &Snapshot,
    ) -> Result<Response, String>;
}

/// The verdict on one request, as Kubewarden's protocol has it.
#[derive(Debug, Clone, Deserialize)]
pub struct Response {
    /// Whether the request may proceed.
    pub accepted: bool,
    /// What the user sees when it may not.
    pub message: Option<String>,
    /// The whole object as the policy wants it.
    pub mutated_object: Option<Box<RawValue>>,
    /// Warnings, in the policy's order.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// Notes for the audit log, by key.
    #[serde(default)]
    pub audit_annotations: BTreeMap<String, String>,
    /// The kinds asked for that the snapshot cannot tell about.
    #[serde(skip)]
    pub unanswered: BTreeSet<ContextAwareResource>,
}
