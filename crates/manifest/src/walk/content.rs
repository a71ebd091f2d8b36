//! What is in a file that is named like a manifest.

use std::path::Path;

use serde_json::Value;

use super::load;
use crate::read::read;
use crate::well_known;

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// Objects, or what is to be read to learn why it is none: nothing is left out in doubt.
    Manifests,
    /// The values of a Helm chart.
    Values,
    /// JSON patches (RFC 6902).
    JsonPatch,
    /// The settings of some other program.
    Other,
}

impl Content {
    /// Looks into a file.
    pub(super) fn of(path: &Path) -> Self {
        load(path)
            .ok()
            .and_then(|bytes| of(&path.to_string_lossy(), &bytes))
            .unwrap_or(Self::Manifests)
    }
}

/// What all documents of a file have in common; nothing if that is nothing.
fn of(name: &str, bytes: &[u8]) -> Option<Content> {
    if has_kind(bytes) {
        return None;
    }
    let mut common = None;
    for document in read(name, bytes) {
        let found = of_value(name, &document.ok()?.value().ok()?)?;
        if *common.get_or_insert(found) != found {
            return None;
        }
    }
    common
}

/// Whether a line starts with `kind:`, as in almost every manifest. Then a document has that key
/// or the file is broken, and need not be parsed here to know that it is to be read.
fn has_kind(bytes: &[u8]) -> bool {
    bytes
        .split(|&byte| byte == b'\n')
        .any(|line| line.starts_with(b"kind:"))
}

fn of_value(name: &str, value: &Value) -> Option<Content> {
    match value {
        Value::Array(operations) if !operations.is_empty() => operations
            .iter()
            .all(|operation| operation.get("op").is_some_and(Value::is_string))
            .then_some(Content::JsonPatch),
        Value::Object(members) => {
            let has = |field: &&str| members.contains_key(*field);
            if ["apiVersion", "kind"].iter().any(has) {
                None
            } else if well_known::is_named_like_values(name) {
                Some(Content::Values)
            } else if ["metadata", "spec"].iter().any(has) {
                // An object whose type was forgotten.
                None
            } else {
                Some(Content::Other)
            }
        }
        _ => None,
    }
}
