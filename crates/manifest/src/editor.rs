//! Applies one change to the text of a document.
//!
//! Methods return `None` if the text is not as expected. The caller verifies the result.

mod add;
mod block;
mod extent;
mod find;
mod flow;
mod lines;
mod remove;
mod replace;
mod style;

use std::ops::Range;

use serde_json::Value;

use crate::render::Block;
use crate::tree::{Id, Node, Tree};

/// The document to change.
pub(crate) struct Editor<'a> {
    text: &'a str,
    tree: Tree,
    newline: &'static str,
    block: Block,
}

/// The location of a value in the text.
#[derive(Debug, Clone)]
struct Location {
    id: Id,
    /// Where the space for the value starts: after the colon, the dash or the bracket.
    from: usize,
    context: Context,
}

/// What contains a value.
#[derive(Debug, Clone, Copy)]
enum Context {
    Root,
    /// A block mapping; the value's key is at `column`.
    Member {
        column: usize,
    },
    /// A block sequence; the value's dash is at byte `dash`.
    Item {
        dash: usize,
    },
    /// A flow collection.
    Flow,
}

impl<'a> Editor<'a> {
    pub(crate) fn new(text: &'a str) -> Option<Self> {
        let tree = Tree::parse(text).ok()?;
        let newline = match text.find('\n') {
            Some(at) if text.get(..at)?.ends_with('\r') => "\r\n",
            _ => "\n",
        };
        let mut editor = Self {
            text,
            tree,
            newline,
            block: Block::default(),
        };
        editor.block = editor.style();
        Some(editor)
    }

    /// Returns the text with the value at `tokens` replaced.
    pub(crate) fn replace(&self, tokens: &[String], value: &Value) -> Option<String> {
        let location = self.locate(tokens)?;
        self.replace_at(&location, value)
    }

    /// Returns the text with a range replaced by `new`.
    fn splice(&self, range: Range<usize>, new: &str) -> Option<String> {
        let before = self.text.get(..range.start)?;
        let after = self.text.get(range.end..)?;
        Some(format!("{before}{new}{after}"))
    }
}

/// Whether a node is an empty value, as in `key:`.
fn is_empty_node(node: &Node) -> bool {
    node.span.is_empty() && node.scalar() == Some(("", true))
}
