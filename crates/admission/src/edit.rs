//! Edits of JSON text that keep every other byte.

use std::fmt::Write as _;

use crate::json::{Malformed, Node, Object};
use crate::scan;

/// Edits of one JSON object, collected while it is read and applied to its text at the end.
///
/// They can be added in any order. Each member may be edited once.
#[derive(Debug)]
pub struct Edits<'a> {
    root: &'a str,
    edits: Vec<Edit>,
}

/// One edit of a member.
#[derive(Debug)]
struct Edit {
    /// The start of the member's object in the root's text.
    object: usize,
    action: Action,
}

#[derive(Debug)]
enum Action {
    /// Replaces the value from `start` to `end` with `value`.
    Replace {
        start: usize,
        end: usize,
        value: String,
    },
    /// Adds a member, as JSON text.
    Add { member: String },
    /// Removes the member whose value starts at `start`, with one comma.
    Remove { start: usize },
}

/// A range of the root's text and its replacement.
struct Splice {
    start: usize,
    end: usize,
    text: String,
}

impl<'a> Edits<'a> {
    /// Creates an empty list of edits of `root`. Every object to edit must have been read from it.
    pub fn new(root: Node<'a>) -> Self {
        Self {
            root: root.text(),
            edits: Vec::new(),
        }
    }

    /// Returns whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// Sets the member `key` of `object` to the string `value`. A present member, even `null`, is replaced; a
    /// new one is added after the last member. Does nothing if the member already has that value.
    ///
    /// # Errors
    /// Returns an error if the object has the key twice.
    pub fn set_string(
        &mut self,
        object: &Object<'a>,
        key: &str,
        value: &str,
    ) -> Result<(), Malformed> {
        if let Some(node) = object.get_or_null(key)?
            && node.string().is_ok_and(|current| current == value)
        {
            return Ok(());
        }
        self.set(object, key, string(value))
    }

    /// Sets string members of the object at `path` below `object`, like [`Edits::set_string`]. Creates the
    /// objects on the path that are missing or `null`; all members of a new object must be set in one call.
    ///
    /// # Errors
    /// Returns an error if an object has a key of the path or of the members twice, or if a value on the path
    /// is not an object.
    pub fn set_strings(
        &mut self,
        object: &Object<'a>,
        path: &[&str],
        members: &[(&str, &str)],
    ) -> Result<(), Malformed> {
        let Some((key, below)) = path.split_first() else {
            return members
                .iter()
                .try_for_each(|(key, value)| self.set_string(object, key, value));
        };
        if members.is_empty() {
            return Ok(());
        }
        match object.object(key)? {
            Some(inner) => self.set_strings(&inner, below, members),
            None => self.set(object, key, nested(below, members)),
        }
    }

    /// Removes the member `key` of `object`, with one comma. Does nothing if there is no such member.
    ///
    /// # Errors
    /// Returns an error if the object has the key twice.
    pub fn remove(&mut self, object: &Object<'a>, key: &str) -> Result<(), Malformed> {
        if let Some(node) = object.get_or_null(key)? {
            let start = self.offset(node.text());
            self.push(object, Action::Remove { start });
        }
        Ok(())
    }

    /// Returns the object's text with the edits applied.
    pub fn apply(self) -> String {
        let mut splices = Vec::new();
        for edits in self.edits.chunk_by(|a, b| a.object == b.object) {
            self.splice(edits, &mut splices);
        }
        let mut out = String::with_capacity(self.root.len() + 64);
        let mut copied = 0;
        for splice in &splices {
            out.push_str(self.root.get(copied..splice.start).unwrap_or_default());
            out.push_str(&splice.text);
            copied = splice.end;
        }
        out.push_str(self.root.get(copied..).unwrap_or_default());
        out
    }

    /// Converts `edits`, all of one object, to splices of the root's text.
    fn splice(&self, edits: &[Edit], splices: &mut Vec<Splice>) {
        let Some(Edit { object, .. }) = edits.first() else {
            return;
        };
        let is_removed = |start: usize| {
            edits
                .iter()
                .any(|edit| matches!(edit.action, Action::Remove { start: at } if at == start))
        };
        let members = scan::members(self.root.get(*object..).unwrap_or_default());
        let mut members = members.into_iter().peekable();
        // The end of the last member, and whether a member so far is kept.
        let mut end = object + 1;
        let mut any_kept = false;
        while let Some((key, value)) = members.next() {
            let start = self.offset(value);
            let before = end;
            end = start + value.len();
            if !is_removed(start) {
                any_kept = true;
                continue;
            }
            // Removes the comma before the member, or the one after it if no member before it is kept.
            let (from, to) = match members.peek() {
                _ if any_kept => (before, end),
                Some((next, _)) => (self.offset(key), self.offset(next)),
                None => (self.offset(key), end),
            };
            insert(
                splices,
                Splice {
                    start: from,
                    end: to,
                    text: String::new(),
                },
            );
        }
        let rest = self.root.get(end..).unwrap_or_default();
        let closing = end + rest.find('}').unwrap_or_default();
        for edit in edits {
            match &edit.action {
                Action::Replace { start, end, value } => insert(
                    splices,
                    Splice {
                        start: *start,
                        end: *end,
                        text: value.clone(),
                    },
                ),
                Action::Add { member } => {
                    let comma = if any_kept { "," } else { "" };
                    any_kept = true;
                    insert(
                        splices,
                        Splice {
                            start: closing,
                            end: closing,
                            text: format!("{comma}{member}"),
                        },
                    );
                }
                Action::Remove { .. } => {}
            }
        }
    }

    /// Sets the member `key` of `object` to `value`, JSON text.
    fn set(&mut self, object: &Object<'a>, key: &str, value: String) -> Result<(), Malformed> {
        let action = match object.get_or_null(key)? {
            Some(node) => {
                let start = self.offset(node.text());
                let end = start + node.text().len();
                Action::Replace { start, end, value }
            }
            None => Action::Add {
                member: format!("{}:{value}", string(key)),
            },
        };
        self.push(object, action);
        Ok(())
    }

    fn push(&mut self, object: &Object<'a>, action: Action) {
        let object = self.offset(object.node().text());
        // Ordered by object, then by the order of the calls. Sorting would add 5 KB to a module.
        let is_before = |edit: &Edit| edit.object <= object;
        let index = self.edits.partition_point(is_before);
        self.edits.insert(index, Edit { object, action });
    }

    /// Returns the byte offset of `part`, a slice of the root's text.
    fn offset(&self, part: &str) -> usize {
        (part.as_ptr() as usize).saturating_sub(self.root.as_ptr() as usize)
    }
}

/// Inserts a splice in order of `start`, after those with the same start.
fn insert(splices: &mut Vec<Splice>, splice: Splice) {
    let index = splices.partition_point(|other| other.start <= splice.start);
    splices.insert(index, splice);
}

/// Returns the text of nested objects, one for each key of `path`, with `members` in the innermost.
fn nested(path: &[&str], members: &[(&str, &str)]) -> String {
    if let Some((key, below)) = path.split_first() {
        return format!("{{{}:{}}}", string(key), nested(below, members));
    }
    let mut text = String::new();
    for (key, value) in members {
        text.push(if text.is_empty() { '{' } else { ',' });
        push_string(&mut text, key);
        text.push(':');
        push_string(&mut text, value);
    }
    text.push('}');
    text
}

fn string(text: &str) -> String {
    let mut out = String::new();
    push_string(&mut out, text);
    out
}

/// Appends `text` as a JSON string.
pub(crate) fn push_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\u{0}'..='\u{1f}' => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
