//! How a document is written, so that what is added looks like the rest.

use saphyr_parser::ScalarStyle;
use serde_json::Value;

use super::Editor;
use crate::render::{self, Block};
use crate::tree::{Body, Id, Node};

impl Editor<'_> {
    /// How the document's lists and levels are indented, by the first of each.
    pub(super) fn style(&self) -> Block {
        let mut found = (None, None);
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
                    Body::Mapping(_) if !value.flow && found.0.is_none() => {
                        found.0 = value.column.checked_sub(column);
                    }
                    Body::Sequence(items) if !value.flow && found.1.is_none() => {
                        found.1 = items.first().and_then(|&item| {
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
            step: found.0.filter(|&step| step > 0).unwrap_or(default.step),
            list_indent: found.1.unwrap_or(default.list_indent),
        }
    }

    /// Whether members are to be written as JSON, like the one that is there.
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

/// A string in the quotes of the one it replaces.
pub(super) fn like(old: &Node, value: &Value) -> Option<String> {
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
