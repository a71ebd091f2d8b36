//! A mutation as a unified diff of the file.

use json_patch::PatchOperation;
use manifest::Object;
use similar::{ChangeTag, TextDiff};

use crate::excerpt::Excerpt;

/// Lines around a change, as `diff -u` has them.
const CONTEXT: usize = 3;

/// Each operation of an edit reads the document again; beyond so many bytes in all the object is
/// written out instead.
const MOST_READ: usize = 32 * 1024 * 1024;

/// The same for an item of a list, whose siblings may want it too.
const MOST_READ_FOR_ITEM: usize = 128 * 1024;

/// What a change makes of the text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diff {
    /// Whether the lines are those of the object written out, since the file's own cannot show the
    /// change: a value that came through an alias.
    pub written_out: bool,
    /// The changes with the lines around them, in order.
    pub hunks: Vec<Hunk>,
}

/// Changes that stand close together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunk {
    /// The line where it starts before the change, from 1, and how many lines there are.
    pub old: (usize, usize),
    /// The same after the change.
    pub new: (usize, usize),
    /// The lines.
    pub lines: Vec<Line>,
}

/// A line of a hunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What becomes of it.
    pub change: Change,
    /// The line without its end.
    pub text: String,
}

/// What becomes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It stays.
    Kept,
    /// It goes.
    Removed,
    /// It is new.
    Added,
}

/// What `patch` changes: in the file's own text and at its line numbers, or, where the text cannot show
/// it, in the object written out.
pub fn diff(object: &Object, patch: &[PatchOperation]) -> Diff {
    if patch.is_empty() {
        return Diff::default();
    }
    let in_text = |hunks| Diff {
        written_out: false,
        hunks,
    };
    let is_item = !object.pointer().is_empty();
    if is_item && let Some(excerpt) = Excerpt::of(object, patch) {
        return in_text(hunks(&excerpt.before, &excerpt.after, excerpt.line));
    }
    let most = if is_item {
        MOST_READ_FOR_ITEM
    } else {
        MOST_READ
    };
    if object.source().len().saturating_mul(patch.len()) <= most
        && let Some(edited) = object.edit(patch)
    {
        return in_text(hunks(object.source(), &edited, object.source_line()));
    }
    let mut after = object.value.clone();
    if json_patch::patch(&mut after, patch).is_err() {
        return Diff::default();
    }
    Diff {
        written_out: true,
        hunks: hunks(
            &manifest::render(&object.value),
            &manifest::render(&after),
            1,
        ),
    }
}

fn hunks(before: &str, after: &str, first_line: usize) -> Vec<Hunk> {
    let diff = TextDiff::from_lines(before, after);
    let mut hunks = Vec::new();
    for group in diff.grouped_ops(CONTEXT) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else {
            continue;
        };
        let old = first.old_range().start..last.old_range().end;
        let new = first.new_range().start..last.new_range().end;
        let changes = group
            .iter()
            .flat_map(|operation| diff.iter_changes(operation));
        hunks.push(Hunk {
            old: (first_line + old.start, old.len()),
            new: (first_line + new.start, new.len()),
            lines: changes
                .map(|change| Line {
                    change: match change.tag() {
                        ChangeTag::Equal => Change::Kept,
                        ChangeTag::Delete => Change::Removed,
                        ChangeTag::Insert => Change::Added,
                    },
                    text: change.value().trim_end_matches(['\n', '\r']).to_owned(),
                })
                .collect(),
        });
    }
    hunks
}
