//! Results: one row per object and policy, and the summary.

use admission::Severity;
use json_patch::PatchOperation;
use manifest::{Object, Problem};
use serde::{Serialize, Serializer};

use crate::finding::Finding;

/// The result of one policy for one object.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// The file, as the user named it.
    pub file: String,
    /// The line where the object starts in the file, from 1.
    pub line: Option<usize>,
    /// The object's `apiVersion`. Like the next three fields, it is empty if unknown.
    pub api_version: String,
    /// The object's `kind`.
    pub kind: String,
    /// The object's `metadata.namespace`, without a default.
    pub namespace: String,
    /// The object's `metadata.name`.
    pub name: String,
    /// The name of the policy's module; empty for input that reached no policy.
    pub module: String,
    /// The verdict on the object.
    pub verdict: Verdict,
    /// The reasons for a rejection or an error: one for each rejected claim of the object.
    #[serde(rename = "message", serialize_with = "serialize_joined")]
    pub messages: Vec<String>,
    /// The warnings, one line each.
    pub warnings: Vec<String>,
    /// What each rule reports: the reasons and the warnings, with paths in the object.
    pub findings: Vec<Finding>,
    /// The mutation as a JSON Patch (RFC 6902).
    pub patch: Vec<PatchOperation>,
    /// Checks that were skipped for lack of cluster data. Reports list them once for all objects.
    #[serde(skip)]
    pub not_checked: Vec<String>,
}

/// A verdict on an object, from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Accepted unchanged.
    Accepted,
    /// Accepted with changes.
    Mutated,
    /// Rejected.
    Rejected,
    /// Not evaluated, because of an error.
    Error,
}

/// The number of objects per verdict. An object counts once, by its worst verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// All objects.
    pub objects: usize,
    /// Objects accepted unchanged, including objects that no policy matches.
    pub accepted: usize,
    /// Objects with warnings, whatever their verdict.
    pub warned: usize,
    /// Objects accepted with changes.
    pub mutated: usize,
    /// Rejected objects.
    pub rejected: usize,
    /// Documents that could not be read, and objects that could not be evaluated.
    pub errors: usize,
}

impl Row {
    /// Returns an accepted row without messages.
    pub(crate) fn new(object: &Object, module: &str) -> Self {
        Self {
            file: object.file.to_string(),
            line: Some(object.line),
            api_version: object.api_version().to_owned(),
            kind: object.kind().to_owned(),
            namespace: object.namespace().to_owned(),
            name: object.name().to_owned(),
            module: module.to_owned(),
            verdict: Verdict::Accepted,
            messages: Vec::new(),
            warnings: Vec::new(),
            findings: Vec::new(),
            patch: Vec::new(),
            not_checked: Vec::new(),
        }
    }

    /// Returns an error row for input that could not be read.
    pub fn from_problem(problem: &Problem) -> Self {
        let help = problem.help.iter().map(|help| format!("; {help}"));
        let message: String = std::iter::once(problem.message.clone())
            .chain(help)
            .collect();
        let finding = Finding::without_rule("input", Severity::Error, &message);
        Self {
            file: problem.file.to_string(),
            line: problem.line,
            api_version: String::new(),
            kind: String::new(),
            namespace: String::new(),
            name: String::new(),
            module: String::new(),
            verdict: Verdict::Error,
            messages: vec![message],
            warnings: Vec::new(),
            findings: vec![finding],
            patch: Vec::new(),
            not_checked: Vec::new(),
        }
    }

    /// Returns `Kind namespace/name`, without the unknown parts.
    pub fn object(&self) -> String {
        let (namespace, name) = (&self.namespace, &self.name);
        let slash = if namespace.is_empty() { "" } else { "/" };
        format!("{} {namespace}{slash}{name}", self.kind)
            .trim()
            .to_owned()
    }

    /// Returns the module and the object, or `input` for input that reached no policy.
    pub fn title(&self) -> String {
        match self.module.as_str() {
            "" => "input".to_owned(),
            module => format!("{module}: {}", self.object()),
        }
    }

    pub(crate) fn warn(&mut self, warning: String, finding: Finding) {
        self.warnings.push(warning);
        self.findings.push(finding);
    }

    pub(crate) fn reject(&mut self, message: String, findings: Vec<Finding>) {
        self.worsen(Verdict::Rejected, message, findings);
    }

    pub(crate) fn error(&mut self, message: impl Into<String>) {
        let message = message.into();
        let finding = Finding::without_rule(&self.module, Severity::Error, &message);
        self.worsen(Verdict::Error, message, vec![finding]);
    }

    /// Raises the verdict and adds the message. Reinvoked policies repeat their messages; repeats are dropped.
    fn worsen(&mut self, verdict: Verdict, message: String, findings: Vec<Finding>) {
        self.verdict = self.verdict.max(verdict);
        if !self.messages.contains(&message) {
            self.messages.push(message);
            self.findings.extend(findings);
        }
    }
}

/// Serializes messages as one string, and an empty list as `null`.
fn serialize_joined<S: Serializer>(messages: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    match messages {
        [] => serializer.serialize_none(),
        messages => serializer.serialize_str(&messages.join("\n")),
    }
}

impl Summary {
    /// Counts one object, given its rows.
    pub fn count(&mut self, rows: &[Row]) {
        self.objects += 1;
        match rows.iter().map(|row| row.verdict).max() {
            None | Some(Verdict::Accepted) => self.accepted += 1,
            Some(Verdict::Mutated) => self.mutated += 1,
            Some(Verdict::Rejected) => self.rejected += 1,
            Some(Verdict::Error) => self.errors += 1,
        }
        self.warned += usize::from(rows.iter().any(|row| !row.warnings.is_empty()));
    }
}
