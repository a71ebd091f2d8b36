//! Finds the place of a value in the text, by its JSON pointer.

use crate::convert;
use crate::tree::{Body, Id, Tree};

/// Where a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// The key, when the value is a mapping's member.
    pub(crate) key: Option<Id>,
    pub(crate) value: Id,
}

impl Place {
    pub(crate) fn root(value: Id) -> Self {
        Self { key: None, value }
    }

    /// Where a reader would look for it: a member at its key.
    pub(crate) fn line(self, tree: &Tree) -> usize {
        tree.node(self.key.unwrap_or(self.value)).line
    }
}

/// The tokens of a JSON pointer (RFC 6901), unescaped; `None` when it is not one.
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

/// A list index as JSON pointers write it.
pub(crate) fn index(token: &str) -> Option<usize> {
    let canonical = token == "0" || !token.starts_with('0');
    (canonical && token.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| token.parse().ok())
        .flatten()
}

/// What `tokens` lead to from `root`, through aliases and merges.
pub(crate) fn find(tree: &Tree, root: Id, tokens: &[String]) -> Option<Place> {
    tokens.iter().try_fold(Place::root(root), |place, token| {
        child(tree, place.value, token)
    })
}

/// What `tokens` lead to from `root`, or as far as they lead.
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

/// A mapping's member as the conversion sees it: the last one written wins.
fn member(tree: &Tree, id: Id, name: &str) -> Option<Place> {
    let Body::Mapping(entries) = &tree.node(tree.target(id)).body else {
        return None;
    };
    entries.iter().rev().find_map(|&(key, value)| {
        if !tree.node(key).is_merge_key() {
            return own_key_is(tree, key, name).then_some(Place {
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

/// A mapping's own member, neither merged nor behind an alias.
pub(crate) fn own_member(tree: &Tree, id: Id, name: &str) -> Option<Place> {
    let Body::Mapping(entries) = &tree.node(id).body else {
        return None;
    };
    entries.iter().find_map(|&(key, value)| {
        (!tree.node(key).is_merge_key() && own_key_is(tree, key, name)).then_some(Place {
            key: Some(key),
            value,
        })
    })
}

fn own_key_is(tree: &Tree, key: Id, name: &str) -> bool {
    convert::key(tree, key).is_ok_and(|found| found == name)
}
