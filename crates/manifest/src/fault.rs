//! Errors within a document; [`Problem`] adds the file.

use std::sync::Arc;

use crate::problem::Problem;
use crate::tabs;

/// An error in the text of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The line in the document's text, from 1.
    pub(crate) line: usize,
    /// The column in characters, from 1.
    pub(crate) column: Option<usize>,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
    /// For a duplicate, the line of the first definition.
    pub(crate) first: Option<usize>,
}

impl Fault {
    /// Creates a fault at a line, from 1, and a column, from 0.
    pub(crate) fn at(line: usize, column: usize, message: impl Into<String>) -> Self {
        Self {
            column: Some(column + 1),
            ..Self::on_line(line, message)
        }
    }

    pub(crate) fn on_line(line: usize, message: impl Into<String>) -> Self {
        Self {
            line,
            column: None,
            message: message.into(),
            help: None,
            first: None,
        }
    }

    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn with_first(mut self, line: usize) -> Self {
        self.first = Some(line);
        self
    }

    /// Converts the fault to a problem of a document whose text starts at `first_line` of `file`.
    pub(crate) fn into_problem(self, file: &Arc<str>, first_line: usize) -> Problem {
        let line = |line: usize| (first_line + line).saturating_sub(1);
        let message = match self.first {
            Some(first) => format!("{}, first defined on line {}", self.message, line(first)),
            None => self.message,
        };
        let mut problem = Problem::error(file, message).at_line(line(self.line));
        problem.column = self.column;
        problem.help = self.help;
        problem
    }
}

/// Rejects characters that YAML does not allow anywhere, as go-yaml's reader does.
pub(crate) fn check_characters(text: &str) -> Result<(), Fault> {
    let not_allowed = |c: char| {
        matches!(c, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\x7f')
            || matches!(c, '\u{80}'..='\u{9f}' if c != '\u{85}')
            || matches!(c, '\u{fffe}' | '\u{ffff}')
    };
    let Some(at) = text.find(not_allowed) else {
        return Ok(());
    };
    let before = text.get(..at).unwrap_or_default();
    let code = text
        .get(at..)
        .and_then(|rest| rest.chars().next())
        .map_or(0, u32::from);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let column = before
        .get(line_start..)
        .map_or(0, |line| line.chars().count());
    Err(Fault {
        column: Some(column + 1),
        ..Fault::on_line(
            before.matches('\n').count() + 1,
            format!("the control character U+{code:04X} is not allowed in YAML"),
        )
        .with_help("remove it, or write it as an escape in a double-quoted string")
    })
}

/// Converts the parser's error `info` to a fault; the line is from 1, the column from 0.
pub(crate) fn from_parser_error(text: &str, info: &str, line: usize, column: usize) -> Fault {
    if let Some(fault) = tabs::near(text, line) {
        return fault;
    }
    let (message, help) = explain(info);
    let fault = Fault::at(line, column, format!("not valid YAML: {message}"));
    match help {
        Some(help) => fault.with_help(help),
        None => fault,
    }
}

/// Returns message and help for the parser's common errors, and the parser's own message for the others.
fn explain(info: &str) -> (String, Option<&'static str>) {
    const TABLE: &[(&str, &str, Option<&str>)] = &[
        (
            "mapping values are not allowed",
            "a `key: value` pair is not allowed here",
            Some("check the indentation, and quote a value that contains `: `"),
        ),
        (
            "did not find expected key",
            "expected a `key: value` pair here",
            Some("check the indentation of this line against the ones above"),
        ),
        (
            "did not find expected '-' indicator",
            "expected a list item (`- `) here",
            Some("check the indentation of this line against the items above"),
        ),
        (
            "expected ',' or ']'",
            "a `[` list is not closed, or a comma is missing",
            None,
        ),
        (
            "expected ',' or '}'",
            "a `{` mapping is not closed, or a comma is missing",
            Some("quote a value that starts with `{`"),
        ),
        (
            "unknown anchor",
            "this alias (`*name`) refers to an anchor (`&name`) that the document does not define",
            Some("quote the value if it is a string that starts with `*`"),
        ),
        (
            "could not find expected ':'",
            "a `:` is missing after this key",
            None,
        ),
        ("simple key expect", "a `:` is missing after this key", None),
        (
            "did not find expected <document start>",
            "this line does not continue the document above it",
            Some("check its indentation against the first line of the document"),
        ),
        (
            "unexpected end of stream",
            "the text ends inside a quoted string",
            Some("close the quote"),
        ),
        (
            "invalid indentation",
            "the content of `[…]` or `{…}` is indented less than the line that contains the bracket",
            Some("indent it further"),
        ),
        (
            "recursion limit",
            "mappings and lists are nested too deeply here",
            None,
        ),
        (
            "block sequence entries are not allowed",
            "a list item (`- `) is not allowed here",
            Some("start the list on a line of its own"),
        ),
        (
            "unexpected character: `@'",
            "a value cannot start with `@`",
            Some("quote the value"),
        ),
        (
            "unexpected character: ``'",
            "a value cannot start with a backtick",
            Some("quote the value"),
        ),
        (
            "unexpected character: `%'",
            "a value cannot start with `%`",
            Some("quote the value"),
        ),
    ];
    TABLE
        .iter()
        .find(|(part, _, _)| info.contains(part))
        .map_or_else(
            || (info.to_owned(), None),
            |&(_, message, help)| (message.to_owned(), help),
        )
}
