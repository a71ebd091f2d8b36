//! The result of a case, in one type for all hosts.

use std::collections::BTreeMap;

use serde_json::Value;

/// The response to one call.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The verdict on a request.
    Verdict {
        /// Whether the request is accepted.
        accepted: bool,
        /// The message of a rejection.
        message: Option<String>,
        /// The object after a mutation.
        mutated: Option<Value>,
        /// The warnings in order.
        warnings: Vec<String>,
        /// The audit annotations.
        audit_annotations: BTreeMap<String, String>,
    },
    /// The error in the settings, or `None` if they are valid.
    Settings(Option<String>),
}

impl Outcome {
    /// Parses a module's response to `validate`.
    ///
    /// # Errors
    /// Returns an error if the response does not follow Kubewarden's protocol.
    pub fn of_response(bytes: &[u8]) -> Result<Self, crate::Error> {
        #[derive(serde::Deserialize)]
        struct Response {
            accepted: bool,
            message: Option<String>,
            mutated_object: Option<Value>,
            #[serde(default)]
            warnings: Vec<String>,
            #[serde(default)]
            audit_annotations: BTreeMap<String, String>,
        }
        let response: Response = serde_json::from_slice(bytes)?;
        Ok(Self::Verdict {
            accepted: response.accepted,
            message: response.message,
            mutated: response.mutated_object,
            warnings: response.warnings,
            audit_annotations: response.audit_annotations,
        })
    }

    /// Parses a module's response to `validate_settings`.
    ///
    /// # Errors
    /// Returns an error if the response does not follow Kubewarden's protocol.
    pub fn of_settings_response(bytes: &[u8]) -> Result<Self, crate::Error> {
        #[derive(serde::Deserialize)]
        struct Response {
            valid: bool,
            message: Option<String>,
        }
        let response: Response = serde_json::from_slice(bytes)?;
        Ok(Self::Settings(match response.valid {
            true => None,
            false => Some(response.message.unwrap_or_default()),
        }))
    }
}
