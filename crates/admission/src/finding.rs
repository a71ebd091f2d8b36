//! A finding: what a rule reports about one field of an object.

use std::fmt::{self, Write};

use crate::rule::Rule;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The object is accepted, as it is or mutated.
    Warning,
    /// The object is rejected.
    Error,
}

impl Finding {
    /// A finding of which the verdict sets the severity.
    pub(crate) fn new(rule: Rule, path: String, message: String) -> Self {
        Self {
            rule,
            severity: Severity::Warning,
            path,
            message,
        }
    }

    pub(crate) fn with_severity(self, severity: Severity) -> Self {
        Self { severity, ..self }
    }
}

/// `path: message [rule]`, on one line: the API server drops a warning that holds control characters, and a
/// value with line breaks could pass for more findings.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: &[&str] = match self.path.as_str() {
            "" => &[&self.message],
            path => &[path, ": ", &self.message],
        };
        for c in parts.iter().flat_map(|part| part.chars()) {
            f.write_char(if c.is_control() { ' ' } else { c })?;
        }
        write!(f, " [{}]", self.rule)
    }
}
