//! Finds the end of values, which the parser does not report for block style.

use saphyr_parser::ScalarStyle;

use super::{Editor, Location, is_empty_node};
use crate::tree::{Body, Id};

impl Editor<'_> {
    /// Returns the end of a node, without the blank lines after a block scalar.
    pub(super) fn end(&self, id: Id) -> Option<usize> {
        let node = self.tree.node(id);
        match &node.body {
            Body::Scalar {
                style: ScalarStyle::Literal | ScalarStyle::Folded,
                ..
            } => Some(self.text.get(..node.span.end)?.trim_end().len()),
            Body::Sequence(items) if !node.flow => match items.last() {
                Some(&last) => Some(self.end(last)?.max(self.tree.node(last).span.start)),
                None => Some(node.span.end),
            },
            Body::Mapping(entries) if !node.flow => {
                let &(key, value) = entries.last()?;
                self.entry_end(key, value)
            }
            _ => Some(node.span.end),
        }
    }

    pub(super) fn entry_end(&self, key: Id, value: Id) -> Option<usize> {
        let node = self.tree.node(value);
        let key_end = self.end(key)?;
        if is_empty_node(node) {
            return Some(self.colon(key).map_or(key_end, |colon| colon + 1));
        }
        Some(self.end(value)?.max(key_end))
    }

    pub(super) fn location_end(&self, location: &Location) -> Option<usize> {
        if is_empty_node(self.tree.node(location.id)) {
            return Some(location.from);
        }
        Some(self.end(location.id)?.max(location.from))
    }
}
