//! JSON pointers as people write paths.

/// `/spec/volumes/0/name` → `spec.volumes[0].name`; keys with dots or slashes in brackets.
pub(crate) fn of_pointer(pointer: &str) -> String {
    let mut path = String::new();
    for token in pointer.split('/').skip(1) {
        let key = token.replace("~1", "/").replace("~0", "~");
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

/// A key as a token of a JSON pointer (RFC 6901).
pub(crate) fn token(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
