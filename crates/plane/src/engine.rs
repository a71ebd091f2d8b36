//! What runs modules.

use std::collections::BTreeSet;

use serde_json::value::RawValue;
use snapshot::{ContextAwareResource, Snapshot};

use crate::Policy;

/// Finds modules.
pub trait Engine {
    /// The module of a policy, which may ask the cluster for the policy's `contextAwareResources`.
    ///
    /// # Errors
    /// One sentence, when there is no such module or it cannot run.
    fn module(&mut self, policy: &Policy) -> Result<Box<dyn Module>, String>;
}

/// A module ready to judge.
pub trait Module {
    /// What is wrong with settings; `None` when nothing is.
    ///
    /// # Errors
    /// When the module gave no verdict.
    fn complaint(&self, settings: &RawValue) -> Result<Option<String>, String>;

    /// The verdict on `request`, the `request` of an AdmissionReview.
    ///
    /// # Errors
    /// When the module gave none.
    fn validate(
        &self,
        settings: &RawValue,
        request: &RawValue,
        cluster: &Snapshot,
    ) -> Result<Answer, String>;
}

/// A module's verdict on one request.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Whether the request may proceed.
    pub accepted: bool,
    /// What the user is told when it may not.
    pub message: Option<String>,
    /// The whole object as the module wants it.
    pub mutated_object: Option<Box<RawValue>>,
    /// Warnings in the module's order.
    pub warnings: Vec<String>,
    /// The kinds asked for that the snapshot cannot tell about.
    pub unanswered: BTreeSet<ContextAwareResource>,
}
