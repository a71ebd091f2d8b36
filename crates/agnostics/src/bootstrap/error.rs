//! What keeps a tree from being rendered.

use std::fmt;

/// Everything that is wrong, in the order of the variables' names, then of the components.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// One sentence each.
    pub problems: Vec<String>,
}

impl Error {
    /// One thing that is wrong.
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
