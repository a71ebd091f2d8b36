//! Edits a document's text and leaves everything else as written.

use json_patch::{AddOperation, PatchOperation, RemoveOperation, ReplaceOperation};
use serde_json::Value;

use crate::convert;
use crate::editor::Editor;
use crate::locate;
use crate::object::Object;
use crate::tree::Tree;

impl Object {
    /// Applies a patch (RFC 6902) of this object to the document's text ([`Object::source`]). Comments,
    /// quotes, indentation, flow style and line breaks are kept.
    ///
    /// Returns `None` if the patch does not apply, if the text cannot express it (for example, for values
    /// from an alias or a merge), or if another part of the document, such as another item of a list, is
    /// invalid. The result is parsed again and verified to equal the patched document. For `None`,
    /// callers can use [`crate::render()`].
    #[must_use]
    pub fn edit(&self, patch: &[PatchOperation]) -> Option<String> {
        let tree = &self.source.tree;
        let mut expected = convert::value(tree, tree.root).ok()?;
        let mut text = self.source.text.clone();
        for operation in patch {
            for step in steps(operation, &self.pointer, &expected)? {
                json_patch::patch(&mut expected, std::slice::from_ref(&step)).ok()?;
                text = apply(&text, &step)?;
            }
        }
        let tree = Tree::parse(&text).ok()?;
        let edited = convert::value(&tree, tree.root).ok()?;
        (edited == expected).then_some(text)
    }
}

/// Converts an operation on the object at `prefix` to additions, removals and replacements in its document.
fn steps(
    operation: &PatchOperation,
    prefix: &str,
    document: &Value,
) -> Option<Vec<PatchOperation>> {
    let at = |path: &dyn std::fmt::Display| format!("{prefix}{path}");
    let add = |path: &str, value: Value| {
        let path = path.parse().ok()?;
        Some(PatchOperation::Add(AddOperation { path, value }))
    };
    let remove = |path: &str| {
        let path = path.parse().ok()?;
        Some(PatchOperation::Remove(RemoveOperation { path }))
    };
    let steps = match operation {
        PatchOperation::Add(it) => vec![add(&at(&it.path), it.value.clone())?],
        PatchOperation::Remove(it) => vec![remove(&at(&it.path))?],
        PatchOperation::Replace(it) => vec![PatchOperation::Replace(ReplaceOperation {
            path: at(&it.path).parse().ok()?,
            value: it.value.clone(),
        })],
        PatchOperation::Copy(it) => {
            let value = document.pointer(&at(&it.from))?.clone();
            vec![add(&at(&it.path), value)?]
        }
        PatchOperation::Move(it) => {
            let from = at(&it.from);
            let value = document.pointer(&from)?.clone();
            vec![remove(&from)?, add(&at(&it.path), value)?]
        }
        PatchOperation::Test(it) => {
            let found = document.pointer(&at(&it.path))?;
            return (*found == it.value).then(Vec::new);
        }
    };
    Some(steps)
}

/// Applies one addition, removal or replacement to a text.
fn apply(text: &str, operation: &PatchOperation) -> Option<String> {
    let tokens = locate::tokens(operation.path().as_str())?;
    let editor = Editor::new(text)?;
    match operation {
        PatchOperation::Add(it) => editor.add(&tokens, &it.value),
        PatchOperation::Remove(_) => editor.remove(&tokens),
        PatchOperation::Replace(it) => editor.replace(&tokens, &it.value),
        _ => None,
    }
}
