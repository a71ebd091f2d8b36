//! Changing an object in the bytes it must and nowhere else.

use std::fmt::Write as _;

use crate::json::{Malformed, Node, Object};
use crate::scan;

/// Changes to one JSON object, gathered while it is read and applied to its text at the end.
///
/// They may be asked for in any order, but each member changed once.
#[derive(Debug)]
pub struct Edits<'a> {
    root: &'a str,
    changes: Vec<Change>,
}

/// One change of a member of the object that begins at `object` in the root's text.
#[derive(Debug)]
struct Change {
    object: usize,
    what: What,
}

#[derive(Debug)]
enum What {
    /// The value from `start` to `end` becomes `value`.
    Replace {
        start: usize,
        end: usize,
        value: String,
    },
    /// A new member, as JSON text.
    Add { member: String },
    /// The member whose value begins at `start` goes, and one comma with it.
    Remove { start: usize },
}

/// A part of the root's text and what stands in its place.
struct Splice {
    start: usize,
    end: usize,
    text: String,
}

impl<'a> Edits<'a> {
    /// No change yet to `root`; every object edited must have been read from it.
    pub fn new(root: Node<'a>) -> Self {
        Self {
            root: root.text(),
            changes: Vec::new(),
        }
    }

    /// Whether there is nothing to change.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Gives the member `key` of `object` the string `value`: in its place where the key is present
    /// (`null` included), else after the last member. Says nothing when it is that string already.
    ///
    /// # Errors
    /// When the object has the key twice.
    pub fn set_string(
        &mut self,
        object: &Object<'a>,
        key: &str,
        value: &str,
    ) -> Result<(), Malformed> {
        if let Some(node) = object.slot(key)?
            && node.string().is_ok_and(|current| current == value)
        {
            return Ok(());
        }
        self.set(object, key, string(value))
    }

    /// Gives the object at `path` below `object` these string members, as [`Edits::set_string`] does.
    /// Objects of the path that are absent or `null` are made; for one of those, all its members must
    /// come in one call.
    ///
    /// # Errors
    /// When an object has a key of the path or of the members twice, or a value on the path is no
    /// object.
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

    /// Takes the member `key` out of `object`, with the comma that parted it from its neighbour. Says
    /// nothing when there is none.
    ///
    /// # Errors
    /// When the object has the key twice.
    pub fn remove(&mut self, object: &Object<'a>, key: &str) -> Result<(), Malformed> {
        if let Some(node) = object.slot(key)? {
            let start = self.offset(node.text());
            self.change(object, What::Remove { start });
        }
        Ok(())
    }

    /// The object's text with the changes in it.
    pub fn apply(self) -> String {
        let mut splices = Vec::new();
        for changes in self.changes.chunk_by(|a, b| a.object == b.object) {
            self.splice(changes, &mut splices);
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

    /// What `changes`, all of one object, come to in the root's text.
    fn splice(&self, changes: &[Change], splices: &mut Vec<Splice>) {
        let Some(Change { object, .. }) = changes.first() else {
            return;
        };
        let removed = |start: usize| {
            changes
                .iter()
                .any(|change| matches!(change.what, What::Remove { start: at } if at == start))
        };
        let members = scan::members(self.root.get(*object..).unwrap_or_default());
        let mut members = members.into_iter().peekable();
        // The end of the last member, and whether one so far stays.
        let mut end = object + 1;
        let mut any_stays = false;
        while let Some((key, value)) = members.next() {
            let start = self.offset(value);
            let before = end;
            end = start + value.len();
            if !removed(start) {
                any_stays = true;
                continue;
            }
            // The comma before it goes, or where none stays before it, the one after.
            let (from, to) = match members.peek() {
                _ if any_stays => (before, end),
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
        for change in changes {
            match &change.what {
                What::Replace { start, end, value } => insert(
                    splices,
                    Splice {
                        start: *start,
                        end: *end,
                        text: value.clone(),
                    },
                ),
                What::Add { member } => {
                    let comma = if any_stays { "," } else { "" };
                    any_stays = true;
                    insert(
                        splices,
                        Splice {
                            start: closing,
                            end: closing,
                            text: format!("{comma}{member}"),
                        },
                    );
                }
                What::Remove { .. } => {}
            }
        }
    }

    /// Gives the member `key` of `object` the value that `value` is the text of.
    fn set(&mut self, object: &Object<'a>, key: &str, value: String) -> Result<(), Malformed> {
        let what = match object.slot(key)? {
            Some(node) => {
                let start = self.offset(node.text());
                let end = start + node.text().len();
                What::Replace { start, end, value }
            }
            None => What::Add {
                member: format!("{}:{value}", string(key)),
            },
        };
        self.change(object, what);
        Ok(())
    }

    fn change(&mut self, object: &Object<'a>, what: What) {
        let object = self.offset(object.node().text());
        // In order of the objects, and within one in the order in which they were asked for. A sort
        // would cost a module 5 KB.
        let after = |change: &Change| change.object <= object;
        let index = self.changes.partition_point(after);
        self.changes.insert(index, Change { object, what });
    }

    /// Where `part`, a slice of the root's text, begins in it.
    fn offset(&self, part: &str) -> usize {
        (part.as_ptr() as usize).saturating_sub(self.root.as_ptr() as usize)
    }
}

/// Adds a splice in order of place, after those at the same.
fn insert(splices: &mut Vec<Splice>, splice: Splice) {
    let index = splices.partition_point(|other| other.start <= splice.start);
    splices.insert(index, splice);
}

/// The text of an object that holds an object under each key of `path` in turn, the last of them
/// `members`.
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
