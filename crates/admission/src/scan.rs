//! Splits JSON text that is known to be valid into its parts.
//!
//! serde_json validates the payload once, as a whole; after that, brackets and quotes are enough to find where
//! a value ends. So one level can be split without parsing the levels below it again, which is most of the cost
//! of a request. If the text is not valid JSON, the parts are wrong, but they are still slices of it.

/// Returns the members of an object: the keys with their quotes, and the values.
pub(crate) fn members(text: &str) -> Vec<(&str, &str)> {
    let mut parts = Parts { text, at: 1 };
    let mut members = Vec::new();
    while let (Some(key), Some(value)) = (parts.next(), parts.next()) {
        members.push((key, value));
    }
    members
}

/// Returns the items of an array.
pub(crate) fn items(text: &str) -> Vec<&str> {
    Parts { text, at: 1 }.collect()
}

/// Iterates over the values one level down, regardless of separators: the keys and values of an object
/// alternate.
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

/// Returns the end of the value that starts at `start`; `None` if the level ends there instead.
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

/// Returns the end of the string whose opening quote is at `start`.
///
/// Most bytes of a payload are in strings, so the loop reads eight bytes at a time.
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let word = u64::from_le_bytes(*eight);
        let found = zero_bytes(word ^ QUOTES) | zero_bytes(word ^ BACKSLASHES);
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

/// The value 1 in each byte.
const ONES: u64 = u64::MAX / 255;
const QUOTES: u64 = ONES * b'"' as u64;
const BACKSLASHES: u64 = ONES * b'\\' as u64;

/// Sets the high bit of the lowest zero byte of `word`; higher bits of the result have no meaning. Returns 0 if
/// no byte is zero. (Hacker's Delight, "find first 0-byte".)
fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & (ONES << 7)
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
            // Quotes, backslashes and brackets at every position in a word of eight bytes.
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
        #[test]
        fn finds_the_same_parts_as_serde_json(value in json()) {
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

        #[test]
        fn any_text_is_split_without_a_panic(text in r#"[\[{]["\\\\{}\[\],: a-zé]{0,60}"#) {
            let whole: usize = items(&text).iter().map(|part| part.len()).sum();
            prop_assert!(whole <= text.len());
        }
    }
}
