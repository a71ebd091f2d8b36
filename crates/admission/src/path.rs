//! Paths of values, in the notation of Kubernetes' own field errors.

use crate::json::unquote;
use crate::scan;

/// The path from `root` to `part`, a slice of its text.
pub(crate) fn to(root: &str, part: &str) -> String {
    let start = offset(root, part);
    let end = start + part.len();
    innermost(root, |from, to| from <= start && end <= to)
}

/// The path of the innermost value of `root` around the place where `error` struck. serde says "line 1
/// column 30"; people want the name of the field.
pub(crate) fn of_error(root: &str, error: &serde_json::Error) -> String {
    let lines = root.split_inclusive('\n');
    let before = lines.take(error.line().saturating_sub(1));
    let before: usize = before.map(str::len).sum();
    // A syntax error counts the byte that it struck on, the others only those before.
    let struck = before + error.column();
    let at = struck.saturating_sub(usize::from(error.is_syntax()));
    innermost(root, |from, to| (from..=to).contains(&at))
}

/// `spec` + `accessModes` → `spec.accessModes`; keys that hold dots or slashes are bracketed, as
/// Kubernetes does for annotations: `metadata.annotations[a.b/c]`.
pub(crate) fn child(parent: &str, key: &str) -> String {
    if key.contains(['.', '/', '[', ' ']) {
        return format!("{parent}[{key}]");
    }
    match parent {
        "" => key.to_owned(),
        parent => format!("{parent}.{key}"),
    }
}

/// Goes down from the root as long as a part is around the place: `around` is asked with where the part
/// begins and ends in the root's text.
fn innermost(root: &str, around: impl Fn(usize, usize) -> bool) -> String {
    let is_around = |part: &str| {
        let from = offset(root, part);
        around(from, from + part.len())
    };
    let mut path = String::new();
    let mut value = root.trim();
    loop {
        let inner = if value.starts_with('{') {
            let mut members = scan::members(value).into_iter();
            let found = members.find(|(_, value)| is_around(value));
            found.map(|(key, value)| (child(&path, &unquote(key).unwrap_or_default()), value))
        } else if value.starts_with('[') {
            let mut items = scan::items(value).into_iter().enumerate();
            let found = items.find(|(_, item)| is_around(item));
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

/// Where `part` begins in `root`, which it is a slice of.
fn offset(root: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(root.as_ptr() as usize)
}
