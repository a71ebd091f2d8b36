//! Text of ASCII syntax, byte by byte: the standard library's searches are made for long texts and cost a
//! module several KB.

pub(crate) use admission::joined;

/// Whether the text holds one of these ASCII characters.
pub(crate) fn has_any(text: &str, set: &[u8]) -> bool {
    text.bytes().any(|byte| set.contains(&byte))
}

/// Whether the text holds `part`, which is not empty.
pub(crate) fn has(text: &str, part: &str) -> bool {
    let windows = &mut text.as_bytes().windows(part.len().max(1));
    windows.any(|window| window == part.as_bytes())
}

/// What is before and after the first of an ASCII character.
pub(crate) fn cut(text: &str, at: u8) -> Option<(&str, &str)> {
    let index = text.bytes().position(|byte| byte == at)?;
    Some((text.get(..index)?, text.get(index + 1..)?))
}
