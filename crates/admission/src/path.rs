//! Paths of values, in the notation of field errors in Kubernetes.

use crate::scan;
use crate::text::unquote;

/// Returns the path from `root` to `part`, a slice of its text.
pub(crate) fn to(root: &str, part: &str) -> String {
    let start = offset(root, part);
    let end = start + part.len();
    let encloses = |outer: &str| {
        let from = offset(root, outer);
        from <= start && end <= from + outer.len()
    };
    let mut path = String::new();
    let mut value = root.trim();
    loop {
        let inner = if value.starts_with('{') {
            let mut members = scan::members(value).into_iter();
            let found = members.find(|(_, value)| encloses(value));
            found.map(|(key, value)| (child(&path, &unquote(key).unwrap_or_default()), value))
        } else if value.starts_with('[') {
            let mut items = scan::items(value).into_iter().enumerate();
            let found = items.find(|(_, item)| encloses(item));
            found.map(|(index, item)| (format!("{path}[{index}]"), item))
        } else {
            None
        };
        match inner {
            Some((inner_path, inner)) => (path, value) = (inner_path, inner),
            None => return path,
        }
    }
}

/// Appends a key to a path: `spec` + `accessModes` → `spec.accessModes`. Keys with dots or slashes are put in
/// brackets, as Kubernetes does for annotations: `metadata.annotations[a.b/c]`.
pub(crate) fn child(parent: &str, key: &str) -> String {
    if key.contains(['.', '/', '[', ' ']) {
        return format!("{parent}[{key}]");
    }
    match parent {
        "" => key.to_owned(),
        parent => format!("{parent}.{key}"),
    }
}

/// Returns the byte offset of `part`, a slice of `root`, in `root`.
fn offset(root: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(root.as_ptr() as usize)
}
