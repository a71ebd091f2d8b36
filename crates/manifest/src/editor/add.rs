//! Adds a member or an item: finds the collection and the position in it.

use serde_json::Value;

use super::{Context, Editor, Location};
use crate::locate;
use crate::render;
use crate::tree::{Body, Id};

impl Editor<'_> {
    /// Returns the text with a member or an item added. An existing member is replaced.
    pub(crate) fn add(&self, tokens: &[String], value: &Value) -> Option<String> {
        let (last, parents) = tokens.split_last()?;
        let parent = self.locate(parents)?;
        match &self.tree.node(parent.id).body {
            Body::Mapping(_) if locate::own_member(&self.tree, parent.id, last).is_some() => {
                self.replace(tokens, value)
            }
            Body::Mapping(entries) => self.add_member(&parent, entries, last, value),
            Body::Sequence(items) => self.add_item(&parent, items, last, value),
            Body::Scalar { .. } | Body::Alias(_) => None,
        }
    }

    fn add_member(
        &self,
        parent: &Location,
        entries: &[(Id, Id)],
        key: &str,
        value: &Value,
    ) -> Option<String> {
        let node = self.tree.node(parent.id);
        match entries.last() {
            Some(&entry) if node.flow => self.add_flow_member(entry, key, value),
            Some(&entry) => self.add_block_member(entries.first()?.0, entry, key, value),
            None if matches!(parent.context, Context::Flow | Context::Root) => {
                let member = render::flow_member(key, value, self.is_json(None));
                self.splice(node.span.clone(), &format!("{{{member}}}"))
            }
            None => self.replace_at(parent, &render::single_member(key, value)),
        }
    }

    /// Adds an item. `token` is the last token of a JSON pointer: an index, or `-` for the end.
    fn add_item(
        &self,
        parent: &Location,
        items: &[Id],
        token: &str,
        value: &Value,
    ) -> Option<String> {
        let node = self.tree.node(parent.id);
        let index = match token {
            "-" => items.len(),
            _ => locate::index(token)?,
        };
        match (items.get(index), items.last()) {
            (Some(&item), _) if node.flow => self.insert_flow_item(item, value),
            (Some(_), _) => self.insert_block_item(parent, items, index, value),
            (None, Some(&last)) if node.flow => self.append_flow_item(last, value),
            (None, Some(_)) => self.append_block_item(parent, items, value),
            (None, None) if matches!(parent.context, Context::Flow | Context::Root) => {
                let new = render::flow(value, self.is_json(None));
                self.splice(node.span.clone(), &format!("[{new}]"))
            }
            (None, None) => self.replace_at(parent, &Value::Array(vec![value.clone()])),
        }
    }
}
