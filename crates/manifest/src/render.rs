//! JSON values written as YAML.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::scalar::{self, Scalar};

/// YAML allows a key without `?` to be 1024 characters long, escapes included.
const LONGEST_SIMPLE_KEY: usize = 1000;

/// Renders a value as a YAML document in block style, members in their order, two spaces per
/// level, lists in line with their key as kubectl writes them.
///
/// Strings are quoted when YAML 1.1 or 1.2 would read them as something else, so that reading
/// the text gives back an equal value.
#[must_use]
pub fn render(value: &Value) -> String {
    let mut text = String::new();
    Block::default().value(&mut text, value, 0);
    text
}

/// Writes nested values in block style.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block {
    /// How much further right than its parent's key a key is.
    pub(crate) step: usize,
    /// How much further right than its key a list's dashes are.
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
    /// A value on lines of its own, each indented by `indent`; ends with a line break.
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
                // At the top there is no key to be indented from.
                scalar_or_empty(out, value, indent.checked_sub(2));
                out.push('\n');
            }
        }
    }

    /// A mapping's member whose key is at column `indent`, which is written already.
    pub(crate) fn member(self, out: &mut String, key: &str, value: &Value, indent: usize) {
        let key = text(key);
        if key.len() > LONGEST_SIMPLE_KEY {
            let _ = writeln!(out, "? {key}");
            pad(out, indent);
        } else {
            out.push_str(&key);
        }
        out.push(':');
        self.after_colon(out, value, indent);
    }

    /// What follows a member's colon, the key being at column `indent`.
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

    /// A list's item whose dash is at column `indent`, not yet written.
    pub(crate) fn item(self, out: &mut String, item: &Value, indent: usize) {
        out.push_str("- ");
        match item {
            // Compact: the first line goes behind the dash.
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

/// A scalar or an empty collection; text of several lines as a block under a parent at column
/// `parent`, if there is one.
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

/// Null, a boolean or a number.
pub(crate) fn plain(value: &Value) -> String {
    value.to_string()
}

/// A string as a scalar on one line, quoted if it must be.
pub(crate) fn text(string: &str) -> String {
    if is_plain_safe(string) {
        string.to_owned()
    } else {
        double_quoted(string)
    }
}

/// Whether a string without quotes is read as itself, by YAML 1.1 and 1.2, in block style.
pub(crate) fn is_plain_safe(string: &str) -> bool {
    let first_is_safe = match string.chars().next() {
        // Options such as `--flag` are fine, `- ` and document markers are not.
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

/// Whether some YAML reads the text as a boolean, null, number, timestamp or sexagesimal.
fn looks_typed(string: &str) -> bool {
    let starts_as_number = string
        .trim_start_matches(['+', '-', '.'])
        .starts_with(|c: char| c.is_ascii_digit());
    let only_number_signs = string
        .chars()
        .all(|c| c.is_ascii_hexdigit() || "+-._:xXoObBtTzZ ".contains(c));
    !matches!(scalar::untagged(string), Scalar::Text(_)) || (starts_as_number && only_number_signs)
}

/// A string in single quotes, if that can hold it on one line.
pub(crate) fn single_quoted(string: &str) -> Option<String> {
    string
        .chars()
        .all(|c| is_printable(c) && c != '\n')
        .then(|| format!("'{}'", string.replace('\'', "''")))
}

/// A string in double quotes, escaped so that YAML and JSON read it alike.
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
            // All that is not printable is in the first plane, where four digits do.
            c => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
        }
    }
    out.push('"');
    out
}

/// Characters that may stand in a scalar as they are and do not break lines in YAML 1.1.
fn is_printable(c: char) -> bool {
    !c.is_control()
        && !matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
        )
}

/// Whether a literal block (`|`) shows the text as it is: several lines of printable text.
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

/// A value in flow style on one line. With `json`, as JSON, else unquoted where that is safe.
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

/// A member of a mapping in flow style.
pub(crate) fn flow_member(key: &str, value: &Value, json: bool) -> String {
    format!("{}: {}", flow_text(key, json), flow(value, json))
}

/// A string in flow style.
pub(crate) fn flow_text(string: &str, json: bool) -> String {
    let plain = !json && is_plain_safe(string) && !string.contains([',', '[', ']', '{', '}', ':']);
    if plain {
        string.to_owned()
    } else {
        double_quoted(string)
    }
}

/// The mapping with one member.
pub(crate) fn one_member(key: &str, value: &Value) -> Value {
    let mut members = Map::new();
    members.insert(key.to_owned(), value.clone());
    Value::Object(members)
}
