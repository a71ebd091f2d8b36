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
fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    loop {
        match bytes.get(at) {
            Some(b'"') => return at + 1,
            Some(b'\\') => at += 2,
            Some(_) => at += 1,
            None => return bytes.len(),
        }
    }
}
