//! Adds to collections in flow style, such as `{a: 1}` and JSON.

use serde_json::Value;

use super::Editor;
use crate::render;
use crate::tree::Id;

impl Editor<'_> {
    pub(super) fn add_flow_member(
        &self,
        (last_key, last_value): (Id, Id),
        key: &str,
        value: &Value,
    ) -> Option<String> {
        let json = self.is_json(Some(last_key));
        let at = self.entry_end(last_key, last_value)?;
        let start = self.tree.node(last_key).span.start;
        if !self.is_on_own_line(start) {
            let member = render::flow_member(key, value, json);
            return self.splice(at..at, &format!(", {member}"));
        }
        let indent = self.text.get(self.line_start(start)..start)?;
        let name = render::flow_text(key, json);
        let value = self.flow_lines(value, json, indent);
        self.splice(at..at, &format!(",{}{indent}{name}: {value}", self.newline))
    }

    pub(super) fn insert_flow_item(&self, before: Id, value: &Value) -> Option<String> {
        let new = render::flow(value, self.is_json(None));
        let at = self.tree.node(before).span.start;
        self.splice(at..at, &format!("{new}, "))
    }

    pub(super) fn append_flow_item(&self, last: Id, value: &Value) -> Option<String> {
        let at = self.end(last)?;
        let start = self.tree.node(last).span.start;
        let json = self.is_json(None);
        if !self.is_on_own_line(start) {
            return self.splice(at..at, &format!(", {}", render::flow(value, json)));
        }
        let indent = self.text.get(self.line_start(start)..start)?;
        let new = self.flow_lines(value, json, indent);
        self.splice(at..at, &format!(",{}{indent}{new}", self.newline))
    }

    /// Renders a value in flow style: pretty-printed if it is JSON, otherwise on one line.
    fn flow_lines(&self, value: &Value, json: bool, indent: &str) -> String {
        if !json {
            return render::flow(value, json);
        }
        serde_json::to_string_pretty(value)
            .unwrap_or_else(|_| render::flow(value, json))
            .replace('\n', &format!("{}{indent}", self.newline))
    }
}
