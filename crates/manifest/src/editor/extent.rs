//! Where values end, which for block style the parser does not tell.

use saphyr_parser::ScalarStyle;

use super::{Editor, Spot, is_nothing};
use crate::tree::{Body, Id};

impl Editor<'_> {
    /// Where a node's last character ends, without the blank lines behind a block scalar.
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
        if is_nothing(node) {
            return Some(self.colon(key).map_or(key_end, |colon| colon + 1));
        }
        Some(self.end(value)?.max(key_end))
    }

    pub(super) fn spot_end(&self, spot: &Spot) -> Option<usize> {
        if is_nothing(self.tree.node(spot.id)) {
            return Some(spot.from);
        }
        Some(self.end(spot.id)?.max(spot.from))
    }
}
