//! Shows a mutation as a unified diff of the file.

use json_patch::PatchOperation;
use manifest::Object;
use similar::{ChangeTag, TextDiff};

use crate::excerpt::Excerpt;

/// The number of unchanged lines around a change, as in `diff -u`.
const CONTEXT: usize = 3;

/// The limit of bytes parsed for an edit, which parses the document once per operation. Beyond it the object
/// is serialized instead.
const MAX_PARSED_BYTES: usize = 32 * 1024 * 1024;

/// The limit for an item of a list. It is lower because every item of the list may be edited.
const MAX_PARSED_BYTES_PER_ITEM: usize = 128 * 1024;

/// The changes of a mutation, line by line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diff {
    /// Whether the lines are those of the serialized object, because the file's own lines cannot show the
    /// change. An example is a value that comes from a YAML alias.
    pub serialized: bool,
    /// The changes with the lines around them, in order.
    pub hunks: Vec<Hunk>,
}

/// Adjacent changes with the lines around them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunk {
    /// The first line before the change, from 1, and the number of lines.
    pub old: (usize, usize),
    /// The first line after the change, from 1, and the number of lines.
    pub new: (usize, usize),
    /// The lines.
    pub lines: Vec<Line>,
}

/// A line of a hunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The kind of line.
    pub change: Change,
    /// The text without the line ending.
    pub text: String,
}

/// The kind of a line in a hunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// An unchanged line.
    Unchanged,
    /// A removed line.
    Removed,
    /// An added line.
    Added,
}

/// Returns the changes of `patch` as a diff of the file, or of the serialized object if the file's own lines
/// cannot show them.
pub fn diff(object: &Object, patch: &[PatchOperation]) -> Diff {
    if patch.is_empty() {
        return Diff::default();
    }
    let in_text = |hunks| Diff {
        serialized: false,
        hunks,
    };
    let is_item = !object.pointer().is_empty();
    if is_item && let Some(excerpt) = Excerpt::new(object, patch) {
        return in_text(hunks(&excerpt.before, &excerpt.after, excerpt.line));
    }
    let limit = if is_item {
        MAX_PARSED_BYTES_PER_ITEM
    } else {
        MAX_PARSED_BYTES
    };
    if object.source().len().saturating_mul(patch.len()) <= limit
        && let Some(edited) = object.edit(patch)
    {
        return in_text(hunks(object.source(), &edited, object.source_line()));
    }
    let mut after = object.value.clone();
    if json_patch::patch(&mut after, patch).is_err() {
        return Diff::default();
    }
    Diff {
        serialized: true,
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
                        ChangeTag::Equal => Change::Unchanged,
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
