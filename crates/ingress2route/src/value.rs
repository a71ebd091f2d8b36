//! The output objects: a small tree, with serialization to YAML and JSON.

/// A value in an output object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A string.
    Text(String),
    /// A port, a status code or a number of seconds.
    Number(u32),
    /// A flag.
    True,
    /// An object, with its members in output order.
    Map(Vec<(&'static str, Value)>),
    /// An array.
    List(Vec<Value>),
}

impl Default for Value {
    /// Returns an empty object.
    fn default() -> Self {
        Self::Map(Vec::new())
    }
}

impl Value {
    /// Returns a string.
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// Returns an object of strings, without the empty ones.
    #[inline(never)]
    pub(crate) fn texts(members: &[(&'static str, &str)]) -> Self {
        let mut map = Self::default();
        for (key, text) in members {
            map = map.with(key, Self::text(text));
        }
        map
    }

    /// Adds a member, unless it is empty.
    #[inline(never)]
    pub(crate) fn with(mut self, key: &'static str, value: Self) -> Self {
        if let (Self::Map(members), false) = (&mut self, value.is_empty()) {
            members.push((key, value));
        }
        self
    }

    /// Whether there is nothing to write: an empty string, object or array, or zero.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::Number(number) => *number == 0,
            Self::True => false,
            Self::Map(members) => members.is_empty(),
            Self::List(items) => items.is_empty(),
        }
    }

    /// Returns one YAML document in block style, which YAML 1.1 and 1.2 parse alike. It ends in a line break.
    pub fn to_yaml(&self) -> String {
        let mut out = String::new();
        self.yaml(&mut out, 0);
        out
    }

    /// Returns JSON on one line.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.json(&mut out);
        out
    }

    fn yaml(&self, out: &mut String, indent: usize) {
        match self {
            Self::Text(text) if is_plain(text) => line(out, text),
            Self::Text(text) => {
                push_quoted(out, text);
                out.push('\n');
            }
            Self::Number(number) => line(out, &number.to_string()),
            Self::True => line(out, "true"),
            Self::Map(members) if members.is_empty() => line(out, "{}"),
            Self::List(items) if items.is_empty() => line(out, "[]"),
            Self::Map(members) => {
                for (index, (key, value)) in members.iter().enumerate() {
                    // The first member continues the current line.
                    if index > 0 {
                        pad(out, indent);
                    }
                    out.push_str(key);
                    out.push(':');
                    value.yaml_member(out, indent);
                }
            }
            Self::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        pad(out, indent);
                    }
                    out.push_str("- ");
                    item.yaml(out, indent + 2);
                }
            }
        }
    }

    /// Writes the value of a member, on the line of its key or on the following lines.
    fn yaml_member(&self, out: &mut String, indent: usize) {
        // Items of an array have the indentation of its key, as kubectl writes them.
        let indent_below = match self {
            Self::Map(members) if !members.is_empty() => indent + 2,
            Self::List(items) if !items.is_empty() => indent,
            _ => {
                out.push(' ');
                return self.yaml(out, indent);
            }
        };
        out.push('\n');
        pad(out, indent_below);
        self.yaml(out, indent_below);
    }

    fn json(&self, out: &mut String) {
        match self {
            Self::Text(text) => push_quoted(out, text),
            Self::Number(number) => out.push_str(&number.to_string()),
            Self::True => out.push_str("true"),
            Self::Map(members) => {
                out.push('{');
                for (index, (key, value)) in members.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    push_quoted(out, key);
                    out.push(':');
                    value.json(out);
                }
                out.push('}');
            }
            Self::List(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.json(out);
                }
                out.push(']');
            }
        }
    }
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

fn pad(out: &mut String, indent: usize) {
    for _ in 0..indent {
        out.push(' ');
    }
}

/// Whether every YAML parser reads the unquoted text as this string. True for most names and paths; false for
/// some safe strings too, such as all that start with a digit.
fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'_' | b'-'))
        && !WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Appends the text in double quotes, escaped so that YAML and JSON parse it alike.
fn push_quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            // Not printable in YAML, or a line break. All are in the Basic Multilingual Plane.
            '\u{0}'..='\u{1f}'
            | '\u{7f}'..='\u{a0}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{feff}'
            | '\u{fffe}'
            | '\u{ffff}' => {
                out.push_str("\\u");
                for shift in [12, 8, 4, 0] {
                    let digit = (u32::from(c) >> shift) & 0xf;
                    out.extend(char::from_digit(digit, 16));
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
