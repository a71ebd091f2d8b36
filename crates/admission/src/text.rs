//! Text in messages, and the text of JSON strings.
//!
//! serde_json's string parser would add its error messages about numbers to every module: 30 KB
//! (docs/adr/0006).

use std::borrow::Cow;
use std::str::Chars;

/// Why a valid JSON string cannot be decoded.
pub(crate) const UNPAIRED_SURROGATE: &str =
    "contains an unpaired surrogate, which is not a Unicode character";

/// Concatenates the parts. (`concat` of the standard library handles any slices and adds 1 KB to a module.)
pub fn joined(parts: &[&str]) -> String {
    let mut out = String::new();
    for part in parts {
        out.push_str(part);
    }
    out
}

/// Returns owned strings, for the defaults of settings.
pub fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

/// Returns the start of a text, for a message: short, so that people read the rest of the sentence, and on one
/// line, so that a value cannot imitate further findings.
pub fn excerpt(text: &str) -> Cow<'_, str> {
    const MAX_CHARS: usize = 32;
    let cut = text.char_indices().nth(MAX_CHARS);
    if cut.is_none() && !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let (end, ellipsis) = cut.map_or((text.len(), ""), |(end, _)| (end, "…"));
    let mut excerpt = String::new();
    push_printable(&mut excerpt, text.get(..end).unwrap_or_default());
    excerpt.push_str(ellipsis);
    Cow::Owned(excerpt)
}

/// Appends a text with a space in place of each control character.
pub(crate) fn push_printable(out: &mut String, text: &str) {
    for c in text.chars() {
        out.push(if c.is_control() { ' ' } else { c });
    }
}

/// Lists names in backticks, at most two: `` `a`, `b` and 3 more ``.
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

/// Decodes a JSON string; borrows the text if it has no escapes. Returns `None` for an unpaired surrogate,
/// which JSON allows and Unicode does not, and for text that is not a JSON string.
pub(crate) fn unquote(quoted: &str) -> Option<Cow<'_, str>> {
    let inner = quoted.strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains('\\') {
        return Some(Cow::Borrowed(inner));
    }
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner.chars();
    while let Some(c) = rest.next() {
        text.push(if c == '\\' { escape(&mut rest)? } else { c });
    }
    Some(Cow::Owned(text))
}

/// Decodes an escape sequence after its backslash (RFC 8259, section 7).
fn escape(rest: &mut Chars<'_>) -> Option<char> {
    Some(match rest.next()? {
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'u' => return unicode_escape(rest),
        c @ ('"' | '\\' | '/') => c,
        _ => return None,
    })
}

fn unicode_escape(rest: &mut Chars<'_>) -> Option<char> {
    let unit = hex(rest)?;
    if let Some(c) = char::from_u32(unit) {
        return Some(c);
    }
    if (rest.next(), rest.next()) != (Some('\\'), Some('u')) {
        return None;
    }
    // A surrogate pair encodes the offset from U+10000, ten bits in each half.
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
        #[test]
        fn decodes_strings_as_serde_json_does(
            inner in r#"(\\["\\/bfnrtux]|\\u(00[0-7][0-9a-f]|[dD][89a-fA-F][0-9a-f]{2}|[0-9A-F]{4})|[a-zé😀]){0,6}"#,
        ) {
            let quoted = format!("\"{inner}\"");
            let expected: Option<String> = serde_json::from_str(&quoted).ok();
            prop_assert_eq!(unquote(&quoted).map(String::from), expected);
        }

        #[test]
        fn any_text_is_handled_without_a_panic(text in r#""?[a"\\ud80é]{0,12}"?"#) {
            let expected: Option<String> = serde_json::from_str(&text).ok();
            if let Some(expected) = expected {
                prop_assert_eq!(unquote(&text).map(String::from), Some(expected));
            }
        }
    }
}
