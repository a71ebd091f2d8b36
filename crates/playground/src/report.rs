//! The report for the page. `types.ts` declares the same types in TypeScript.

use std::collections::BTreeSet;

use manifest::{Object, Problem, Severity};
use serde::Serialize;
use simulate::{Change, Row, Summary, Verdict, paths};

use crate::routes::Routes;

/// The result of a check.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The number of objects per verdict.
    pub summary: Summary,
    /// All objects, in the order of the manifests.
    pub objects: Vec<ObjectReport>,
    /// Problems with the input texts.
    pub problems: Vec<ProblemReport>,
    /// Checks that were skipped for lack of cluster data.
    pub not_checked: BTreeSet<String>,
}

/// An input text of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The manifests to check.
    Manifests,
    /// Other objects in the cluster.
    Cluster,
    /// The policies.
    Policies,
}

impl Source {
    /// Returns the name, which is the file name in problems.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Manifests => "manifests",
            Self::Cluster => "cluster",
            Self::Policies => "policies",
        }
    }

    fn from_name(name: &str) -> Self {
        let all = [Self::Cluster, Self::Policies];
        let found = all.into_iter().find(|source| source.name() == name);
        found.unwrap_or(Self::Manifests)
    }
}

/// The result of one object.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectReport {
    /// The first line of the object, from 1.
    pub line: usize,
    /// The `kind`.
    pub kind: String,
    /// The `metadata.namespace`, without a default.
    pub namespace: String,
    /// The `metadata.name`, or an empty string.
    pub name: String,
    /// The worst verdict, or `None` if no policy matches the object.
    pub verdict: Option<Verdict>,
    /// The messages and warnings of all policies, in order.
    pub notes: Vec<Note>,
    /// The result of each policy, as in `agnostics check --output json`.
    pub rows: Vec<Row>,
    /// The mutation as a diff.
    pub diff: Vec<DiffLine>,
    /// Whether the diff is of the serialized object, because the text's own lines cannot show the change.
    pub serialized: bool,
    /// The routes converted from an Ingress.
    pub routes: Option<Routes>,
}

/// A message or warning of a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Note {
    /// The severity.
    pub level: Level,
    /// The name of the policy's module.
    pub module: String,
    /// The line of the field, from 1.
    pub line: usize,
    /// The text of the message.
    pub text: String,
    /// The part of the message to copy, or an empty string.
    pub block: String,
}

/// The severity of a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The object could not be evaluated.
    Error,
    /// The object is rejected.
    Rejected,
    /// A warning.
    Warning,
}

/// A line of a diff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DiffLine {
    /// ` `, `-`, `+`, or `@` for the header of a hunk.
    pub sign: char,
    /// The text of the line.
    pub text: String,
}

/// A problem with an input text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProblemReport {
    /// The input text.
    pub source: Source,
    /// The line, from 1.
    pub line: Option<usize>,
    /// The problem.
    pub message: String,
    /// How to fix it.
    pub help: Option<String>,
    /// Whether this is an error, not a warning.
    pub error: bool,
}

impl ObjectReport {
    pub(crate) fn new(object: &Object, rows: Vec<Row>, routes: Option<Routes>) -> Self {
        let patch: Vec<_> = rows.iter().flat_map(|row| row.patch.clone()).collect();
        let diff = simulate::diff(object, &patch);
        Self {
            line: object.line,
            kind: object.kind().to_owned(),
            namespace: object.namespace().to_owned(),
            name: object.name().to_owned(),
            verdict: rows.iter().map(|row| row.verdict).max(),
            notes: rows.iter().flat_map(|row| notes(object, row)).collect(),
            diff: diff.hunks.iter().flat_map(lines).collect(),
            serialized: diff.serialized,
            routes,
            rows,
        }
    }
}

fn notes(object: &Object, row: &Row) -> Vec<Note> {
    let level = match row.verdict {
        Verdict::Error => Level::Error,
        _ => Level::Rejected,
    };
    let mut notes = Vec::new();
    for message in &row.messages {
        add_notes(object, row, level, message, &mut notes);
    }
    for warning in &row.warnings {
        add_notes(object, row, Level::Warning, warning, &mut notes);
    }
    notes
}

/// Splits a message into one note per line, each at the line of its field. The text after an empty line is the
/// block to copy.
fn add_notes(object: &Object, row: &Row, level: Level, message: &str, notes: &mut Vec<Note>) {
    let (text, block) = message.split_once("\n\n").unwrap_or((message, ""));
    let before = notes.len();
    for line in text.lines() {
        let pointer = paths::leading_pointer(line);
        let root = pointer.split('/').nth(1).unwrap_or_default();
        let is_about_a_field = object.value.get(root).is_some();
        match notes.get_mut(before..).and_then(<[Note]>::last_mut) {
            // A line without a field is a hint on the previous line.
            Some(previous) if !is_about_a_field => {
                previous.text.push('\n');
                previous.text.push_str(line);
            }
            _ => notes.push(Note {
                level,
                module: row.module.clone(),
                line: object.line_near(&pointer),
                text: line.to_owned(),
                block: String::new(),
            }),
        }
    }
    if let Some(last) = notes.get_mut(before..).and_then(<[Note]>::last_mut) {
        block.clone_into(&mut last.block);
    }
}

fn lines(hunk: &simulate::Hunk) -> Vec<DiffLine> {
    let ((at, removed), (to, added)) = (hunk.old, hunk.new);
    let header = DiffLine {
        sign: '@',
        text: format!("-{at},{removed} +{to},{added}"),
    };
    let lines = hunk.lines.iter().map(|line| DiffLine {
        sign: match line.change {
            Change::Unchanged => ' ',
            Change::Removed => '-',
            Change::Added => '+',
        },
        text: line.text.clone(),
    });
    std::iter::once(header).chain(lines).collect()
}

impl ProblemReport {
    pub(crate) fn new(problem: &Problem) -> Self {
        Self {
            source: Source::from_name(&problem.file),
            line: problem.line,
            message: problem.message.clone(),
            help: problem.help.clone(),
            error: problem.severity == Severity::Error,
        }
    }
}
