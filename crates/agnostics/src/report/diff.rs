//! A mutation as a unified diff of the file.

use std::io::{self, Write};

use anstyle::Style;
use json_patch::PatchOperation;
use manifest::Object;
use similar::{ChangeTag, TextDiff};

use super::excerpt::Excerpt;
use super::text::{ADDED, DIM, HUNK, REMOVED};

/// Lines around a change, as `diff -u` has them.
const CONTEXT: usize = 3;

/// Each operation of an edit reads the document again; beyond so many bytes in all the object is
/// written out instead.
const MOST_READ: usize = 32 * 1024 * 1024;

/// The same for an item of a list, whose siblings may want it too.
const MOST_READ_FOR_ITEM: usize = 128 * 1024;

/// Writes what `patch` changes: in the file's own text and at its line numbers, or, where the text
/// cannot show it (a value that came through an alias), in the object written out.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write(
    out: &mut dyn Write,
    object: &Object,
    patch: &[PatchOperation],
) -> io::Result<()> {
    if patch.is_empty() {
        return Ok(());
    }
    let is_item = !object.pointer().is_empty();
    if is_item && let Some(excerpt) = Excerpt::of(object, patch) {
        return hunks(out, &excerpt.before, &excerpt.after, excerpt.line);
    }
    let most = if is_item {
        MOST_READ_FOR_ITEM
    } else {
        MOST_READ
    };
    if object.source().len().saturating_mul(patch.len()) <= most
        && let Some(edited) = object.edit(patch)
    {
        return hunks(out, object.source(), &edited, object.source_line());
    }
    let mut after = object.value.clone();
    if json_patch::patch(&mut after, patch).is_err() {
        return Ok(());
    }
    let note = "the file's own lines cannot show this, so here is the object written out:";
    writeln!(out, "{DIM}  {note}{DIM:#}")?;
    hunks(
        out,
        &manifest::render(&object.value),
        &manifest::render(&after),
        1,
    )
}

fn hunks(out: &mut dyn Write, before: &str, after: &str, first_line: usize) -> io::Result<()> {
    let diff = TextDiff::from_lines(before, after);
    for group in diff.grouped_ops(CONTEXT) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else {
            continue;
        };
        let old = first.old_range().start..last.old_range().end;
        let new = first.new_range().start..last.new_range().end;
        let (at, to) = (first_line + old.start, first_line + new.start);
        writeln!(
            out,
            "{HUNK}@@ -{at},{} +{to},{} @@{HUNK:#}",
            old.len(),
            new.len()
        )?;
        for operation in &group {
            for change in diff.iter_changes(operation) {
                let (sign, style) = match change.tag() {
                    ChangeTag::Equal => (' ', Style::new()),
                    ChangeTag::Delete => ('-', REMOVED),
                    ChangeTag::Insert => ('+', ADDED),
                };
                let line = change.value().trim_end_matches(['\n', '\r']);
                writeln!(out, "{style}{sign}{line}{style:#}")?;
            }
        }
    }
    Ok(())
}
