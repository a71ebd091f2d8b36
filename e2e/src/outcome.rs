//! What a host says of a case, in one form for all hosts.

use std::collections::BTreeMap;

use serde_json::Value;

/// The answer to one call.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// To a request.
    Verdict {
        /// Whether the request may proceed.
        accepted: bool,
        /// The rejection's message.
        message: Option<String>,
        /// The object after the verdict, where it was changed.
        mutated: Option<Value>,
        /// Warnings in order.
        warnings: Vec<String>,
        /// Audit annotations.
        audit_annotations: BTreeMap<String, String>,
    },
    /// To settings: what is wrong with them, `None` when nothing is.
    Settings(Option<String>),
}

impl Outcome {
    /// Reads a module's own answer to `validate`.
    ///
    /// # Errors
    /// When it is not the response of Kubewarden's protocol.
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

    /// Reads a module's own answer to `validate_settings`.
    ///
    /// # Errors
    /// When it is not the response of Kubewarden's protocol.
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
