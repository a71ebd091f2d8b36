//! What is said beside the routes.

use std::fmt;

use admission::Node;

use crate::text::joined;

/// One sentence about a place in the Ingress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Where, in Kubernetes' notation: `spec.rules[0].host`.
    pub path: String,
    /// What is to be said of it.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        f.write_str(": ")?;
        f.write_str(&self.message)
    }
}

/// Adds a sentence, made of `parts`, unless it is there already: what is true of a Service or of a host
/// is not said again with each path. (Joining parts costs a module less than formatting
/// them.)
#[inline(never)]
pub(crate) fn say(list: &mut Vec<Finding>, place: Node<'_>, parts: &[&str]) {
    let message = joined(parts);
    if !list.iter().any(|said| said.message == message) {
        let path = place.path();
        list.push(Finding { path, message });
    }
}

/// Adds a sentence about an annotation: each is named, though others do the same.
#[inline(never)]
pub(crate) fn tell(list: &mut Vec<Finding>, annotation: Node<'_>, parts: &[&str]) {
    list.push(Finding {
        path: annotation.path(),
        message: joined(parts),
    });
}

/// Text of the Ingress as it may stand in a sentence: short, and on one line.
#[inline(never)]
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut out = String::from("`");
    for (index, c) in text.chars().enumerate() {
        if index == LONGEST {
            out.push('…');
            break;
        }
        match c {
            '`' => out.push('\''),
            c if c.is_control() => out.push('�'),
            c => out.push(c),
        }
    }
    out.push('`');
    out
}
