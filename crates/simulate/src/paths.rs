//! JSON pointers as people write paths.

/// `/spec/volumes/0/name` → `spec.volumes[0].name`; keys with dots or slashes in brackets.
pub fn of_pointer(pointer: &str) -> String {
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

/// The key that a token of a JSON pointer (RFC 6901) stands for.
pub fn key(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

/// A key as a token of a JSON pointer (RFC 6901).
pub fn token(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The JSON pointer of the path that `message` begins with: `spec.volumes[0].name must …`.
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
    use super::{leading_pointer, of_pointer};

    #[test]
    fn a_path_and_its_pointer_lead_to_each_other() {
        for pointer in [
            "/spec/storageClassName",
            "/spec/volumeClaimTemplates/0/spec/accessModes/1",
            "/metadata/annotations/volume.beta.kubernetes.io~1storage-class",
        ] {
            let message = format!("{}: is wrong", of_pointer(pointer));
            assert_eq!(leading_pointer(&message), pointer);
        }
    }
}
