//! Removes a member or an item.

use std::ops::Range;

use serde_json::Value;

use super::{Context, Editor, Location};
use crate::locate;
use crate::tree::Body;

impl Editor<'_> {
    /// Returns the text without the member or item at `tokens`.
    pub(crate) fn remove(&self, tokens: &[String]) -> Option<String> {
        let (last, parents) = tokens.split_last()?;
        let parent = self.locate(parents)?;
        let node = self.tree.node(parent.id);
        match &node.body {
            Body::Mapping(entries) => {
                let key = locate::own_member(&self.tree, parent.id, last)?.key?;
                let index = entries.iter().position(|&(it, _)| it == key)?;
                let ranges: Option<Vec<Range<usize>>> = entries
                    .iter()
                    .map(|&(key, value)| {
                        Some(self.tree.node(key).span.start..self.entry_end(key, value)?)
                    })
                    .collect();
                self.remove_part(
                    &parent,
                    &ranges?,
                    index,
                    &Value::Object(serde_json::Map::new()),
                )
            }
            Body::Sequence(items) => {
                let index = locate::index(last)?;
                let ranges: Option<Vec<Range<usize>>> = if node.flow {
                    items
                        .iter()
                        .map(|&item| Some(self.tree.node(item).span.start..self.end(item)?))
                        .collect()
                } else {
                    (0..items.len())
                        .map(|index| {
                            let item = self.item(&parent, items, index)?;
                            let Context::Item { dash } = item.context else {
                                return None;
                            };
                            Some(dash..self.location_end(&item)?)
                        })
                        .collect()
                };
                self.remove_part(&parent, &ranges?, index, &Value::Array(Vec::new()))
            }
            Body::Scalar { .. } | Body::Alias(_) => None,
        }
    }

    /// Removes one of the `parts` of a collection. If it is the only one, the collection becomes `empty`.
    fn remove_part(
        &self,
        parent: &Location,
        parts: &[Range<usize>],
        index: usize,
        empty: &Value,
    ) -> Option<String> {
        let part = parts.get(index)?;
        let next = parts.get(index + 1);
        let node = self.tree.node(parent.id);
        if parts.len() == 1 {
            return if node.flow {
                let inside = node.span.start + 1..node.span.end.checked_sub(1)?;
                let opening = self.text.get(node.span.start..inside.start)?;
                matches!(opening, "{" | "[")
                    .then(|| self.splice(inside, ""))
                    .flatten()
            } else {
                self.replace_at(parent, empty)
            };
        }
        if node.flow {
            return match (next, index.checked_sub(1)) {
                (Some(next), _) => self.splice(part.start..next.start, ""),
                (None, Some(before)) => self.splice(parts.get(before)?.end..part.end, ""),
                (None, None) => None,
            };
        }
        let next_line = self.next_line(part.end)?;
        if self.is_first_in_line(part.start) {
            return self.splice(self.line_start(part.start)..next_line, "");
        }
        // The first part follows a dash, so the next content, which may be a comment, takes its place.
        next?;
        let rest = self.text.get(next_line..)?;
        let content = rest.trim_start_matches([' ', '\r', '\n']);
        self.splice(part.start..next_line + rest.len() - content.len(), "")
    }
}
