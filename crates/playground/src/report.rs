//! What the page shows. Members have the names of the page's types, `types.ts`.

use std::collections::BTreeSet;

use manifest::{Object, Problem, Severity};
use serde::Serialize;
use simulate::{Change, Row, Summary, Verdict, paths};

use crate::routes::Routes;

/// Everything there is to say.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// How many objects came to what.
    pub summary: Summary,
    /// Every object, in order.
    pub objects: Vec<ObjectReport>,
    /// What is wrong with the texts themselves.
    pub problems: Vec<ProblemReport>,
    /// What modules could not tell without a cluster.
    pub not_checked: BTreeSet<String>,
}

/// A text of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// What is judged.
    Manifests,
    /// What else the cluster holds.
    Cluster,
    /// The policies.
    Policies,
}

impl Source {
    /// The name that problems have for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Manifests => "manifests",
            Self::Cluster => "cluster",
            Self::Policies => "policies",
        }
    }

    fn named(name: &str) -> Self {
        let all = [Self::Cluster, Self::Policies];
        let found = all.into_iter().find(|source| source.name() == name);
        found.unwrap_or(Self::Manifests)
    }
}

/// What became of an object.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectReport {
    /// Where it starts, from 1.
    pub line: usize,
    /// Its kind.
    pub kind: String,
    /// Its namespace, as it is written.
    pub namespace: String,
    /// Its name; empty where it has none.
    pub name: String,
    /// The worst that a module says; `None` where no policy sees it.
    pub verdict: Option<Verdict>,
    /// What the modules say, in order.
    pub notes: Vec<Note>,
    /// What each module says, as `agnostics check --output json` has it.
    pub rows: Vec<Row>,
    /// The change as a diff.
    pub diff: Vec<DiffLine>,
    /// Whether the diff is of the object written out, since its own text cannot show it.
    pub written_out: bool,
    /// What an Ingress becomes.
    pub routes: Option<Routes>,
}

/// Something a module says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Note {
    /// How grave it is.
    pub level: Level,
    /// Who says it.
    pub module: String,
    /// The line that it is about, from 1.
    pub line: usize,
    /// What is said.
    pub text: String,
    /// What is to be copied, if something is.
    pub block: String,
}

/// How grave a note is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// It could not be judged.
    Error,
    /// It is refused.
    Rejected,
    /// It is good to know.
    Warning,
}

/// A line of a diff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DiffLine {
    /// ` `, `-`, `+`, or `@` for the head of a hunk.
    pub sign: char,
    /// The line.
    pub text: String,
}

/// Something wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProblemReport {
    /// Which text.
    pub source: Source,
    /// Where in it, from 1.
    pub line: Option<usize>,
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub help: Option<String>,
    /// Whether the text, or this part of it, could not be read.
    pub error: bool,
}

impl ObjectReport {
    pub(crate) fn of(object: &Object, rows: Vec<Row>, routes: Option<Routes>) -> Self {
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
            written_out: diff.serialized,
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
    for said in &row.messages {
        findings(object, row, level, said, &mut notes);
    }
    for said in &row.warnings {
        findings(object, row, Level::Warning, said, &mut notes);
    }
    notes
}

/// A message as its findings, each at its line. What comes after an empty line is to be copied.
fn findings(object: &Object, row: &Row, level: Level, said: &str, notes: &mut Vec<Note>) {
    let (text, block) = said.split_once("\n\n").unwrap_or((said, ""));
    let before = notes.len();
    for line in text.lines() {
        let pointer = paths::leading_pointer(line);
        let root = pointer.split('/').nth(1).unwrap_or_default();
        let is_about_a_field = object.value.get(root).is_some();
        match notes.get_mut(before..).and_then(<[Note]>::last_mut) {
            // A hint on what it was said of.
            Some(above) if !is_about_a_field => {
                above.text.push('\n');
                above.text.push_str(line);
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
    let head = DiffLine {
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
    std::iter::once(head).chain(lines).collect()
}

impl ProblemReport {
    pub(crate) fn of(problem: &Problem) -> Self {
        Self {
            source: Source::named(&problem.file),
            line: problem.line,
            message: problem.message.clone(),
            help: problem.help.clone(),
            error: problem.severity == Severity::Error,
        }
    }
}
