//! Edits one item of a `List` as a document of its own.
//!
//! An edit parses the whole document, and a list of thousands of items is one document. This edits only the
//! item's own lines, so the cost does not grow with the list.

use json_patch::PatchOperation;
use manifest::Object;

/// The lines of a list item, before and after a change.
pub(super) struct Excerpt {
    pub(super) before: String,
    pub(super) after: String,
    /// The first line in the file, from 1.
    pub(super) line: usize,
}

impl Excerpt {
    /// Applies `patch` to the lines of the item. Returns `None` if these lines alone do not parse to the same
    /// value, for example because they contain an alias or share a line with another item.
    pub(super) fn new(item: &Object, patch: &[PatchOperation]) -> Option<Self> {
        let (text, dash) = lines_of(item)?;
        let document = manifest::read(&item.file, text.as_bytes()).next()?.ok()?;
        let alone = document.objects().next()?.ok()?;
        if alone.value != item.value {
            return None;
        }
        let restore_dash = |text: &str| {
            let mut text = text.to_owned();
            if let Some(at) = dash {
                text.replace_range(at..=at, "-");
            }
            text
        };
        Some(Self {
            before: restore_dash(alone.source()),
            after: restore_dash(&alone.edit(patch)?),
            line: item.line,
        })
    }
}

/// Returns the item's lines with the leading dash replaced by a space, and the column of that dash.
fn lines_of(item: &Object) -> Option<(String, Option<usize>)> {
    let above = item.line.checked_sub(item.source_line())?;
    let mut lines = skip_lines(item.source(), above)?.split_inclusive('\n');
    let mut text = lines.next()?.to_owned();
    let item_indent = indent(&text);
    let content = text.get(item_indent..)?;
    let dash = content.starts_with("- ").then_some(item_indent);
    let is_flow = content.starts_with('{');
    for line in lines {
        let is_deeper = indent(line) > item_indent || line.trim().is_empty();
        if is_deeper || (dash.is_none() && !is_flow && indent(line) == item_indent) {
            text.push_str(line);
            continue;
        }
        if is_flow && line.trim_start().starts_with('}') {
            // A comma after the brace belongs to the list.
            text.push_str(line.get(..=indent(line))?);
        }
        break;
    }
    if let Some(at) = dash {
        text.replace_range(at..=at, " ");
    }
    Some((text, dash))
}

/// Returns the text after its first `count` lines.
fn skip_lines(text: &str, count: usize) -> Option<&str> {
    // Every item of a long list counts from the top. Blocks of 255 bytes let newlines be counted in a `u8`,
    // which compiles to vector instructions.
    const BLOCK: usize = 255;
    let mut left = count;
    let mut at = 0;
    for block in text.as_bytes().chunks(BLOCK) {
        let newlines: u8 = block.iter().map(|byte| u8::from(*byte == b'\n')).sum();
        if left <= usize::from(newlines) {
            break;
        }
        left -= usize::from(newlines);
        at += block.len();
    }
    for byte in text.as_bytes().get(at..)? {
        if left == 0 {
            break;
        }
        left -= usize::from(*byte == b'\n');
        at += 1;
    }
    text.get(at..)
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}
