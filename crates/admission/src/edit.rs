//! Changing an object in the bytes it must and nowhere else.

use std::fmt::Write as _;

use crate::json::{Malformed, Node, Object};

/// Changes to one JSON object, gathered while it is read and applied to its text at the end.
#[derive(Debug)]
pub struct Edits<'a> {
    root: &'a str,
    splices: Vec<Splice>,
}

#[derive(Debug)]
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
            splices: Vec::new(),
        }
    }

    /// Whether there is nothing to change.
    pub fn is_empty(&self) -> bool {
        self.splices.is_empty()
    }

    /// Gives the member `key` of `object` the string `value`: in its place where the key is present
    /// (`null` included), else after the last member. Says nothing when it is that string already.
    ///
    /// One key of one object may be set once.
    ///
    /// # Errors
    /// When the object has the key twice.
    pub fn set_string(
        &mut self,
        object: &Object<'a>,
        key: &str,
        value: &str,
    ) -> Result<(), Malformed> {
        let slot = object.slot(key)?;
        if let Some(node) = &slot
            && node.string().is_ok_and(|current| current == value)
        {
            return Ok(());
        }
        let mut text = String::new();
        let (start, end) = match slot {
            Some(node) => {
                let start = self.offset(node.text());
                (start, start + node.text().len())
            }
            None => {
                // Members already inserted here in this round come first, whence the look back.
                let closing = self.offset(object.node().text()) + object.node().text().len() - 1;
                let first =
                    object.is_empty() && !self.splices.iter().any(|other| other.start == closing);
                if !first {
                    text.push(',');
                }
                push_string(&mut text, key);
                text.push(':');
                (closing, closing)
            }
        };
        push_string(&mut text, value);
        // In order of place; insertions at one place in the order in which they were asked for.
        let index = self.splices.partition_point(|splice| splice.start <= start);
        self.splices.insert(index, Splice { start, end, text });
        Ok(())
    }

    /// The object's text with the changes in it.
    pub fn apply(self) -> String {
        let mut out = String::with_capacity(self.root.len() + 64);
        let mut copied = 0;
        for splice in &self.splices {
            out.push_str(self.root.get(copied..splice.start).unwrap_or_default());
            out.push_str(&splice.text);
            copied = splice.end;
        }
        out.push_str(self.root.get(copied..).unwrap_or_default());
        out
    }

    /// Where `part`, a slice of the root's text, begins in it.
    fn offset(&self, part: &str) -> usize {
        (part.as_ptr() as usize).saturating_sub(self.root.as_ptr() as usize)
    }
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
