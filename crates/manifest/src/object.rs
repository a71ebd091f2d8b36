//! A Kubernetes object and its position in the source.

use std::sync::Arc;

use serde_json::Value;

use crate::fault::Fault;
use crate::locate;
use crate::placeholders::template_help;
use crate::scalar;
use crate::tree::{Id, Node, Tree};

/// A document's text and its syntax tree.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) file: Arc<str>,
    pub(crate) text: String,
    /// The line of the file where `text` starts, from 1.
    pub(crate) first_line: usize,
    pub(crate) tree: Tree,
}

impl Source {
    /// Converts a line of the text to a line of the file, both from 1.
    pub(crate) fn line(&self, line: usize) -> usize {
        (self.first_line + line).saturating_sub(1)
    }

    /// Replaces the help of a fault if the text is a template or contains placeholders.
    pub(crate) fn with_likely_cause(&self, mut fault: Fault) -> Fault {
        if let Some(help) = template_help(&self.text, self.first_line) {
            fault.help = Some(help);
        }
        fault
    }

    pub(crate) fn root(&self) -> &Node {
        self.tree.node(self.tree.root)
    }
}

/// A Kubernetes object: a mapping with `apiVersion` and `kind`.
#[derive(Debug, Clone)]
pub struct Object {
    /// The name of the source, as given by the caller.
    pub file: Arc<str>,
    /// The line of the source where the object starts, from 1.
    pub line: usize,
    /// The object as kubectl would send it, with members in the order of the source.
    pub value: Value,
    pub(crate) source: Arc<Source>,
    pub(crate) root: Id,
    /// See [`Object::pointer`].
    pub(crate) pointer: String,
}

impl Object {
    /// `apiVersion`.
    #[must_use]
    pub fn api_version(&self) -> &str {
        self.text("/apiVersion")
    }

    /// `kind`.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.text("/kind")
    }

    /// `metadata.name`; empty if not set.
    #[must_use]
    pub fn name(&self) -> &str {
        self.text("/metadata/name")
    }

    /// `metadata.namespace`; empty if not set.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.text("/metadata/namespace")
    }

    fn text(&self, pointer: &str) -> &str {
        self.value
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// Returns the line of the source, from 1, where the value at a JSON pointer is written.
    ///
    /// For a member, it is the line of the key. For a value from an alias or a merge, it is the line of the
    /// original.
    #[must_use]
    pub fn line_of(&self, pointer: &str) -> Option<usize> {
        let tokens = locate::tokens(pointer)?;
        let place = locate::find(&self.source.tree, self.root, &tokens)?;
        Some(self.source.line(place.line(&self.source.tree)))
    }

    /// Like [`Object::line_of`], but for the deepest existing ancestor if the value is missing.
    #[must_use]
    pub fn line_near(&self, pointer: &str) -> usize {
        let tokens = locate::tokens(pointer).unwrap_or_default();
        let place = locate::find_nearest(&self.source.tree, self.root, &tokens);
        self.source.line(place.line(&self.source.tree))
    }

    /// Explains a value that YAML does not read as the string it looks like.
    ///
    /// Kubernetes reads YAML 1.1, where `yes`, `on` and similar words are booleans and `0700` is an octal
    /// number. Returns `None` for all other values.
    #[must_use]
    pub fn hint(&self, pointer: &str) -> Option<String> {
        let tree: &Tree = &self.source.tree;
        let tokens = locate::tokens(pointer)?;
        let place = locate::find(tree, self.root, &tokens)?;
        let hint_of = |id: Id| {
            let node = tree.node(tree.target(id));
            match (node.scalar(), &node.tag) {
                (Some((text, true)), None) => scalar::hint(text),
                _ => None,
            }
        };
        hint_of(place.value).or_else(|| place.key.and_then(hint_of))
    }

    /// The text of the document that contains the object, including comments. The items of a list share it.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source.text
    }

    /// The line of the file where [`Object::source`] starts, from 1.
    #[must_use]
    pub fn source_line(&self) -> usize {
        self.source.first_line
    }

    /// The JSON pointer of the object in its document: empty, or a pointer such as `/items/0` for an item of
    /// a list.
    #[must_use]
    pub fn pointer(&self) -> &str {
        &self.pointer
    }
}
