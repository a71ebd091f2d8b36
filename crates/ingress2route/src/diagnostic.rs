//! Diagnostics about fields of the Ingress.

use std::fmt;

use admission::Node;

use crate::text::joined;

/// A message about a field of the Ingress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The field, in Kubernetes notation: `spec.rules[0].host`.
    pub path: String,
    /// The message, one sentence.
    pub message: String,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        f.write_str(": ")?;
        f.write_str(&self.message)
    }
}

/// Adds a message about a field, unless the list already has the same message: a problem of a Service or a
/// host is reported once, not for each path. (Joining `parts` adds less code to the `.wasm` file than
/// formatting them.)
#[inline(never)]
pub(crate) fn push_once(list: &mut Vec<Diagnostic>, field: Node<'_>, parts: &[&str]) {
    let message = joined(parts);
    if !list.iter().any(|other| other.message == message) {
        let path = field.path();
        list.push(Diagnostic { path, message });
    }
}

/// Adds a message about an annotation, even if the list already has the same message about another one.
#[inline(never)]
pub(crate) fn push(list: &mut Vec<Diagnostic>, annotation: Node<'_>, parts: &[&str]) {
    list.push(Diagnostic {
        path: annotation.path(),
        message: joined(parts),
    });
}

/// Quotes text of the Ingress for a message: in backticks, on one line, truncated.
#[inline(never)]
pub(crate) fn quote(text: &str) -> String {
    const MAX_CHARS: usize = 60;
    let mut out = String::from("`");
    for (index, c) in text.chars().enumerate() {
        if index == MAX_CHARS {
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
