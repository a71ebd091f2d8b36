//! One change in the text of one document.
//!
//! Wherever the text is not as expected the answer is `None`; what is answered is checked by the
//! caller.

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

/// A document to change.
pub(crate) struct Editor<'a> {
    text: &'a str,
    tree: Tree,
    newline: &'static str,
    block: Block,
}

/// A value's place in the text.
#[derive(Debug, Clone)]
struct Spot {
    id: Id,
    /// Where the space for the value begins: behind the colon, the dash or the bracket.
    from: usize,
    site: Site,
}

/// What holds a value.
#[derive(Debug, Clone, Copy)]
enum Site {
    Root,
    /// A member of a block mapping, its key at a column.
    Member {
        column: usize,
    },
    /// An item of a block sequence, its dash at a byte.
    Item {
        dash: usize,
    },
    /// Something in flow style.
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

    /// The text with the value at `tokens` replaced.
    pub(crate) fn replace(&self, tokens: &[String], value: &Value) -> Option<String> {
        let spot = self.spot(tokens)?;
        self.replace_at(&spot, value)
    }

    /// The text with `new` in place of a range.
    fn splice(&self, range: Range<usize>, new: &str) -> Option<String> {
        let before = self.text.get(..range.start)?;
        let after = self.text.get(range.end..)?;
        Some(format!("{before}{new}{after}"))
    }
}

/// Whether a node is a value left out.
fn is_nothing(node: &Node) -> bool {
    node.span.is_empty() && node.scalar() == Some(("", true))
}
