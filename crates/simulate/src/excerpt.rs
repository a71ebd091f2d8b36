//! One item of a `List` as a document of its own.
//!
//! A list of thousands is one document, and an edit reads its document again; so a change in an item
//! is shown in the item's lines, and costs no more than they do.

use json_patch::PatchOperation;
use manifest::Object;

/// The lines that an item of a list stands on, before and after a change.
pub(super) struct Excerpt {
    pub(super) before: String,
    pub(super) after: String,
    /// The line of the file where they start, from 1.
    pub(super) line: usize,
}

impl Excerpt {
    /// `None` where the lines say something else when they stand alone, such as for an alias or where
    /// the item shares a line with others.
    pub(super) fn of(item: &Object, patch: &[PatchOperation]) -> Option<Self> {
        let (text, dash) = lines_of(item)?;
        let document = manifest::read(&item.file, text.as_bytes()).next()?.ok()?;
        let alone = document.objects().next()?.ok()?;
        if alone.value != item.value {
            return None;
        }
        let with_dash = |text: &str| {
            let mut text = text.to_owned();
            if let Some(at) = dash {
                text.replace_range(at..=at, "-");
            }
            text
        };
        Some(Self {
            before: with_dash(alone.source()),
            after: with_dash(&alone.edit(patch)?),
            line: item.line,
        })
    }
}

/// The item's lines, and where on the first the dash before it was, which they are without.
fn lines_of(item: &Object) -> Option<(String, Option<usize>)> {
    let above = item.line.checked_sub(item.source_line())?;
    let mut lines = below(item.source(), above)?.split_inclusive('\n');
    let mut text = lines.next()?.to_owned();
    let own = indent(&text);
    let content = text.get(own..)?;
    let dash = content.starts_with("- ").then_some(own);
    let is_flow = content.starts_with('{');
    for line in lines {
        let is_deeper = indent(line) > own || line.trim().is_empty();
        if is_deeper || (dash.is_none() && !is_flow && indent(line) == own) {
            text.push_str(line);
            continue;
        }
        if is_flow && line.trim_start().starts_with('}') {
            // The comma after it is the list's.
            text.push_str(line.get(..=indent(line))?);
        }
        break;
    }
    if let Some(at) = dash {
        text.replace_range(at..=at, " ");
    }
    Some((text, dash))
}

/// The text below its first `above` lines.
fn below(text: &str, above: usize) -> Option<&str> {
    // Every item of a long list counts from the top, so it is done in blocks whose ends of lines are
    // counted in a byte, which compiles to vector instructions.
    const BLOCK: usize = 255;
    let mut left = above;
    let mut at = 0;
    for block in text.as_bytes().chunks(BLOCK) {
        let ends: u8 = block.iter().map(|byte| u8::from(*byte == b'\n')).sum();
        if left <= usize::from(ends) {
            break;
        }
        left -= usize::from(ends);
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
