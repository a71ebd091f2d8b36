//! Text: of JSON strings, and in messages.
//!
//! serde_json's own reader of strings would bring its complaints about numbers into every module: 30 KB
//! (docs/adr/0006).

use std::borrow::Cow;
use std::str::Chars;

/// Why a string of valid JSON has no text.
pub(crate) const NO_TEXT: &str = "holds half a surrogate pair, which is no character";

/// The parts one after another. (`concat` is made for any slices, and costs a module 1 KB.)
pub fn joined(parts: &[&str]) -> String {
    let mut out = String::new();
    for part in parts {
        out.push_str(part);
    }
    out
}

/// Owned strings, as the defaults of settings are.
pub fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

/// The start of a text from an object, for a message: short, so that the rest of the sentence is read too,
/// and on one line, so that a value cannot add findings of its own.
pub fn excerpt(text: &str) -> Cow<'_, str> {
    const MAX_CHARS: usize = 32;
    let cut = text.char_indices().nth(MAX_CHARS);
    if cut.is_none() && !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let start = text.chars().take(MAX_CHARS);
    let printable = start.map(|c| if c.is_control() { ' ' } else { c });
    let end = cut.map(|_| '…');
    Cow::Owned(printable.chain(end).collect())
}

/// `one`, `one, two` or `one, two and 3 more`, each name in backticks.
pub fn listed<'n>(names: impl ExactSizeIterator<Item = &'n str>) -> String {
    const MAX_NAMES: usize = 2;
    let more = names.len().saturating_sub(MAX_NAMES);
    let mut text = String::new();
    for name in names.take(MAX_NAMES) {
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push('`');
        text.push_str(&excerpt(name));
        text.push('`');
    }
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

/// The text of a JSON string, borrowed where it holds no escapes; `None` for half a surrogate pair, which
/// JSON allows and Unicode does not, and for what is no JSON string.
pub(crate) fn unquote(quoted: &str) -> Option<Cow<'_, str>> {
    let inner = quoted.strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains('\\') {
        return Some(Cow::Borrowed(inner));
    }
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner.chars();
    while let Some(c) = rest.next() {
        text.push(if c == '\\' { escaped(&mut rest)? } else { c });
    }
    Some(Cow::Owned(text))
}

/// The character that an escape stands for, after its backslash (RFC 8259, section 7).
fn escaped(rest: &mut Chars<'_>) -> Option<char> {
    Some(match rest.next()? {
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => return unicode(rest),
        c @ ('"' | '\\' | '/') => c,
        _ => return None,
    })
}

fn unicode(rest: &mut Chars<'_>) -> Option<char> {
    let unit = hex(rest)?;
    if let Some(c) = char::from_u32(unit) {
        return Some(c);
    }
    if (rest.next(), rest.next()) != (Some('\\'), Some('u')) {
        return None;
    }
    // A pair counts from U+10000, ten bits in each half.
    let high = unit.checked_sub(0xd800).filter(|high| *high < 0x400)?;
    let low = hex(rest)?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
    char::from_u32(0x1_0000 + (high << 10) + low)
}

fn hex(rest: &mut Chars<'_>) -> Option<u32> {
    let mut unit = 0;
    for _ in 0..4 {
        unit = unit * 16 + rest.next()?.to_digit(16)?;
    }
    Some(unit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::unquote;

    proptest! {
        /// Escapes stand for what serde_json says, and what it refuses has no text.
        #[test]
        fn escapes_are_those_of_a_parser(
            inner in r#"(\\["\\/bfnrtux]|\\u(00[0-7][0-9a-f]|[dD][89a-fA-F][0-9a-f]{2}|[0-9A-F]{4})|[a-zé😀]){0,6}"#,
        ) {
            let quoted = format!("\"{inner}\"");
            let expected: Option<String> = serde_json::from_str(&quoted).ok();
            prop_assert_eq!(unquote(&quoted).map(String::from), expected);
        }

        /// What is no string has no text, and there is no panic.
        #[test]
        fn anything_can_be_asked(text in r#""?[a"\\ud80é]{0,12}"?"#) {
            let expected: Option<String> = serde_json::from_str(&text).ok();
            if let Some(expected) = expected {
                prop_assert_eq!(unquote(&text).map(String::from), Some(expected));
            }
        }
    }
}
