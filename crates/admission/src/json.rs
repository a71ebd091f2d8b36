//! Reading JSON where it lies.
//!
//! A [`Node`] borrows the text of one value from the payload, so that an error can name the place and an
//! [edit](crate::Edits) finds the bytes. Nothing is converted that a module does not ask for: number
//! spellings, key order and unknown fields stay as they came. Paths are worked out where one is wanted,
//! which on most requests is nowhere.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::text::{NO_TEXT, unquote};
use crate::{path, scan};

/// A value that is not what it must be, and where it stands.
///
/// A pointer, since every reader hands it on: as two strings it would cost a module 4 % of its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed(Box<Fault>);

/// What is said of a [`Malformed`] value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Path of the value in Kubernetes' notation: `spec.accessModes[0]`. Empty for the root.
    pub path: String,
    /// What is wrong, as the predicate of a sentence: `must be a string, not a number`.
    pub problem: String,
}

impl Malformed {
    /// Says what is wrong with the value at `path`; see [`Fault`] for both.
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

/// One JSON value: its text as it came, and the text of the root that its path begins at.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a> {
    text: &'a str,
    root: &'a str,
}

impl<'a> Node<'a> {
    /// Takes `text` as one JSON value, the root of its parts.
    ///
    /// # Errors
    /// When `text` is not exactly one JSON value.
    pub fn parse(text: &'a str) -> Result<Self, Malformed> {
        let mut json = serde_json::Deserializer::from_str(text);
        let checked = IgnoredAny::deserialize(&mut json).and_then(|_| json.end());
        match checked {
            Ok(()) => {
                let text = text.trim();
                Ok(Self { text, root: text })
            }
            Err(error) => Err(Malformed::new("", format!("is not JSON: {error}"))),
        }
    }

    /// Another part of the same root.
    fn part(self, text: &'a str) -> Self {
        Self { text, ..self }
    }

    /// The value's text, byte for byte as in the payload.
    pub fn text(self) -> &'a str {
        self.text
    }

    /// The value's path from its root, for messages.
    pub fn path(self) -> String {
        path::to(self.root, self.text)
    }

    /// The same value as a root of its own.
    pub(crate) fn at_root(self) -> Self {
        Self {
            text: self.text,
            root: self.text,
        }
    }

    /// Whether the value is `null`, which Kubernetes reads as an absent field.
    pub fn is_null(self) -> bool {
        self.text == "null"
    }

    /// The members of an object.
    ///
    /// # Errors
    /// When the value is not an object, or a key is no Unicode text.
    pub fn object(self) -> Result<Object<'a>, Malformed> {
        self.expect('{', "an object")?;
        let members = scan::members(self.text).into_iter();
        let members = members.map(|(key, value)| match unquote(key) {
            Some(key) => Ok((key, value)),
            None => Err(self.malformed(format!("has a key that {NO_TEXT}"))),
        });
        Ok(Object {
            members: members.collect::<Result<_, _>>()?,
            node: self,
        })
    }

    /// The items of an array, in order.
    ///
    /// # Errors
    /// When the value is not an array.
    pub fn array(self) -> Result<Vec<Node<'a>>, Malformed> {
        self.expect('[', "an array")?;
        let items = scan::items(self.text).into_iter();
        Ok(items.map(|text| self.part(text)).collect())
    }

    /// The text of a string, borrowed where it holds no escapes.
    ///
    /// # Errors
    /// When the value is not a string, or holds half a surrogate pair.
    pub fn string(self) -> Result<Cow<'a, str>, Malformed> {
        self.expect('"', "a string")?;
        unquote(self.text).ok_or_else(|| self.malformed(NO_TEXT))
    }

    /// `true` or `false`.
    ///
    /// # Errors
    /// When the value is neither.
    pub fn boolean(self) -> Result<bool, Malformed> {
        match self.text {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(self.malformed(format!("must be a boolean, not {}", self.describe()))),
        }
    }

    /// An error at this value: `problem` is the predicate, as in [`Fault::problem`].
    pub fn malformed(self, problem: impl Into<String>) -> Malformed {
        Malformed::new(self.path(), problem)
    }

    fn expect(self, first: char, what: &str) -> Result<(), Malformed> {
        if self.text.starts_with(first) {
            return Ok(());
        }
        Err(self.malformed(format!("must be {what}, not {}", self.describe())))
    }

    /// The value in words, with its text where that is short.
    fn describe(self) -> String {
        let what = match self.text.bytes().next() {
            Some(b'{') => return "an object".to_owned(),
            Some(b'[') => return "an array".to_owned(),
            Some(b'"') => "the string",
            Some(b't' | b'f') => "the boolean",
            Some(b'n') => return "null".to_owned(),
            _ => "the number",
        };
        match self.text.len() {
            0..=64 => format!("{what} {}", self.text),
            _ => what.to_owned(),
        }
    }
}

/// The members of one JSON object, in their order.
#[derive(Debug, Clone)]
pub struct Object<'a> {
    members: Vec<(Cow<'a, str>, &'a str)>,
    node: Node<'a>,
}

impl<'a> Object<'a> {
    /// The member called `key`; `None` when it is absent or `null`, which Kubernetes does not tell
    /// apart.
    ///
    /// # Errors
    /// When the object has the key twice: parsers disagree on which of them counts.
    pub fn get(&self, key: &str) -> Result<Option<Node<'a>>, Malformed> {
        Ok(self.slot(key)?.filter(|node| !node.is_null()))
    }

    /// The member called `key`, `null` included: what an edit replaces.
    pub(crate) fn slot(&self, key: &str) -> Result<Option<Node<'a>>, Malformed> {
        let mut found = self.members.iter().filter(|(name, _)| name == key);
        let Some((_, text)) = found.next() else {
            return Ok(None);
        };
        match found.next() {
            Some(_) => Err(self.malformed(key, "is given twice")),
            None => Ok(Some(self.node.part(text))),
        }
    }

    /// The member called `key` as an object; `None` when absent or `null`.
    ///
    /// # Errors
    /// As [`Object::get`] and [`Node::object`].
    pub fn object(&self, key: &str) -> Result<Option<Object<'a>>, Malformed> {
        self.get(key)?.map(Node::object).transpose()
    }

    /// The member called `key` as an array; `None` when absent or `null`.
    ///
    /// # Errors
    /// As [`Object::get`] and [`Node::array`].
    pub fn array(&self, key: &str) -> Result<Option<Vec<Node<'a>>>, Malformed> {
        self.get(key)?.map(Node::array).transpose()
    }

    /// The member called `key` as a string; `None` when absent or `null`.
    ///
    /// # Errors
    /// As [`Object::get`] and [`Node::string`].
    pub fn string(&self, key: &str) -> Result<Option<Cow<'a, str>>, Malformed> {
        self.get(key)?.map(Node::string).transpose()
    }

    /// Every member, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Node<'a>)> {
        let members = self.members.iter();
        members.map(|(key, text)| (key.as_ref(), self.node.part(text)))
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The object as a value.
    pub fn node(&self) -> Node<'a> {
        self.node
    }

    /// An error at the member `key`, which may be absent.
    pub fn malformed(&self, key: &str, problem: impl Into<String>) -> Malformed {
        Malformed::new(path::child(&self.node.path(), key), problem)
    }
}
