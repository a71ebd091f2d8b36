//! Renders JSON values as YAML.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::scalar::{self, Scalar};

/// The maximum length of a key without `?`. YAML allows 1024 characters, including escapes.
const MAX_SIMPLE_KEY_BYTES: usize = 1000;

/// Renders a value as a YAML document in block style.
///
/// Members keep their order. Levels are indented by two spaces, and lists are aligned with their key, as
/// kubectl writes them. Strings are quoted if YAML 1.1 or 1.2 would read them as another type, so reading the
/// text returns an equal value.
#[must_use]
pub fn render(value: &Value) -> String {
    let mut text = String::new();
    Block::default().value(&mut text, value, 0);
    text
}

/// The indentation of values in block style.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block {
    /// The indentation of a nested mapping, relative to its key.
    pub(crate) step: usize,
    /// The indentation of the dashes of a list, relative to its key.
    pub(crate) list_indent: usize,
}

impl Default for Block {
    fn default() -> Self {
        Self {
            step: 2,
            list_indent: 0,
        }
    }
}

impl Block {
    /// Writes a value on separate lines, indented by `indent`. The text ends with a line break.
    pub(crate) fn value(self, out: &mut String, value: &Value, indent: usize) {
        match value {
            Value::Object(members) if !members.is_empty() => {
                for (key, value) in members {
                    pad(out, indent);
                    self.member(out, key, value, indent);
                }
            }
            Value::Array(items) if !items.is_empty() => {
                for item in items {
                    pad(out, indent);
                    self.item(out, item, indent);
                }
            }
            _ => {
                pad(out, indent);
                // The root has no parent.
                scalar_or_empty(out, value, indent.checked_sub(2));
                out.push('\n');
            }
        }
    }

    /// Writes a member of a mapping at column `indent`. The indentation is already written.
    pub(crate) fn member(self, out: &mut String, key: &str, value: &Value, indent: usize) {
        let key = text(key);
        if key.len() > MAX_SIMPLE_KEY_BYTES {
            let _ = writeln!(out, "? {key}");
            pad(out, indent);
        } else {
            out.push_str(&key);
        }
        out.push(':');
        self.after_colon(out, value, indent);
    }

    /// Writes the value of a member whose key is at column `indent`.
    pub(crate) fn after_colon(self, out: &mut String, value: &Value, indent: usize) {
        match value {
            Value::Object(members) if !members.is_empty() => {
                out.push('\n');
                self.value(out, value, indent + self.step);
            }
            Value::Array(items) if !items.is_empty() => {
                out.push('\n');
                self.value(out, value, indent + self.list_indent);
            }
            _ => {
                out.push(' ');
                scalar_or_empty(out, value, Some(indent));
                out.push('\n');
            }
        }
    }

    /// Writes an item of a list with the dash at column `indent`. The indentation is already written.
    pub(crate) fn item(self, out: &mut String, item: &Value, indent: usize) {
        out.push_str("- ");
        match item {
            // Compact form: the first line follows the dash.
            Value::Object(members) if !members.is_empty() => {
                for (position, (key, value)) in members.iter().enumerate() {
                    if position > 0 {
                        pad(out, indent + 2);
                    }
                    self.member(out, key, value, indent + 2);
                }
            }
            Value::Array(items) if !items.is_empty() => {
                for (position, item) in items.iter().enumerate() {
                    if position > 0 {
                        pad(out, indent + 2);
                    }
                    self.item(out, item, indent + 2);
                }
            }
            _ => {
                scalar_or_empty(out, item, Some(indent));
                out.push('\n');
            }
        }
    }
}

fn pad(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
}

/// Writes a scalar or an empty collection. A string with several lines becomes a literal block if there is a
/// parent; `parent` is its column.
fn scalar_or_empty(out: &mut String, value: &Value, parent: Option<usize>) {
    match value {
        Value::Object(_) => out.push_str("{}"),
        Value::Array(_) => out.push_str("[]"),
        Value::String(string) => match parent {
            Some(parent) if fits_literal_block(string) => literal_block(out, string, parent + 2),
            _ => out.push_str(&text(string)),
        },
        _ => out.push_str(&plain(value)),
    }
}

/// Renders null, a boolean or a number.
pub(crate) fn plain(value: &Value) -> String {
    value.to_string()
}

/// Renders a string on one line, with quotes if necessary.
pub(crate) fn text(string: &str) -> String {
    if is_plain_safe(string) {
        string.to_owned()
    } else {
        double_quoted(string)
    }
}

/// Whether YAML 1.1 and 1.2 read the unquoted string as the same string, in block style.
pub(crate) fn is_plain_safe(string: &str) -> bool {
    let first_is_safe = match string.chars().next() {
        // Options such as `--flag` are safe, but `- ` and document markers are not.
        Some('-') => {
            !string.starts_with("---")
                && string
                    .chars()
                    .nth(1)
                    .is_some_and(|c| c == '-' || c.is_alphanumeric())
        }
        Some(c) => c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '(' | '$' | '+'),
        None => false,
    };
    first_is_safe
        && !string.starts_with("...")
        && string
            .chars()
            .all(|c| c.is_ascii_graphic() || c == ' ' || (!c.is_ascii() && c.is_alphanumeric()))
        && !string.ends_with([' ', ':'])
        && !string.contains(": ")
        && !string.contains(" #")
        && !looks_typed(string)
}

/// Whether any YAML version reads the text as a boolean, null, number, timestamp or sexagesimal.
fn looks_typed(string: &str) -> bool {
    let starts_as_number = string
        .trim_start_matches(['+', '-', '.'])
        .starts_with(|c: char| c.is_ascii_digit());
    let only_number_signs = string
        .chars()
        .all(|c| c.is_ascii_hexdigit() || "+-._:xXoObBtTzZ ".contains(c));
    !matches!(scalar::untagged(string), Scalar::Text(_)) || (starts_as_number && only_number_signs)
}

/// Renders a string in single quotes; `None` if they cannot represent it on one line.
pub(crate) fn single_quoted(string: &str) -> Option<String> {
    string
        .chars()
        .all(|c| is_printable(c) && c != '\n')
        .then(|| format!("'{}'", string.replace('\'', "''")))
}

/// Renders a string in double quotes, with escapes that YAML and JSON both support.
pub(crate) fn double_quoted(string: &str) -> String {
    let mut out = String::with_capacity(string.len() + 2);
    out.push('"');
    for c in string.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_printable(c) => out.push(c),
            // All other characters are in the basic multilingual plane, so four digits suffice.
            c => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
        }
    }
    out.push('"');
    out
}

/// Whether a character needs no escape in a scalar and is not a line break in YAML 1.1.
fn is_printable(c: char) -> bool {
    !c.is_control()
        && !matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        )
}

/// Whether a literal block (`|`) can represent the text: several lines of printable characters.
fn fits_literal_block(string: &str) -> bool {
    let body = string.strip_suffix('\n').unwrap_or(string);
    body.contains('\n')
        && !body.ends_with('\n')
        && !body.starts_with([' ', '\n'])
        && body.chars().all(|c| c == '\n' || is_printable(c))
        && body.lines().all(|line| !line.ends_with(' '))
}

fn literal_block(out: &mut String, string: &str, indent: usize) {
    let (header, body) = match string.strip_suffix('\n') {
        Some(body) => ("|", body),
        None => ("|-", string),
    };
    out.push_str(header);
    for line in body.split('\n') {
        out.push('\n');
        if !line.is_empty() {
            pad(out, indent);
            out.push_str(line);
        }
    }
}

/// Renders a value in flow style on one line: as JSON if `json` is true, otherwise without unnecessary
/// quotes.
pub(crate) fn flow(value: &Value, json: bool) -> String {
    match value {
        Value::Object(members) => {
            let members: Vec<String> = members
                .iter()
                .map(|(k, v)| flow_member(k, v, json))
                .collect();
            format!("{{{}}}", members.join(", "))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| flow(item, json)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::String(string) => flow_text(string, json),
        _ => plain(value),
    }
}

/// Renders a member of a mapping in flow style.
pub(crate) fn flow_member(key: &str, value: &Value, json: bool) -> String {
    format!("{}: {}", flow_text(key, json), flow(value, json))
}

/// Renders a string in flow style.
pub(crate) fn flow_text(string: &str, json: bool) -> String {
    let plain = !json && is_plain_safe(string) && !string.contains([',', '[', ']', '{', '}', ':']);
    if plain {
        string.to_owned()
    } else {
        double_quoted(string)
    }
}

/// Returns a mapping with one member.
pub(crate) fn single_member(key: &str, value: &Value) -> Value {
    let mut members = Map::new();
    members.insert(key.to_owned(), value.clone());
    Value::Object(members)
}
