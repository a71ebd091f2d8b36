//! Finds the location of a value.
//!
//! The parser does not report the positions of colons and dashes, so they are found by walking down from the
//! root.

use super::{Context, Editor, Location, is_empty_node};
use crate::locate;
use crate::tree::{Body, Id};

impl Editor<'_> {
    /// Returns the location of the value at `tokens`, without following aliases and merges.
    pub(super) fn locate(&self, tokens: &[String]) -> Option<Location> {
        let root = Location {
            id: self.tree.root,
            from: self.content_start(),
            context: if self.tree.json {
                Context::Flow
            } else {
                Context::Root
            },
        };
        tokens
            .iter()
            .try_fold(root, |location, token| self.child(&location, token))
    }

    /// Returns where the document starts, after directives and the marker.
    fn content_start(&self) -> usize {
        let mut at = 0;
        for line in self.text.split_inclusive('\n') {
            if line.starts_with("---") {
                return at + 3;
            }
            let skipped = line.trim().is_empty() || line.starts_with(['%', '#']);
            if !skipped {
                break;
            }
            at += line.len();
        }
        0
    }

    fn child(&self, parent: &Location, token: &str) -> Option<Location> {
        let node = self.tree.node(parent.id);
        match &node.body {
            Body::Mapping(_) => {
                let place = locate::own_member(&self.tree, parent.id, token)?;
                let key = place.key?;
                let value = self.tree.node(place.value);
                let from = match self.colon(key) {
                    Some(colon) => colon + 1,
                    // A member of a flow mapping without a colon after its key, as in `{a}`.
                    None if node.flow && !is_empty_node(value) => value.span.start,
                    None => return None,
                };
                Some(Location {
                    id: place.value,
                    from,
                    context: if node.flow {
                        Context::Flow
                    } else {
                        Context::Member {
                            column: self.tree.node(key).column,
                        }
                    },
                })
            }
            Body::Sequence(items) if node.flow => {
                let id = *items.get(locate::index(token)?)?;
                Some(Location {
                    id,
                    from: self.tree.node(id).span.start,
                    context: Context::Flow,
                })
            }
            Body::Sequence(items) => self.item(parent, items, locate::index(token)?),
            Body::Scalar { .. } | Body::Alias(_) => None,
        }
    }

    /// Returns the location of an item of a block sequence. Its dash can only be found from the items before
    /// it.
    pub(super) fn item(&self, parent: &Location, items: &[Id], index: usize) -> Option<Location> {
        let mut from = self.skip_properties(parent.from)?;
        for (position, &id) in items.iter().enumerate() {
            let dash = self.skip_blank(from);
            if !self.text.get(dash..)?.starts_with('-') {
                return None;
            }
            let location = Location {
                id,
                from: dash + 1,
                context: Context::Item { dash },
            };
            if position == index {
                return Some(location);
            }
            from = self.location_end(&location)?;
        }
        None
    }

    /// Skips an anchor and a tag at `from`, if any.
    fn skip_properties(&self, mut from: usize) -> Option<usize> {
        loop {
            let at = self.skip_blank(from);
            let rest = self.text.get(at..)?;
            if !rest.starts_with(['&', '!']) {
                return Some(from);
            }
            from = at + rest.find(char::is_whitespace)?;
        }
    }

    /// Returns the position of the colon after a key.
    pub(super) fn colon(&self, key: Id) -> Option<usize> {
        let at = self.skip_blank(self.end(key)?);
        self.text.get(at..)?.starts_with(':').then_some(at)
    }

    /// Returns the first byte at or after `at` that is neither white space nor in a comment.
    fn skip_blank(&self, mut at: usize) -> usize {
        loop {
            let rest = self.text.get(at..).unwrap_or_default();
            let content = rest.trim_start_matches([' ', '\t', '\r', '\n']);
            at += rest.len() - content.len();
            if !content.starts_with('#') {
                return at;
            }
            at += content.find('\n').unwrap_or(content.len());
        }
    }
}
