//! Finding the place of a value.
//!
//! Positions that the parser does not give, such as those of colons and dashes, are found by
//! walking down from the root.

use super::{Editor, Site, Spot, is_nothing};
use crate::locate;
use crate::tree::{Body, Id};

impl Editor<'_> {
    /// The place that `tokens` lead to without aliases and merges.
    pub(super) fn spot(&self, tokens: &[String]) -> Option<Spot> {
        let root = Spot {
            id: self.tree.root,
            from: self.content_start(),
            site: if self.tree.json {
                Site::Flow
            } else {
                Site::Root
            },
        };
        tokens
            .iter()
            .try_fold(root, |spot, token| self.child(&spot, token))
    }

    /// Where the document begins behind directives and a marker.
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

    fn child(&self, parent: &Spot, token: &str) -> Option<Spot> {
        let node = self.tree.node(parent.id);
        match &node.body {
            Body::Mapping(_) => {
                let place = locate::own_member(&self.tree, parent.id, token)?;
                let key = place.key?;
                let value = self.tree.node(place.value);
                let from = match self.colon(key) {
                    Some(colon) => colon + 1,
                    // `{a}`, where there is no colon to write behind.
                    None if node.flow && !is_nothing(value) => value.span.start,
                    None => return None,
                };
                Some(Spot {
                    id: place.value,
                    from,
                    site: if node.flow {
                        Site::Flow
                    } else {
                        Site::Member {
                            column: self.tree.node(key).column,
                        }
                    },
                })
            }
            Body::Sequence(items) if node.flow => {
                let id = *items.get(locate::index(token)?)?;
                Some(Spot {
                    id,
                    from: self.tree.node(id).span.start,
                    site: Site::Flow,
                })
            }
            Body::Sequence(items) => self.item(parent, items, locate::index(token)?),
            Body::Scalar { .. } | Body::Alias(_) => None,
        }
    }

    /// An item of a block sequence: only from the ones before it is known which dash is its.
    pub(super) fn item(&self, parent: &Spot, items: &[Id], index: usize) -> Option<Spot> {
        let mut from = self.behind_properties(parent.from)?;
        for (position, &id) in items.iter().enumerate() {
            let dash = self.skip_blank(from);
            if !self.text.get(dash..)?.starts_with('-') {
                return None;
            }
            let spot = Spot {
                id,
                from: dash + 1,
                site: Site::Item { dash },
            };
            if position == index {
                return Some(spot);
            }
            from = self.spot_end(&spot)?;
        }
        None
    }

    /// Behind an anchor and a tag at `from`, if there are.
    fn behind_properties(&self, mut from: usize) -> Option<usize> {
        loop {
            let at = self.skip_blank(from);
            let rest = self.text.get(at..)?;
            if !rest.starts_with(['&', '!']) {
                return Some(from);
            }
            from = at + rest.find(char::is_whitespace)?;
        }
    }

    /// The colon behind a key.
    pub(super) fn colon(&self, key: Id) -> Option<usize> {
        let at = self.skip_blank(self.end(key)?);
        self.text.get(at..)?.starts_with(':').then_some(at)
    }

    /// The first byte from `at` on that is neither white space nor in a comment.
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
