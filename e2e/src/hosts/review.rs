//! The response to an AdmissionReview, which the policy server returns and kwctl prints.

use std::collections::BTreeMap;

use base64::Engine;
use serde::Deserialize;
use serde_json::Value;

use crate::{Case, Error, Outcome};

/// `AdmissionReview.response` of admission.k8s.io/v1.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Response {
    allowed: bool,
    patch: Option<String>,
    status: Option<Status>,
    warnings: Option<Vec<String>>,
    audit_annotations: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Deserialize)]
struct Status {
    message: Option<String>,
}

impl Response {
    /// Returns the outcome, with the patch applied to the object of the case as the API server does.
    pub(super) fn outcome(self, case: &Case) -> Result<Outcome, Error> {
        let mutated = match self.patch {
            Some(patch) => Some(patched(case, &patch)?),
            None => None,
        };
        Ok(Outcome::Verdict {
            accepted: self.allowed,
            message: self.status.and_then(|status| status.message),
            mutated,
            warnings: self.warnings.unwrap_or_default(),
            audit_annotations: self.audit_annotations.unwrap_or_default(),
        })
    }
}

fn patched(case: &Case, patch: &str) -> Result<Value, Error> {
    let patch = base64::engine::general_purpose::STANDARD.decode(patch)?;
    let patch: json_patch::Patch = serde_json::from_slice(&patch)?;
    let mut object = case.object.clone().unwrap_or_default();
    json_patch::patch(&mut object, &patch)?;
    Ok(object)
}
