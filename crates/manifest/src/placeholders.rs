//! Placeholders such as `${DOMAIN}` that were not substituted.

use std::sync::Arc;

use crate::problem::Problem;

/// A `${NAME}` in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placeholder<'a> {
    /// The name: upper-case letters, digits and underscores, not starting with a digit.
    pub name: &'a str,
    /// The first line that contains it, from 1.
    pub line: usize,
}

/// Returns the placeholders of a text without duplicates, in the order of their first occurrence.
///
/// `$${NAME}` is an escape, as in Flux and envsubst, and is skipped.
#[must_use]
pub fn placeholders(text: &str) -> Vec<Placeholder<'_>> {
    let mut found: Vec<Placeholder<'_>> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    if !text.contains("${") {
        return found;
    }
    for (index, line) in text.lines().enumerate() {
        for (at, _) in line.match_indices("${") {
            if line.get(..at).is_some_and(|before| before.ends_with('$')) {
                continue;
            }
            let rest = line.get(at + 2..).unwrap_or_default();
            let length = rest.find(|c| !is_name_character(c));
            let name = length
                .filter(|&length| rest.get(length..).is_some_and(|it| it.starts_with('}')))
                .and_then(|length| rest.get(..length));
            if let Some(name) = name
                && is_name(name)
                && seen.insert(name)
            {
                found.push(Placeholder {
                    name,
                    line: index + 1,
                });
            }
        }
    }
    found
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit())
}

fn is_name_character(c: char) -> bool {
    c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'
}

/// Returns a warning that lists the placeholders of a source with their lines, if it has any.
#[must_use]
pub fn placeholder_warning(file: &str, text: &str) -> Option<Problem> {
    let found = placeholders(text);
    let first = found.first()?;
    let list: Vec<String> = found
        .iter()
        .map(|it| format!("`${{{}}}` (line {})", it.name, it.line))
        .collect();
    let (what, help) = if found.len() == 1 {
        (
            "unresolved placeholder",
            "substitute it first, for example with `envsubst`; otherwise it is read as text",
        )
    } else {
        (
            "unresolved placeholders",
            "substitute them first, for example with `envsubst`; otherwise they are read as text",
        )
    };
    Some(
        Problem::warning(&Arc::from(file), format!("{what}: {}", list.join(", ")))
            .at_line(first.line)
            .with_help(help),
    )
}

/// Returns help for an unreadable text that is a template or contains placeholders, which are the likely
/// cause. `first_line` is the line of the file where the text starts.
pub(crate) fn template_help(text: &str, first_line: usize) -> Option<String> {
    if text.contains("{{") {
        return Some("this is a Helm template: render it first with `helm template`".to_owned());
    }
    let first = placeholders(text).into_iter().next()?;
    Some(format!(
        "the placeholder `${{{}}}` on line {} is unresolved: substitute it first, for example with `envsubst`",
        first.name,
        (first_line + first.line).saturating_sub(1)
    ))
}
