//! Detects the style of a document, so that new text matches it.

use saphyr_parser::ScalarStyle;
use serde_json::Value;

use super::Editor;
use crate::render::{self, Block};
use crate::tree::{Body, Id, Node};

impl Editor<'_> {
    /// Returns the indentation of the first nested mapping and the first list of the document.
    pub(super) fn style(&self) -> Block {
        let (mut step, mut list_indent) = (None, None);
        for node in &self.tree.nodes {
            let Body::Mapping(entries) = &node.body else {
                continue;
            };
            if node.flow {
                continue;
            }
            for &(key, value) in entries {
                let column = self.tree.node(key).column;
                let value = self.tree.node(value);
                match &value.body {
                    Body::Mapping(_) if !value.flow && step.is_none() => {
                        step = value.column.checked_sub(column);
                    }
                    Body::Sequence(items) if !value.flow && list_indent.is_none() => {
                        list_indent = items.first().and_then(|&item| {
                            let start = self.tree.node(item).span.start;
                            let dash = self.text.get(..start)?.trim_end_matches(' ').len();
                            let dash = dash.checked_sub(1)?;
                            let is_dash = self.text.get(dash..)?.starts_with('-');
                            is_dash
                                .then(|| self.column(dash)?.checked_sub(column))
                                .flatten()
                        });
                    }
                    _ => {}
                }
            }
        }
        let default = Block::default();
        Block {
            step: step.filter(|&step| step > 0).unwrap_or(default.step),
            list_indent: list_indent.unwrap_or(default.list_indent),
        }
    }

    /// Whether a new value must be written as JSON: in a JSON document, or next to a double-quoted `key`.
    pub(super) fn is_json(&self, key: Option<Id>) -> bool {
        let quoted = |key: Id| {
            matches!(
                self.tree.node(key).body,
                Body::Scalar {
                    style: ScalarStyle::DoubleQuoted,
                    ..
                }
            )
        };
        self.tree.json || key.is_some_and(quoted)
    }
}

/// Renders a string with the quotes of the string that it replaces.
pub(super) fn with_quotes_of(old: &Node, value: &Value) -> Option<String> {
    let Value::String(new) = value else {
        return None;
    };
    match old.body {
        Body::Scalar {
            style: ScalarStyle::SingleQuoted,
            ..
        } => render::single_quoted(new),
        Body::Scalar {
            style: ScalarStyle::DoubleQuoted,
            ..
        } => Some(render::double_quoted(new)),
        _ => None,
    }
}
