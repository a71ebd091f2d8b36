//! Conversion between JSON pointers and the field paths of messages.

/// Converts `/spec/volumes/0/name` to `spec.volumes[0].name`. Keys with dots or slashes go in brackets.
pub fn from_pointer(pointer: &str) -> String {
    let mut path = String::new();
    for token in pointer.split('/').skip(1) {
        let key = key(token);
        let index = !key.is_empty() && key.bytes().all(|b| b.is_ascii_digit());
        if index || key.contains(['.', '/', ' ']) {
            path.push('[');
            path.push_str(&key);
            path.push(']');
        } else {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(&key);
        }
    }
    path
}

/// Unescapes a token of a JSON pointer (RFC 6901).
pub fn key(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

/// Escapes a key as a token of a JSON pointer (RFC 6901).
pub fn token(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Returns the JSON pointer of the path at the start of a message such as `spec.volumes[0].name must …`.
pub fn leading_pointer(message: &str) -> String {
    let mut pointer = String::new();
    let mut rest = message;
    loop {
        let bracketed = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let (key, after) = match bracketed {
            Some(found) => found,
            None => {
                let end = rest.find(['.', '[', ':', ' ', '\n']).unwrap_or(rest.len());
                rest.split_at(end)
            }
        };
        pointer.push('/');
        pointer.push_str(&token(key));
        match after.strip_prefix('.') {
            Some(more) => rest = more,
            None if after.starts_with('[') => rest = after,
            None => return pointer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{from_pointer, leading_pointer};

    #[test]
    fn pointers_survive_conversion_to_paths_and_back() {
        for pointer in [
            "/spec/storageClassName",
            "/spec/volumeClaimTemplates/0/spec/accessModes/1",
            "/metadata/annotations/volume.beta.kubernetes.io~1storage-class",
        ] {
            let message = format!("{}: is wrong", from_pointer(pointer));
            assert_eq!(leading_pointer(&message), pointer);
        }
    }
}
