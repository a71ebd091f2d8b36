//! Replacing a value, in block and in flow style.

use saphyr_parser::ScalarStyle;
use serde_json::Value;

use super::style::like;
use super::{Editor, Site, Spot, is_nothing};
use crate::render;
use crate::tree::Body;

impl Editor<'_> {
    pub(super) fn replace_at(&self, spot: &Spot, value: &Value) -> Option<String> {
        let node = self.tree.node(spot.id);
        let end = self.spot_end(spot)?;
        let is_block = match value {
            Value::Object(members) => !members.is_empty(),
            Value::Array(items) => !items.is_empty(),
            _ => false,
        };
        match spot.site {
            Site::Root => None,
            Site::Flow => {
                let new = match like(node, value) {
                    Some(new) => new,
                    None => render::flow(value, self.is_json(None)),
                };
                if is_nothing(node) {
                    self.splice(spot.from..spot.from, &format!(" {new}"))
                } else {
                    self.splice(node.span.clone(), &new)
                }
            }
            Site::Member { column } if is_block => {
                let indent = match value {
                    Value::Array(_) => column + self.block.list_indent,
                    _ => column + self.block.step,
                };
                self.replace_by_block(spot.from, end, value, indent)
            }
            Site::Item { dash } if is_block => {
                let column = self.column(dash)?;
                let behind = self.text.get(end..self.next_line(end)?)?;
                if behind.trim().is_empty() {
                    let mut lines = String::new();
                    self.block.item(&mut lines, value, column);
                    let lines = lines.trim_end_matches('\n').replace('\n', self.newline);
                    return self.splice(dash..end, &lines);
                }
                self.replace_by_block(spot.from, end, value, column + 2)
            }
            Site::Member { .. } | Site::Item { .. } => {
                let old_is_short = matches!(
                    node.body,
                    Body::Scalar {
                        style: ScalarStyle::Plain
                            | ScalarStyle::SingleQuoted
                            | ScalarStyle::DoubleQuoted,
                        ..
                    } | Body::Alias(_)
                ) || node.flow;
                let new = like(node, value).unwrap_or_else(|| short(value));
                if old_is_short && !is_nothing(node) {
                    return self.splice(node.span.start..end, &new);
                }
                // A comment between the colon and a block stays in its line.
                let comment = if old_is_short {
                    spot.from
                } else {
                    self.next_line(spot.from).map_or(spot.from, |next| {
                        self.text.get(..next).map_or(next, |it| it.trim_end().len())
                    })
                };
                let kept = self.text.get(spot.from..comment)?;
                self.splice(spot.from..end, &format!(" {new}{kept}"))
            }
        }
    }

    /// Replaces what is between `from` and `end` by lines below, keeping a comment that stands
    /// in the line.
    fn replace_by_block(
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
        // The comment of the key's line: behind the colon, or behind a value of one line.
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

/// A scalar or an empty collection on one line.
fn short(value: &Value) -> String {
    match value {
        Value::String(string) => render::text(string),
        _ => render::plain(value),
    }
}
