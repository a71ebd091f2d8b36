//! The objects that are written: a small tree, and its text as YAML and JSON.

/// A value of an object that is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A string, whatever it holds.
    Text(String),
    /// A port or a status.
    Number(u16),
    /// Members in the order in which they are written.
    Map(Vec<(&'static str, Value)>),
    /// Items.
    List(Vec<Value>),
}

impl Default for Value {
    /// A map without members.
    fn default() -> Self {
        Self::Map(Vec::new())
    }
}

impl Value {
    /// A string.
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// A map of strings. Those that are empty are left out.
    #[inline(never)]
    pub(crate) fn texts(members: &[(&'static str, &str)]) -> Self {
        let mut map = Self::default();
        for (key, text) in members {
            map = map.with(key, Self::text(text));
        }
        map
    }

    /// The map with one more member, unless that is empty.
    #[inline(never)]
    pub(crate) fn with(mut self, key: &'static str, value: Self) -> Self {
        if let (Self::Map(members), false) = (&mut self, value.is_empty()) {
            members.push((key, value));
        }
        self
    }

    /// Whether there is nothing to write: no text, number, member or item.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::Number(number) => *number == 0,
            Self::Map(members) => members.is_empty(),
            Self::List(items) => items.is_empty(),
        }
    }

    /// As one YAML document in block style, which YAML 1.1 and 1.2 read alike. Ends in a line break.
    pub fn to_yaml(&self) -> String {
        let mut out = String::new();
        self.yaml(&mut out, 0);
        out
    }

    /// As JSON on one line.
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
            Self::Map(members) if members.is_empty() => line(out, "{}"),
            Self::List(items) if items.is_empty() => line(out, "[]"),
            Self::Map(members) => {
                for (index, (key, value)) in members.iter().enumerate() {
                    // The first member stands on the line that the map began on.
                    if index > 0 {
                        pad(out, indent);
                    }
                    out.push_str(key);
                    out.push(':');
                    value.below(out, indent);
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

    /// A member's value: after its key, or on lines of its own.
    fn below(&self, out: &mut String, indent: usize) {
        // Items of a list stand as far left as its key, as kubectl writes them.
        let deeper = match self {
            Self::Map(members) if !members.is_empty() => indent + 2,
            Self::List(items) if !items.is_empty() => indent,
            _ => {
                out.push(' ');
                return self.yaml(out, indent);
            }
        };
        out.push('\n');
        pad(out, deeper);
        self.yaml(out, deeper);
    }

    fn json(&self, out: &mut String) {
        match self {
            Self::Text(text) => push_quoted(out, text),
            Self::Number(number) => out.push_str(&number.to_string()),
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

/// Whether every YAML reads the text as itself without quotes. Most names and paths are; what is left
/// out here, such as all that begins with a digit, is merely quoted.
fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'_' | b'-'))
        && !WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Appends the text in double quotes, escaped so that YAML and JSON read it alike.
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
            // What YAML does not print, or takes for the end of a line. All of it is in the first plane.
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
