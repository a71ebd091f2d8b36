//! A finding: what a rule reports about one field of an object.

use std::fmt;

use serde::Serialize;

use crate::rule::Rule;
use crate::text::push_printable;

/// What a rule reports about one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// Whether the object is rejected for it.
    pub severity: Severity,
    /// The path of the field as in Kubernetes' own field errors, such as `spec.accessModes[0]`; empty for the
    /// whole object.
    pub path: String,
    /// The problem, then the fix.
    pub message: String,
}

/// How serious a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The object is accepted, as it is or mutated.
    Warning,
    /// The object is rejected; in reports of tools, also if it could not be evaluated.
    Error,
}

impl Finding {
    /// Creates a finding. The verdict sets its severity.
    pub(crate) fn new(rule: Rule, path: String, message: String) -> Self {
        Self {
            rule,
            severity: Severity::Warning,
            path,
            message,
        }
    }
}

/// Formats `path: message [rule]`, on one line: the API server drops warnings with control characters, and a
/// value with line breaks could imitate further findings.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = String::new();
        if !self.path.is_empty() {
            push_printable(&mut line, &self.path);
            line.push_str(": ");
        }
        push_printable(&mut line, &self.message);
        write!(f, "{line} [{}]", self.rule)
    }
}
