//! Finding the parts of JSON text that is known to be valid.
//!
//! serde_json checks the payload once, as a whole; after that the extent of a value is told by
//! brackets and quotes alone. So a level can be taken apart without reading what is below it again, which
//! is most of what a request costs. On text that is not valid the parts are wrong, but they are always
//! slices of it.

/// The members of the object that `text` is: the keys with their quotes, and the values.
pub(crate) fn members(text: &str) -> Vec<(&str, &str)> {
    let mut parts = Parts { text, at: 1 };
    let mut members = Vec::new();
    while let (Some(key), Some(value)) = (parts.next(), parts.next()) {
        members.push((key, value));
    }
    members
}

/// The items of the array that `text` is.
pub(crate) fn items(text: &str) -> Vec<&str> {
    Parts { text, at: 1 }.collect()
}

/// The values one level down, whatever separates them: the members of an object come as keys and
/// values in turn.
struct Parts<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Iterator for Parts<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let bytes = self.text.as_bytes();
        while let Some(b' ' | b'\t' | b'\n' | b'\r' | b',' | b':') = bytes.get(self.at) {
            self.at += 1;
        }
        let start = self.at;
        self.at = end_of_value(bytes, start)?;
        self.text.get(start..self.at)
    }
}

/// Where the value ends that begins at `start`; `None` where the level ends instead.
fn end_of_value(bytes: &[u8], start: usize) -> Option<usize> {
    match bytes.get(start)? {
        b'"' => Some(end_of_string(bytes, start)),
        b'{' | b'[' => {
            let mut depth = 0_usize;
            let mut at = start;
            loop {
                match bytes.get(at)? {
                    b'"' => {
                        at = end_of_string(bytes, at);
                        continue;
                    }
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth -= 1,
                    _ => {}
                }
                at += 1;
                if depth == 0 {
                    return Some(at);
                }
            }
        }
        b'}' | b']' => None,
        _ => {
            let rest = bytes.get(start..)?;
            let ends =
                |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
            Some(start + rest.iter().position(ends).unwrap_or(rest.len()))
        }
    }
}

/// Where the string ends whose opening quote is at `start`.
///
/// Most bytes of a payload are in strings, so these are looked at eight at a time.
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let word = u64::from_le_bytes(*eight);
        let found = zeros(word ^ QUOTES) | zeros(word ^ BACKSLASHES);
        if found == 0 {
            at += 8;
            continue;
        }
        at += found.trailing_zeros() as usize / 8;
        match bytes.get(at) {
            Some(b'"') => return at + 1,
            _ => at += 2,
        }
    }
    loop {
        match bytes.get(at) {
            Some(b'"') => return at + 1,
            Some(b'\\') => at += 2,
            Some(_) => at += 1,
            None => return bytes.len(),
        }
    }
}

/// 1 in each byte.
const EACH: u64 = u64::MAX / 255;
const QUOTES: u64 = EACH * b'"' as u64;
const BACKSLASHES: u64 = EACH * b'\\' as u64;

/// The high bit of the lowest byte of `word` that is zero, perhaps with higher bits that mean nothing; 0
/// where no byte is zero. (Hacker's Delight, "find first 0-byte".)
fn zeros(word: u64) -> u64 {
    word.wrapping_sub(EACH) & !word & (EACH << 7)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::{items, members};

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            // Quotes, backslashes and brackets at every place of a word of eight bytes.
            r#"([a-z]{0,9}["\\\\{}\[\]:,é]){0,4}"#.prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 48, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(r#"[a-z"\\\\{]{0,12}"#, inner, 0..6)
                    .prop_map(|members| members.into_iter().collect()),
            ]
        })
    }

    fn parse(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    proptest! {
        /// The parts are those that serde_json finds, however the text is spaced.
        #[test]
        fn parts_are_those_of_a_parser(value in json()) {
            for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
                match &value {
                    Value::Array(expected) => {
                        let found: Vec<Value> = items(&text).into_iter().map(parse).collect();
                        prop_assert_eq!(&found, expected);
                    }
                    Value::Object(expected) => {
                        let found: Vec<(Value, Value)> = members(&text)
                            .into_iter()
                            .map(|(key, value)| (parse(key), parse(value)))
                            .collect();
                        let expected: Vec<(Value, Value)> = expected
                            .iter()
                            .map(|(key, value)| (key.as_str().into(), value.clone()))
                            .collect();
                        prop_assert_eq!(found, expected);
                    }
                    _ => {}
                }
            }
        }

        /// Text that is not JSON has parts too, and no panic.
        #[test]
        fn anything_can_be_taken_apart(text in r#"[\[{]["\\\\{}\[\],: a-zé]{0,60}"#) {
            let whole: usize = items(&text).iter().map(|part| part.len()).sum();
            prop_assert!(whole <= text.len());
        }
    }
}
