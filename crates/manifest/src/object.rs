//! One Kubernetes object and its place in the source.

use std::sync::Arc;

use serde_json::Value;

use crate::fault::Fault;
use crate::locate;
use crate::placeholders::unrendered;
use crate::scalar;
use crate::tree::{Id, Node, Tree};

/// A document's text and what was read from it.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) file: Arc<str>,
    pub(crate) text: String,
    /// The line of the file where `text` starts, from 1.
    pub(crate) first_line: usize,
    pub(crate) tree: Tree,
}

impl Source {
    /// The file's line for a line of the text, both from 1.
    pub(crate) fn line(&self, line: usize) -> usize {
        (self.first_line + line).saturating_sub(1)
    }

    /// A fault with unfilled gaps named as its likely cause.
    pub(crate) fn with_likely_cause(&self, mut fault: Fault) -> Fault {
        if let Some(help) = unrendered(&self.text, self.first_line) {
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
    /// The source as the caller named it.
    pub file: Arc<str>,
    /// The line in the source where the object starts, from 1.
    pub line: usize,
    /// The object as kubectl would send it, members in the order of the source.
    pub value: Value,
    pub(crate) source: Arc<Source>,
    pub(crate) root: Id,
    /// Where the object is in its document, which is not the top for a list's item.
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

    /// `metadata.name`, or nothing.
    #[must_use]
    pub fn name(&self) -> &str {
        self.text("/metadata/name")
    }

    /// `metadata.namespace`, or nothing.
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

    /// The line of the source, from 1, where the value at a JSON pointer is written: a member at
    /// its key, what an alias or a merge brought in where it was written first.
    #[must_use]
    pub fn line_of(&self, pointer: &str) -> Option<usize> {
        let tokens = locate::tokens(pointer)?;
        let place = locate::find(&self.source.tree, self.root, &tokens)?;
        Some(self.source.line(place.line(&self.source.tree)))
    }

    /// As [`Object::line_of`], for the deepest part of the pointer that is there. That is where
    /// to point for something missing.
    #[must_use]
    pub fn line_near(&self, pointer: &str) -> usize {
        let tokens = locate::tokens(pointer).unwrap_or_default();
        let place = locate::find_nearest(&self.source.tree, self.root, &tokens);
        self.source.line(place.line(&self.source.tree))
    }

    /// Why a value is not what it looks like: YAML 1.1, which Kubernetes reads, takes `yes`,
    /// `on` and their like for booleans and `0700` for an octal number. Nothing for values that
    /// are as they look.
    #[must_use]
    pub fn hint(&self, pointer: &str) -> Option<String> {
        let tree: &Tree = &self.source.tree;
        let tokens = locate::tokens(pointer)?;
        let place = locate::find(tree, self.root, &tokens)?;
        let of = |id: Id| {
            let node = tree.node(tree.target(id));
            match (node.scalar(), &node.tag) {
                (Some((text, true)), None) => scalar::hint(text),
                _ => None,
            }
        };
        of(place.value).or_else(|| place.key.and_then(of))
    }

    /// The text of the document that the object is in, comments included. A list's items share
    /// it.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source.text
    }

    /// The line of the file where [`Object::source`] starts, from 1.
    #[must_use]
    pub fn source_line(&self) -> usize {
        self.source.first_line
    }

    /// Where the object is in its document as a JSON pointer: empty, or for a list's item such
    /// as `/items/0`.
    #[must_use]
    pub fn pointer(&self) -> &str {
        &self.pointer
    }
}
