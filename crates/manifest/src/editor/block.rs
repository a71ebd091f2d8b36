//! Adds lines to collections in block style.

use serde_json::Value;

use super::{Context, Editor, Location};
use crate::tree::Id;

impl Editor<'_> {
    pub(super) fn add_block_member(
        &self,
        first_key: Id,
        (last_key, last_value): (Id, Id),
        key: &str,
        value: &Value,
    ) -> Option<String> {
        let at = self.next_line(self.entry_end(last_key, last_value)?)?;
        let indent = self.tree.node(first_key).column;
        let mut lines = " ".repeat(indent);
        self.block.member(&mut lines, key, value, indent);
        self.insert_lines(at, &lines)
    }

    pub(super) fn append_block_item(
        &self,
        parent: &Location,
        items: &[Id],
        value: &Value,
    ) -> Option<String> {
        let last = self.item(parent, items, items.len().checked_sub(1)?)?;
        let Context::Item { dash } = last.context else {
            return None;
        };
        let column = self.column(dash)?;
        let at = self.next_line(self.location_end(&last)?)?;
        let mut lines = " ".repeat(column);
        self.block.item(&mut lines, value, column);
        self.insert_lines(at, &lines)
    }

    pub(super) fn insert_block_item(
        &self,
        parent: &Location,
        items: &[Id],
        index: usize,
        value: &Value,
    ) -> Option<String> {
        let Context::Item { dash } = self.item(parent, items, index)?.context else {
            return None;
        };
        let column = self.column(dash)?;
        let mut lines = String::new();
        self.block.item(&mut lines, value, column);
        lines.push_str(&" ".repeat(column));
        self.splice(dash..dash, &lines.replace('\n', self.newline))
    }
}
