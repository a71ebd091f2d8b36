//! What the plane says of objects.

use json_patch::PatchOperation;
use manifest::{Object, Problem};
use serde::{Serialize, Serializer};

/// What one module makes of one object.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// The source, as the user named it.
    pub file: String,
    /// Where the document starts in the file, from 1.
    pub line: Option<usize>,
    /// Of the object, as the kind, the namespace and the name; empty where it is not known.
    pub api_version: String,
    /// Its kind.
    pub kind: String,
    /// Its namespace, as it is written.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Which module it is; empty for input that no module saw.
    pub module: String,
    /// What comes of the object.
    pub verdict: Verdict,
    /// Why it is rejected or in error; several claims of one object may each have their say.
    #[serde(rename = "message", serialize_with = "as_one")]
    pub messages: Vec<String>,
    /// What is good to know, one line each.
    pub warnings: Vec<String>,
    /// The change, RFC 6902.
    pub patch: Vec<PatchOperation>,
    /// What the module could not tell without a cluster; said once for all objects.
    #[serde(skip)]
    pub not_checked: Vec<String>,
}

/// What comes of an object, the worse the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It passes as it is.
    Accepted,
    /// It passes changed.
    Mutated,
    /// It is refused.
    Rejected,
    /// It could not be judged.
    Error,
}

/// How many objects came to what. An object counts once, by the worst verdict on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// All of them.
    pub objects: usize,
    /// Objects that pass as they are, or that no policy sees.
    pub accepted: usize,
    /// Objects with warnings, whatever their verdict.
    pub warned: usize,
    /// Objects that pass changed.
    pub mutated: usize,
    /// Objects that are refused.
    pub rejected: usize,
    /// Documents that could not be read and objects that could not be judged.
    pub errors: usize,
}

impl Row {
    /// A row that says nothing yet.
    pub(crate) fn of(object: &Object, module: &str) -> Self {
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
            patch: Vec::new(),
            not_checked: Vec::new(),
        }
    }

    /// A row for input that could not be read.
    pub fn of_problem(problem: &Problem) -> Self {
        let help = problem.help.iter().map(|help| format!("; {help}"));
        let message = std::iter::once(problem.message.clone())
            .chain(help)
            .collect();
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
            patch: Vec::new(),
            not_checked: Vec::new(),
        }
    }

    /// `Kind namespace/name`, as far as they are known.
    pub fn object(&self) -> String {
        let (namespace, name) = (&self.namespace, &self.name);
        let slash = if namespace.is_empty() { "" } else { "/" };
        format!("{} {namespace}{slash}{name}", self.kind)
            .trim()
            .to_owned()
    }

    /// What is judged, and by which module.
    pub fn title(&self) -> String {
        match self.module.as_str() {
            "" => "input".to_owned(),
            module => format!("{module}: {}", self.object()),
        }
    }

    pub(crate) fn reject(&mut self, message: String) {
        self.worsen(Verdict::Rejected, message);
    }

    pub(crate) fn error(&mut self, message: impl Into<String>) {
        self.worsen(Verdict::Error, message.into());
    }

    /// A policy that is asked again says the same again.
    fn worsen(&mut self, verdict: Verdict, message: String) {
        self.verdict = self.verdict.max(verdict);
        if !self.messages.contains(&message) {
            self.messages.push(message);
        }
    }
}

/// Messages as one text, or `null` where there is none.
fn as_one<S: Serializer>(messages: &[String], serializer: S) -> Result<S::Ok, S::Error> {
    match messages {
        [] => serializer.serialize_none(),
        messages => serializer.serialize_str(&messages.join("\n")),
    }
}

impl Summary {
    /// Counts one object with its rows.
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
