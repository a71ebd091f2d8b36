//! Reads JSON documents.
//!
//! Most JSON is valid YAML, but tabs, surrogate pairs and long keys differ. kubectl reads a source that
//! starts with `{` as a stream of JSON objects, and as YAML if that fails.

use saphyr_parser::ScalarStyle;

use crate::tree::{Body, Id, MAX_DEPTH, Node, Tree};

/// Whether `text` starts like a JSON object. A Helm template (`{{`) does not.
pub(crate) fn looks_like_object(text: &str) -> bool {
    text.trim_start()
        .strip_prefix('{')
        .is_some_and(|rest| matches!(rest.trim_start().chars().next(), None | Some('"' | '}')))
}

/// Returns the end of the JSON object at the start of `text`, if another object follows.
pub(crate) fn end_before_next_object(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quoted = false;
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' if quoted => {
                bytes.next();
            }
            b'"' => quoted = !quoted,
            // A YAML document marker: this document is not JSON.
            b'\n' if text.get(at..).is_some_and(|rest| rest.starts_with("\n---")) => return None,
            b'{' | b'[' if !quoted => depth += 1,
            b'}' | b']' if !quoted => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    let end = at + 1;
                    return text
                        .get(end..)
                        .is_some_and(looks_like_object)
                        .then_some(end);
                }
            }
            _ => {}
        }
    }
    None
}

/// Parses a text that consists of one JSON object; `None` for any other text.
pub(crate) fn parse(text: &str) -> Option<Tree> {
    let mut reader = Reader {
        text,
        at: 0,
        line: 1,
        line_start: 0,
        tree: Tree {
            json: true,
            ..Tree::default()
        },
    };
    reader.skip_space();
    reader.tree.root = reader.value(0)?;
    reader.skip_space();
    (reader.at == text.len()).then_some(reader.tree)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    line_start: usize,
    tree: Tree,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn skip_space(&mut self) {
        while let Some(byte @ (b' ' | b'\t' | b'\r' | b'\n')) = self.peek() {
            self.at += 1;
            if byte == b'\n' {
                self.line += 1;
                self.line_start = self.at;
            }
        }
    }

    fn value(&mut self, depth: usize) -> Option<Id> {
        if depth > MAX_DEPTH {
            return None;
        }
        let start = self.at;
        let column = self.text.get(self.line_start..start)?.chars().count();
        let id = self.tree.nodes.len();
        self.tree.nodes.push(Node {
            line: self.line,
            column,
            flow: true,
            ..Node::default()
        });
        let body = match self.peek()? {
            b'{' => self.mapping(depth)?,
            b'[' => self.sequence(depth)?,
            b'"' => Body::Scalar {
                text: self.string()?.into(),
                style: ScalarStyle::DoubleQuoted,
            },
            _ => Body::Scalar {
                text: self.word()?.into(),
                style: ScalarStyle::Plain,
            },
        };
        let end = self.at;
        let node = self.tree.nodes.get_mut(id)?;
        node.span = start..end;
        node.body = body;
        Some(id)
    }

    fn mapping(&mut self, depth: usize) -> Option<Body> {
        self.eat(b'{')?;
        let mut entries = Vec::new();
        self.skip_space();
        if self.eat(b'}').is_some() {
            return Some(Body::Mapping(entries));
        }
        loop {
            self.skip_space();
            if self.peek()? != b'"' {
                return None;
            }
            let key = self.value(depth + 1)?;
            self.skip_space();
            self.eat(b':')?;
            self.skip_space();
            entries.push((key, self.value(depth + 1)?));
            self.skip_space();
            if self.eat(b',').is_none() {
                self.eat(b'}')?;
                return Some(Body::Mapping(entries));
            }
        }
    }

    fn sequence(&mut self, depth: usize) -> Option<Body> {
        self.eat(b'[')?;
        let mut items = Vec::new();
        self.skip_space();
        if self.eat(b']').is_some() {
            return Some(Body::Sequence(items));
        }
        loop {
            self.skip_space();
            items.push(self.value(depth + 1)?);
            self.skip_space();
            if self.eat(b',').is_none() {
                self.eat(b']')?;
                return Some(Body::Sequence(items));
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        let start = self.at;
        self.eat(b'"')?;
        loop {
            let byte = self.peek()?;
            self.at += 1;
            match byte {
                b'"' => break,
                b'\\' => self.at += 1,
                _ => {}
            }
        }
        serde_json::from_str(self.text.get(start..self.at)?).ok()
    }

    /// Reads `true`, `false`, `null` or a number.
    fn word(&mut self) -> Option<&'a str> {
        let rest = self.text.get(self.at..)?;
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '-' | '.'))
            .unwrap_or(rest.len());
        let word = rest.get(..end)?;
        serde_json::from_str::<serde_json::Value>(word).ok()?;
        self.at += end;
        Some(word)
    }
}
