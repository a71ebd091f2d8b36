//! Classifies files by their content.

use std::path::Path;

use serde_json::Value;

use super::load;
use crate::non_manifest;
use crate::read::read;

/// The purpose of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// Kubernetes objects. Also anything that cannot be classified, so that reading it reports why.
    Manifests,
    /// The values of a Helm chart.
    Values,
    /// JSON patches (RFC 6902).
    JsonPatch,
    /// The configuration of another program.
    Other,
}

impl Content {
    /// Classifies a file.
    pub(super) fn detect(path: &Path) -> Self {
        load(path)
            .ok()
            .and_then(|bytes| common_content(&path.to_string_lossy(), &bytes))
            .unwrap_or(Self::Manifests)
    }
}

/// Returns the content that all documents of a file share; `None` if they differ or contain objects.
fn common_content(name: &str, bytes: &[u8]) -> Option<Content> {
    if has_kind(bytes) {
        return None;
    }
    let mut common = None;
    for document in read(name, bytes) {
        let found = content_of(name, &document.ok()?.value().ok()?)?;
        if *common.get_or_insert(found) != found {
            return None;
        }
    }
    common
}

/// Whether a line starts with `kind:`, as in almost every manifest.
///
/// Such a file contains an object or is invalid. In both cases it is read as a manifest, so parsing it here
/// is unnecessary.
fn has_kind(bytes: &[u8]) -> bool {
    bytes
        .split(|&byte| byte == b'\n')
        .any(|line| line.starts_with(b"kind:"))
}

fn content_of(name: &str, value: &Value) -> Option<Content> {
    match value {
        Value::Array(operations) if !operations.is_empty() => operations
            .iter()
            .all(|operation| operation.get("op").is_some_and(Value::is_string))
            .then_some(Content::JsonPatch),
        Value::Object(members) => {
            let has = |field: &&str| members.contains_key(*field);
            if ["apiVersion", "kind"].iter().any(has) {
                None
            } else if non_manifest::is_named_like_values(name) {
                Some(Content::Values)
            } else if ["metadata", "spec"].iter().any(has) {
                // Probably an object without its type.
                None
            } else {
                Some(Content::Other)
            }
        }
        _ => None,
    }
}
