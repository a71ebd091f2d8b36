//! Replaces a value in block or flow style.

use saphyr_parser::ScalarStyle;
use serde_json::Value;

use super::style::with_quotes_of;
use super::{Context, Editor, Location, is_empty_node};
use crate::render;
use crate::tree::Body;

impl Editor<'_> {
    pub(super) fn replace_at(&self, location: &Location, value: &Value) -> Option<String> {
        let node = self.tree.node(location.id);
        let end = self.location_end(location)?;
        let is_block = match value {
            Value::Object(members) => !members.is_empty(),
            Value::Array(items) => !items.is_empty(),
            _ => false,
        };
        match location.context {
            Context::Root => None,
            Context::Flow => {
                let new = match with_quotes_of(node, value) {
                    Some(new) => new,
                    None => render::flow(value, self.is_json(None)),
                };
                if is_empty_node(node) {
                    self.splice(location.from..location.from, &format!(" {new}"))
                } else {
                    self.splice(node.span.clone(), &new)
                }
            }
            Context::Member { column } if is_block => {
                let indent = match value {
                    Value::Array(_) => column + self.block.list_indent,
                    _ => column + self.block.step,
                };
                self.replace_with_block(location.from, end, value, indent)
            }
            Context::Item { dash } if is_block => {
                let column = self.column(dash)?;
                let rest_of_line = self.text.get(end..self.next_line(end)?)?;
                if rest_of_line.trim().is_empty() {
                    let mut lines = String::new();
                    self.block.item(&mut lines, value, column);
                    let lines = lines.trim_end_matches('\n').replace('\n', self.newline);
                    return self.splice(dash..end, &lines);
                }
                self.replace_with_block(location.from, end, value, column + 2)
            }
            Context::Member { .. } | Context::Item { .. } => {
                let old_is_inline = matches!(
                    node.body,
                    Body::Scalar {
                        style: ScalarStyle::Plain
                            | ScalarStyle::SingleQuoted
                            | ScalarStyle::DoubleQuoted,
                        ..
                    } | Body::Alias(_)
                ) || node.flow;
                let new = with_quotes_of(node, value).unwrap_or_else(|| single_line(value));
                if old_is_inline && !is_empty_node(node) {
                    return self.splice(node.span.start..end, &new);
                }
                // A comment between the colon and a block stays in its line.
                let comment_end = if old_is_inline {
                    location.from
                } else {
                    self.next_line(location.from).map_or(location.from, |next| {
                        self.text.get(..next).map_or(next, |it| it.trim_end().len())
                    })
                };
                let comment = self.text.get(location.from..comment_end)?;
                self.splice(location.from..end, &format!(" {new}{comment}"))
            }
        }
    }

    /// Replaces the text between `from` and `end` with lines below it, and keeps a comment in the line.
    fn replace_with_block(
        &self,
        from: usize,
        end: usize,
        value: &Value,
        indent: usize,
    ) -> Option<String> {
        let mut lines = String::new();
        self.block.value(&mut lines, value, indent);
        let lines = lines.trim_end_matches('\n').replace('\n', self.newline);
        let next = self.next_line(end)?;
        // The comment of the key's line: after the colon, or after a value on the same line.
        let comment_from = match self.next_line(from) {
            Some(_) => from,
            None => end,
        };
        let comment_end = self.next_line(comment_from)?;
        let comment = self.text.get(comment_from..comment_end)?.trim_end();
        let rest_of_line = self.text.get(end..next)?;
        let line_break = rest_of_line
            .get(rest_of_line.trim_end_matches(['\r', '\n']).len()..)
            .unwrap_or_default();
        self.splice(
            from..next,
            &format!("{comment}{}{lines}{line_break}", self.newline),
        )
    }
}

/// Renders a scalar or an empty collection on one line.
fn single_line(value: &Value) -> String {
    match value {
        Value::String(string) => render::text(string),
        _ => render::plain(value),
    }
}
