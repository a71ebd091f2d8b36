//! Errors of rendering.

use std::fmt;

/// All problems that prevent rendering, sorted by variable, then by component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// One sentence per problem.
    pub problems: Vec<String>,
}

impl Error {
    /// Creates an error with one problem.
    pub(crate) fn one(problem: impl Into<String>) -> Self {
        Self {
            problems: vec![problem.into()],
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problems.join("\n"))
    }
}

impl std::error::Error for Error {}
