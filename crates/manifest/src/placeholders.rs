//! Gaps such as `${DOMAIN}` that something was to fill in before.

use std::sync::Arc;

use crate::problem::Problem;

/// A `${NAME}` left in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placeholder<'a> {
    /// What stands between the braces: an upper-case letter or underscore, then those and digits.
    pub name: &'a str,
    /// The first line that has it, from 1.
    pub line: usize,
}

/// The placeholders of a text, each once, in the order of their first lines.
///
/// `$${NAME}` is an escape, as in Flux and envsubst, and left out.
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

/// One warning that lists the placeholders of a source with their lines, if it has any.
#[must_use]
pub fn warn_of_placeholders(file: &str, text: &str) -> Option<Problem> {
    let found = placeholders(text);
    let first = found.first()?;
    let list: Vec<String> = found
        .iter()
        .map(|it| format!("`${{{}}}` (line {})", it.name, it.line))
        .collect();
    let what = if found.len() == 1 {
        "unresolved placeholder"
    } else {
        "unresolved placeholders"
    };
    Some(
        Problem::warning(&Arc::from(file), format!("{what}: {}", list.join(", ")))
            .at_line(first.line)
            .with_help("fill them in first, for example with `envsubst`; they are read as text"),
    )
}

/// What is likely the true cause when a text with gaps to fill cannot be read; `first_line` is
/// the file's line where the text starts.
pub(crate) fn unrendered(text: &str, first_line: usize) -> Option<String> {
    if text.contains("{{") {
        return Some("this is a Helm template: render it first with `helm template`".to_owned());
    }
    let first = placeholders(text).into_iter().next()?;
    Some(format!(
        "the placeholder `${{{}}}` on line {} is unresolved: fill it in first, for example with `envsubst`",
        first.name,
        (first_line + first.line).saturating_sub(1)
    ))
}
