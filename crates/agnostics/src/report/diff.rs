//! Writes mutations as unified diffs.

use std::io::{self, Write};

use anstyle::Style;
use json_patch::PatchOperation;
use manifest::Object;
use simulate::Change;

use super::text::{ADDED, DIM, HUNK, REMOVED};

/// Writes the changes of `patch` as a unified diff.
///
/// # Errors
/// Returns an error if writing fails.
pub(crate) fn write(
    out: &mut dyn Write,
    object: &Object,
    patch: &[PatchOperation],
) -> io::Result<()> {
    let diff = simulate::diff(object, patch);
    if diff.serialized {
        let note = "the file's own lines cannot show this change; diff of the reformatted object:";
        writeln!(out, "{DIM}  {note}{DIM:#}")?;
    }
    for hunk in diff.hunks {
        let ((at, removed), (to, added)) = (hunk.old, hunk.new);
        writeln!(out, "{HUNK}@@ -{at},{removed} +{to},{added} @@{HUNK:#}")?;
        for line in hunk.lines {
            let (sign, style) = match line.change {
                Change::Unchanged => (' ', Style::new()),
                Change::Removed => ('-', REMOVED),
                Change::Added => ('+', ADDED),
            };
            writeln!(out, "{style}{sign}{}{style:#}", line.text)?;
        }
    }
    Ok(())
}
