//! Reading JSON where it lies.
//!
//! A [`Node`] borrows the text of one value from the payload and knows the path that led to it, so
//! that an error names the place and an [edit](crate::Edits) finds the bytes. Nothing is converted
//! that a module does not ask for: number spellings, key order and unknown fields stay as they came.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// A value that is not what it must be, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// Path of the value in Kubernetes' notation: `spec.accessModes[0]`. Empty for the root.
    pub path: String,
    /// What is wrong, as the predicate of a sentence: `must be a string, not a number`.
    pub problem: String,
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

/// One JSON value: its text as it came, and its path.
#[derive(Debug, Clone)]
pub struct Node<'a> {
    text: &'a str,
    path: String,
}

impl<'a> Node<'a> {
    /// Takes `text` as one JSON value whose path is `path`.
    ///
    /// # Errors
    /// When `text` is not exactly one JSON value.
    pub fn parse(text: &'a str, path: &str) -> Result<Self, Malformed> {
        match serde_json::from_str::<&RawValue>(text) {
            Ok(raw) => Ok(Self::of(raw, path.to_owned())),
            Err(error) => Err(Malformed {
                path: path.to_owned(),
                problem: format!("is not JSON: {error}"),
            }),
        }
    }

    fn of(raw: &'a RawValue, path: String) -> Self {
        Self {
            text: raw.get().trim(),
            path,
        }
    }

    /// The value's text, byte for byte as in the payload.
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The value's path, for messages.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The same value with an empty path: a root of its own.
    pub(crate) fn at_root(self) -> Self {
        Self {
            path: String::new(),
            ..self
        }
    }

    /// Whether the value is `null`, which Kubernetes reads as an absent field.
    pub fn is_null(&self) -> bool {
        self.text == "null"
    }

    /// The members of an object.
    ///
    /// # Errors
    /// When the value is not an object, or a key is no Unicode text.
    pub fn object(&self) -> Result<Object<'a>, Malformed> {
        self.expect('{', "an object")?;
        let Members(members) = self.read()?;
        Ok(Object {
            members,
            text: self.text,
            path: self.path.clone(),
        })
    }

    /// The items of an array, in order.
    ///
    /// # Errors
    /// When the value is not an array.
    pub fn array(&self) -> Result<Vec<Node<'a>>, Malformed> {
        self.expect('[', "an array")?;
        let Items(items) = self.read()?;
        let node = |(index, raw)| Node::of(raw, format!("{}[{index}]", self.path));
        Ok(items.into_iter().enumerate().map(node).collect())
    }

    /// The text of a string, borrowed where it holds no escapes.
    ///
    /// # Errors
    /// When the value is not a string, or holds half a surrogate pair.
    pub fn string(&self) -> Result<Cow<'a, str>, Malformed> {
        self.expect('"', "a string")?;
        self.read().map(|Text(text)| text)
    }

    /// An error at this value: `problem` is the predicate, as in [`Malformed::problem`].
    pub fn malformed(&self, problem: impl Into<String>) -> Malformed {
        Malformed {
            path: self.path.clone(),
            problem: problem.into(),
        }
    }

    fn expect(&self, first: char, what: &str) -> Result<(), Malformed> {
        if self.text.starts_with(first) {
            return Ok(());
        }
        Err(self.malformed(format!("must be {what}, not {}", self.describe())))
    }

    fn read<T: Deserialize<'a>>(&self) -> Result<T, Malformed> {
        serde_json::from_str(self.text)
            .map_err(|error| self.malformed(format!("cannot be read: {error}")))
    }

    /// The value in words, with its text where that is short.
    fn describe(&self) -> String {
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
    members: Vec<(Cow<'a, str>, &'a RawValue)>,
    text: &'a str,
    path: String,
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
        let Some((_, raw)) = found.next() else {
            return Ok(None);
        };
        let node = Node::of(raw, self.child_path(key));
        match found.next() {
            Some(_) => Err(node.malformed("is given twice")),
            None => Ok(Some(node)),
        }
    }

    /// The member called `key` as an object; `None` when absent or `null`.
    ///
    /// # Errors
    /// As [`Object::get`] and [`Node::object`].
    pub fn object(&self, key: &str) -> Result<Option<Object<'a>>, Malformed> {
        self.get(key)?.map(|node| node.object()).transpose()
    }

    /// The member called `key` as an array; `None` when absent or `null`.
    ///
    /// # Errors
    /// As [`Object::get`] and [`Node::array`].
    pub fn array(&self, key: &str) -> Result<Option<Vec<Node<'a>>>, Malformed> {
        self.get(key)?.map(|node| node.array()).transpose()
    }

    /// The member called `key` as a string; `None` when absent or `null`.
    ///
    /// # Errors
    /// As [`Object::get`] and [`Node::string`].
    pub fn string(&self, key: &str) -> Result<Option<Cow<'a, str>>, Malformed> {
        self.get(key)?.map(|node| node.string()).transpose()
    }

    /// Every member, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Node<'a>)> {
        self.members
            .iter()
            .map(|(key, raw)| (key.as_ref(), Node::of(raw, self.child_path(key))))
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The object's path, for messages.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The object's text, braces included.
    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    /// An error at the member `key`, which may be absent.
    pub fn malformed(&self, key: &str, problem: impl Into<String>) -> Malformed {
        Malformed {
            path: self.child_path(key),
            problem: problem.into(),
        }
    }

    fn child_path(&self, key: &str) -> String {
        child_path(&self.path, key)
    }
}

/// `spec` + `accessModes` → `spec.accessModes`; keys that hold dots or slashes are bracketed, as
/// Kubernetes' own field errors do for annotations: `metadata.annotations[a.b/c]`.
fn child_path(parent: &str, key: &str) -> String {
    if key.contains(['.', '/', '[', ' ']) {
        return format!("{parent}[{key}]");
    }
    match parent {
        "" => key.to_owned(),
        parent => format!("{parent}.{key}"),
    }
}

/// The path of the innermost value around the place where `error` struck in `text`, which must be
/// readable as JSON. serde says "line 1 column 30"; people want the name of the field.
pub(crate) fn path_of_error(text: &str, error: &serde_json::Error) -> String {
    let before: usize = text
        .split_inclusive('\n')
        .take(error.line().saturating_sub(1))
        .map(str::len)
        .sum();
    // A syntax error counts the byte that it struck on, the others only those before.
    let offset = (before + error.column()).saturating_sub(usize::from(error.is_syntax()));
    let Ok(root) = Node::parse(text, "") else {
        return String::new();
    };
    let mut node = root;
    while let Some(inner) = children(&node).into_iter().find(|child| {
        let start = (child.text.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        (start..=start + child.text.len()).contains(&offset)
    }) {
        node = inner;
    }
    node.path
}

fn children<'a>(node: &Node<'a>) -> Vec<Node<'a>> {
    match node.object() {
        Ok(object) => object.iter().map(|(_, child)| child).collect(),
        Err(_) => node.array().unwrap_or_default(),
    }
}

/// A string that borrows from the input where it can; serde's own `Cow` always copies.
struct Text<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Reader)
    }
}

struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some((Text(key), raw)) = map.next_entry()? {
                    members.push((key, raw));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

struct Items<'a>(Vec<&'a RawValue>);

impl<'de> Deserialize<'de> for Items<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Items<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Items<'de>, A::Error> {
                let mut items = Vec::new();
                while let Some(raw) = seq.next_element()? {
                    items.push(raw);
                }
                Ok(Items(items))
            }
        }
        deserializer.deserialize_seq(Reader)
    }
}
