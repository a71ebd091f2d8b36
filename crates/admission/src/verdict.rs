//! What a module says of a request, and the response the policy server reads.

use crate::edit::push_string;
use crate::json::Malformed;

/// The answer to one admission request.
///
/// Kubewarden's *monitor* mode drops the patch and the message but keeps warnings, so a rejection
/// and a mutation always carry a warning: [`Verdict::reject`] and [`Verdict::mutate`] see to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Accept, mutate or reject.
    pub decision: Decision,
    /// One line each, printable; shown to the client by the API server.
    pub warnings: Vec<String>,
    /// Keys and values for the audit log. The API server prefixes keys with the webhook's name and a
    /// slash, so a key must not hold one.
    pub audit_annotations: Vec<(String, String)>,
}

/// What becomes of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It passes as it came.
    Accept,
    /// It passes with this object, as JSON text, in place of the one sent.
    Mutate(String),
    /// It is refused, with this message.
    Reject(String),
}

impl Verdict {
    /// The request passes as it came.
    pub fn accept() -> Self {
        Self::new(Decision::Accept)
    }

    /// The request passes with `object`, JSON text, in place of the one sent; `warning` says what
    /// was changed and why.
    pub fn mutate(object: String, warning: impl Into<String>) -> Self {
        Self::new(Decision::Mutate(object)).warn(warning)
    }

    /// The request is refused. The first line of `message` must stand alone: it becomes the warning
    /// too, and events and terminals cut the rest.
    pub fn reject(message: impl Into<String>) -> Self {
        let message = message.into();
        let warning = message.lines().next().unwrap_or_default().to_owned();
        Self::new(Decision::Reject(message)).warn(warning)
    }

    fn new(decision: Decision) -> Self {
        Self {
            decision,
            warnings: Vec::new(),
            audit_annotations: Vec::new(),
        }
    }

    /// Adds a warning, made one printable line: the API server silently drops one that holds control
    /// characters.
    #[must_use]
    pub fn warn(mut self, warning: impl Into<String>) -> Self {
        self.warnings.push(printable_line(&warning.into()));
        self
    }

    /// Adds an audit annotation; see [`Verdict::audit_annotations`] for the key.
    #[must_use]
    pub fn audit(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.audit_annotations.push((key.into(), value.into()));
        self
    }

    /// The waPC response. `code` stays unset: kubectl then prints a message of several lines as it
    /// is.
    pub fn to_response(&self) -> Vec<u8> {
        let mut out = String::from("{\"accepted\":");
        match &self.decision {
            Decision::Accept => out.push_str("true"),
            Decision::Mutate(object) => {
                out.push_str("true,\"mutated_object\":");
                out.push_str(object);
            }
            Decision::Reject(message) => {
                out.push_str("false,\"message\":");
                push_string(&mut out, message);
            }
        }
        let mut before = ",\"warnings\":[";
        for warning in &self.warnings {
            out.push_str(before);
            push_string(&mut out, warning);
            before = ",";
        }
        if !self.warnings.is_empty() {
            out.push(']');
        }
        let mut before = ",\"audit_annotations\":{";
        for (key, value) in &self.audit_annotations {
            out.push_str(before);
            push_string(&mut out, key);
            out.push(':');
            push_string(&mut out, value);
            before = ",";
        }
        if !self.audit_annotations.is_empty() {
            out.push('}');
        }
        out.push('}');
        out.into_bytes()
    }
}

/// What cannot be read is refused: a module that admits what it does not understand enforces nothing.
impl From<Malformed> for Verdict {
    fn from(malformed: Malformed) -> Self {
        Self::reject(malformed.to_string())
    }
}

fn printable_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
