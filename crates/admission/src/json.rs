//! A JSON reader that borrows from the payload.
//!
//! A [`Node`] borrows the text of one value, so errors can name its path and [edits](crate::Edits) can find its
//! bytes. Only the values that a policy reads are decoded: number formats, key order and unknown fields stay
//! unchanged. Paths are computed on demand, which most requests never need.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::text::{UNPAIRED_SURROGATE, unquote};
use crate::{path, scan};

/// An error about a value that cannot be read.
///
/// It is boxed because every reader returns it: two strings in its place would make a module 4 % larger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed(Box<Fault>);

/// The content of a [`Malformed`] error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The path of the value, as in field errors of Kubernetes: `spec.accessModes[0]`. Empty for the root.
    pub path: String,
    /// The problem, as the predicate of a sentence: `must be a string, not a number`.
    pub problem: String,
}

impl Malformed {
    /// Creates an error about the value at `path`; see [`Fault`] for the arguments.
    pub fn new(path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self(Box::new(Fault {
            path: path.into(),
            problem: problem.into(),
        }))
    }
}

impl Deref for Malformed {
    type Target = Fault;

    fn deref(&self) -> &Fault {
        &self.0
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => f.write_str(&self.problem),
            path => write!(f, "{path} {}", self.problem),
        }
    }
}

impl std::error::Error for Malformed {}

/// One JSON value: its text, unchanged, and the text of the root that its path starts at.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a> {
    text: &'a str,
    root: &'a str,
}

impl<'a> Node<'a> {
    /// Validates `text` as one JSON value, which becomes the root of its parts.
    ///
    /// # Errors
    /// Returns an error if `text` is not exactly one JSON value.
    pub fn parse(text: &'a str) -> Result<Self, Malformed> {
        let mut json = serde_json::Deserializer::from_str(text);
        let result = IgnoredAny::deserialize(&mut json).and_then(|_| json.end());
        match result {
            Ok(()) => {
                let text = text.trim();
                Ok(Self { text, root: text })
            }
            Err(error) => Err(Malformed::new("", format!("is not valid JSON: {error}"))),
        }
    }

    /// Returns the value with the text `text`, another slice of the same root.
    fn part(self, text: &'a str) -> Self {
        Self { text, ..self }
    }

    /// Returns the value's text, byte for byte as in the payload.
    pub fn text(self) -> &'a str {
        self.text
    }

    /// Returns the value's path from its root, for messages.
    pub fn path(self) -> String {
        path::to(self.root, self.text)
    }

    /// Returns the same value as its own root.
    pub(crate) fn at_root(self) -> Self {
        Self {
            text: self.text,
            root: self.text,
        }
    }

    /// Returns whether the value is `null`, which Kubernetes treats as a missing field.
    pub fn is_null(self) -> bool {
        self.text == "null"
    }

    /// Returns the value as an object.
    ///
    /// # Errors
    /// Returns an error if the value is not an object, or if a key is not Unicode text.
    pub fn object(self) -> Result<Object<'a>, Malformed> {
        self.expect_type('{', "an object")?;
        let members = scan::members(self.text).into_iter();
        let members = members.map(|(key, value)| match unquote(key) {
            Some(key) => Ok((key, value)),
            None => Err(self.malformed(format!("has a key that {UNPAIRED_SURROGATE}"))),
        });
        Ok(Object {
            members: members.collect::<Result<_, _>>()?,
            node: self,
        })
    }

    /// Returns the items of an array, in order.
    ///
    /// # Errors
    /// Returns an error if the value is not an array.
    pub fn array(self) -> Result<Vec<Node<'a>>, Malformed> {
        self.expect_type('[', "an array")?;
        let items = scan::items(self.text).into_iter();
        Ok(items.map(|text| self.part(text)).collect())
    }

    /// Returns the text of a string, borrowed if it has no escapes.
    ///
    /// # Errors
    /// Returns an error if the value is not a string, or if it contains an unpaired surrogate.
    pub fn string(self) -> Result<Cow<'a, str>, Malformed> {
        self.expect_type('"', "a string")?;
        unquote(self.text).ok_or_else(|| self.malformed(UNPAIRED_SURROGATE))
    }

    /// Returns the value of a boolean.
    ///
    /// # Errors
    /// Returns an error if the value is not a boolean.
    pub fn boolean(self) -> Result<bool, Malformed> {
        match self.text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(self.malformed(format!("must be a boolean, not {}", self.describe()))),
        }
    }

    /// Returns an error about this value; see [`Fault::problem`] for the argument.
    pub fn malformed(self, problem: impl Into<String>) -> Malformed {
        Malformed::new(self.path(), problem)
    }

    fn expect_type(self, first: char, name: &str) -> Result<(), Malformed> {
        if self.text.starts_with(first) {
            return Ok(());
        }
        Err(self.malformed(format!("must be {name}, not {}", self.describe())))
    }

    /// Describes the value, with its text if that is short.
    fn describe(self) -> String {
        let name = match self.text.bytes().next() {
            Some(b'{') => return "an object".to_owned(),
            Some(b'[') => return "an array".to_owned(),
            Some(b'"') => "the string",
            Some(b't' | b'f') => "the boolean",
            Some(b'n') => return "null".to_owned(),
            _ => "the number",
        };
        match self.text.len() {
            0..=64 => format!("{name} {}", self.text),
            _ => name.to_owned(),
        }
    }
}

/// The members of one JSON object, in order.
#[derive(Debug, Clone)]
pub struct Object<'a> {
    members: Vec<(Cow<'a, str>, &'a str)>,
    node: Node<'a>,
}

impl<'a> Object<'a> {
    /// Returns the member `key`; `None` if it is missing or `null`, which Kubernetes treats alike.
    ///
    /// # Errors
    /// Returns an error if the object has the key twice: parsers disagree on which one counts.
    pub fn get(&self, key: &str) -> Result<Option<Node<'a>>, Malformed> {
        Ok(self.get_or_null(key)?.filter(|node| !node.is_null()))
    }

    /// Returns the member `key`, even if it is `null`.
    pub(crate) fn get_or_null(&self, key: &str) -> Result<Option<Node<'a>>, Malformed> {
        let mut found = self.members.iter().filter(|(name, _)| name == key);
        let Some((_, text)) = found.next() else {
            return Ok(None);
        };
        match found.next() {
            Some(_) => Err(self.malformed(key, "is given twice")),
            None => Ok(Some(self.node.part(text))),
        }
    }

    /// Returns the member `key` as an object; `None` if it is missing or `null`.
    ///
    /// # Errors
    /// Returns the errors of [`Object::get`] and [`Node::object`].
    pub fn object(&self, key: &str) -> Result<Option<Object<'a>>, Malformed> {
        self.get(key)?.map(Node::object).transpose()
    }

    /// Returns the member `key` as an array; `None` if it is missing or `null`.
    ///
    /// # Errors
    /// Returns the errors of [`Object::get`] and [`Node::array`].
    pub fn array(&self, key: &str) -> Result<Option<Vec<Node<'a>>>, Malformed> {
        self.get(key)?.map(Node::array).transpose()
    }

    /// Returns the member `key` as a string; `None` if it is missing or `null`.
    ///
    /// # Errors
    /// Returns the errors of [`Object::get`] and [`Node::string`].
    pub fn string(&self, key: &str) -> Result<Option<Cow<'a, str>>, Malformed> {
        self.get(key)?.map(Node::string).transpose()
    }

    /// Iterates over the members, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Node<'a>)> {
        let members = self.members.iter();
        members.map(|(key, text)| (key.as_ref(), self.node.part(text)))
    }

    /// Returns whether the object has no members.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Returns the object as a value.
    pub fn node(&self) -> Node<'a> {
        self.node
    }

    /// Returns an error about the member `key`, which may be missing.
    pub fn malformed(&self, key: &str, problem: impl Into<String>) -> Malformed {
        Malformed::new(path::child(&self.node.path(), key), problem)
    }
}
