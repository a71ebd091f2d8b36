//! The verdict on a request, and the response that the policy server reads.

use crate::edit::push_string;
use crate::finding::{Finding, Severity};
use crate::json::{Fault, Malformed};
use crate::rule::{MALFORMED_INPUT, Rule};
use crate::text::push_printable;

/// The maximum number of errors; checks can stop there. Nobody reads more, and computing the path of a field
/// takes longer the larger the object is, so an object full of errors could stall admission.
pub(crate) const MAX_ERRORS: usize = 100;

/// The key of the audit annotation that lists the ids of the rules that reported something, separated by
/// commas. The API server writes it to the audit log as `NAME-OF-THE-WEBHOOK/rules`.
const AUDIT_KEY: &str = "rules";

/// The verdict on one admission request.
///
/// Kubewarden's *monitor* mode drops the patch and the message but keeps warnings, so a rejection and a
/// mutation always carry a warning: [`Verdict::reject`] and [`Verdict::mutate`] add it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the request is accepted, mutated or rejected.
    pub decision: Decision,
    /// Each rule that reported something, with the field; the errors first.
    pub findings: Vec<Finding>,
    /// Lines that the API server shows to the client: the first error, every warning, and remarks.
    pub warnings: Vec<String>,
    /// Keys and values for the audit log, beside the ids of the rules. The API server prefixes keys with the
    /// webhook's name and a slash, so a key must not contain one.
    pub audit_annotations: Vec<(String, String)>,
}

/// Whether the request is accepted, mutated or rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The object is accepted as it is.
    Accept,
    /// The object is accepted with this JSON text in its place.
    Mutate(String),
    /// The object is rejected with this message.
    Reject(String),
}

impl Verdict {
    /// Accepts the object as it is.
    pub fn accept() -> Self {
        Self {
            decision: Decision::Accept,
            findings: Vec::new(),
            warnings: Vec::new(),
            audit_annotations: Vec::new(),
        }
    }

    /// Accepts the object with `object`, JSON text, in its place; `finding` says what was changed and why.
    pub fn mutate(object: String, finding: Finding) -> Self {
        let verdict = Self {
            decision: Decision::Mutate(object),
            ..Self::accept()
        };
        verdict.warn(finding)
    }

    /// Rejects the object for one finding.
    pub fn reject(finding: Finding) -> Self {
        Self::reject_with(vec![finding], "")
    }

    /// Rejects the object for findings, a line each, with more text below them: suggestions, for example. The
    /// first line becomes the warning too. Events and terminals show only that line, so it must be readable
    /// alone.
    pub fn reject_with(mut findings: Vec<Finding>, details: &str) -> Self {
        let at_least = match findings.len() >= MAX_ERRORS {
            true => "at least ",
            false => "",
        };
        findings.truncate(MAX_ERRORS);
        let more = findings.len().saturating_sub(1);
        let mut message = String::new();
        let mut first_line = String::new();
        for finding in &mut findings {
            finding.severity = Severity::Error;
            message.push_str(&finding.to_string());
            if first_line.is_empty() {
                if more > 0 {
                    message.push_str(&format!(" (and {at_least}{more} more)"));
                }
                first_line.push_str(&message);
            }
            message.push('\n');
        }
        message.pop();
        if !details.is_empty() {
            message.push_str("\n\n");
            message.push_str(details);
        }
        Self {
            decision: Decision::Reject(message),
            findings,
            ..Self::accept().remark(first_line)
        }
    }

    /// Adds a finding as a warning.
    #[must_use]
    pub fn warn(mut self, finding: Finding) -> Self {
        self.warnings.push(finding.to_string());
        self.findings.push(finding);
        self
    }

    /// Adds a line to the warnings that reports nothing by itself. Control characters become spaces: the API
    /// server silently drops a warning that contains one.
    #[must_use]
    pub fn remark(mut self, text: impl Into<String>) -> Self {
        let mut line = String::new();
        push_printable(&mut line, &text.into());
        self.warnings.push(line);
        self
    }

    /// Adds an audit annotation; see [`Verdict::audit_annotations`] for the key.
    #[must_use]
    pub fn audit(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.audit_annotations.push((key.into(), value.into()));
        self
    }

    /// The ids of the rules that reported something, separated by commas.
    fn rules(&self) -> String {
        let mut rules: Vec<Rule> = Vec::new();
        let mut ids = String::new();
        for Finding { rule, .. } in &self.findings {
            if !rules.contains(rule) {
                if !rules.is_empty() {
                    ids.push(',');
                }
                ids.push_str(rule.id);
                rules.push(*rule);
            }
        }
        ids
    }

    /// Returns the waPC response. `code` stays unset, so that kubectl prints a message of several lines
    /// unchanged.
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
        let rules = self.rules();
        let rules = (!rules.is_empty()).then_some((AUDIT_KEY, rules.as_str()));
        let others = self.audit_annotations.iter();
        let others = others.map(|(key, value)| (key.as_str(), value.as_str()));
        for (key, value) in rules.into_iter().chain(others) {
            out.push_str(before);
            push_string(&mut out, key);
            out.push(':');
            push_string(&mut out, value);
            before = ",";
        }
        if before == "," {
            out.push('}');
        }
        out.push('}');
        out.into_bytes()
    }
}

/// Rejects an object that cannot be read: a policy that accepts what it does not understand enforces nothing.
impl From<Malformed> for Verdict {
    fn from(malformed: Malformed) -> Self {
        let Fault { path, problem } = &*malformed;
        Self::reject(MALFORMED_INPUT.finding(path, problem))
    }
}
