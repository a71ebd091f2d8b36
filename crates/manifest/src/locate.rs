//! Finds where the value at a JSON pointer is written.

use crate::convert;
use crate::tree::{Body, Id, Tree};

/// Where a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// The key, if the value is a member of a mapping.
    pub(crate) key: Option<Id>,
    pub(crate) value: Id,
}

impl Place {
    pub(crate) fn root(value: Id) -> Self {
        Self { key: None, value }
    }

    /// Returns the line of the key for a member, otherwise of the value.
    pub(crate) fn line(self, tree: &Tree) -> usize {
        tree.node(self.key.unwrap_or(self.value)).line
    }
}

/// Splits a JSON pointer (RFC 6901) into unescaped tokens; `None` if it is invalid.
pub(crate) fn tokens(pointer: &str) -> Option<Vec<String>> {
    if pointer.is_empty() {
        return Some(Vec::new());
    }
    let tokens = pointer.strip_prefix('/')?.split('/');
    Some(
        tokens
            .map(|token| token.replace("~1", "/").replace("~0", "~"))
            .collect(),
    )
}

/// Parses a list index of a JSON pointer.
pub(crate) fn index(token: &str) -> Option<usize> {
    let canonical = token == "0" || !token.starts_with('0');
    (canonical && token.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| token.parse().ok())
        .flatten()
}

/// Finds the value at `tokens` below `root`, following aliases and merges.
pub(crate) fn find(tree: &Tree, root: Id, tokens: &[String]) -> Option<Place> {
    tokens.iter().try_fold(Place::root(root), |place, token| {
        child(tree, place.value, token)
    })
}

/// Like [`find`], but returns the deepest existing ancestor if the value does not exist.
pub(crate) fn find_nearest(tree: &Tree, root: Id, tokens: &[String]) -> Place {
    let mut place = Place::root(root);
    for token in tokens {
        match child(tree, place.value, token) {
            Some(next) => place = next,
            None => break,
        }
    }
    place
}

fn child(tree: &Tree, id: Id, token: &str) -> Option<Place> {
    match &tree.node(tree.target(id)).body {
        Body::Sequence(items) => items.get(index(token)?).map(|&item| Place::root(item)),
        Body::Mapping(_) => member(tree, id, token),
        Body::Scalar { .. } | Body::Alias(_) => None,
    }
}

/// Finds a member of a mapping, including merged ones. As in the conversion to JSON, the last one wins.
fn member(tree: &Tree, id: Id, name: &str) -> Option<Place> {
    let Body::Mapping(entries) = &tree.node(tree.target(id)).body else {
        return None;
    };
    entries.iter().rev().find_map(|&(key, value)| {
        if !tree.node(key).is_merge_key() {
            return key_is(tree, key, name).then_some(Place {
                key: Some(key),
                value,
            });
        }
        match &tree.node(value).body {
            Body::Sequence(items) => items.iter().find_map(|&item| member(tree, item, name)),
            _ => member(tree, value, name),
        }
    })
}

/// Finds a member that is written in the mapping itself, neither merged nor behind an alias.
pub(crate) fn own_member(tree: &Tree, id: Id, name: &str) -> Option<Place> {
    let Body::Mapping(entries) = &tree.node(id).body else {
        return None;
    };
    entries.iter().find_map(|&(key, value)| {
        (!tree.node(key).is_merge_key() && key_is(tree, key, name)).then_some(Place {
            key: Some(key),
            value,
        })
    })
}

fn key_is(tree: &Tree, key: Id, name: &str) -> bool {
    convert::key(tree, key).is_ok_and(|found| found == name)
}
