//! String searches, byte by byte. The searches of the standard library are optimized for long strings and add
//! several KB to the `.wasm` file.

pub(crate) use admission::joined;

/// Whether the text contains one of these ASCII characters.
pub(crate) fn contains_any(text: &str, set: &[u8]) -> bool {
    text.bytes().any(|byte| set.contains(&byte))
}

/// Whether the text consists of these ASCII characters.
pub(crate) fn consists_of(text: &str, set: &str) -> bool {
    text.bytes().all(|byte| set.as_bytes().contains(&byte))
}

/// Whether the text contains `part`, which must not be empty.
pub(crate) fn contains(text: &str, part: &str) -> bool {
    let windows = &mut text.as_bytes().windows(part.len().max(1));
    windows.any(|window| window == part.as_bytes())
}

/// Splits the text at the first occurrence of an ASCII character.
pub fn split_once(text: &str, at: u8) -> Option<(&str, &str)> {
    let index = text.bytes().position(|byte| byte == at)?;
    Some((text.get(..index)?, text.get(index + 1..)?))
}
