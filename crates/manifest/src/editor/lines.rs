//! Lines and columns.

use super::Editor;

impl Editor<'_> {
    pub(super) fn line_start(&self, at: usize) -> usize {
        self.text
            .get(..at)
            .and_then(|before| before.rfind('\n'))
            .map_or(0, |newline| newline + 1)
    }

    /// Returns the start of the next line, if the rest of the line after `at` is blank or a comment.
    pub(super) fn next_line(&self, at: usize) -> Option<usize> {
        let rest = self.text.get(at..)?;
        let end = rest.find('\n').map_or(rest.len(), |newline| newline + 1);
        let left = rest.get(..end)?.trim();
        (left.is_empty() || left.starts_with('#')).then_some(at + end)
    }

    /// Returns the column of a byte, in characters.
    pub(super) fn column(&self, at: usize) -> Option<usize> {
        Some(self.text.get(self.line_start(at)..at)?.chars().count())
    }

    /// Whether only spaces precede `at` in its line.
    pub(super) fn is_first_in_line(&self, at: usize) -> bool {
        self.text
            .get(self.line_start(at)..at)
            .is_some_and(|before| before.bytes().all(|byte| byte == b' '))
    }

    /// Whether only white space precedes `at` in its line, which is not the first line.
    pub(super) fn is_on_own_line(&self, at: usize) -> bool {
        let start = self.line_start(at);
        start > 0
            && self
                .text
                .get(start..at)
                .is_some_and(|before| before.trim().is_empty())
    }

    /// Inserts lines at the start of a line, or after the last line.
    pub(super) fn insert_lines(&self, at: usize, lines: &str) -> Option<String> {
        let lines = lines.replace('\n', self.newline);
        let before = self.text.get(..at)?;
        if before.is_empty() || before.ends_with('\n') {
            return self.splice(at..at, &lines);
        }
        let lines = lines.strip_suffix(self.newline).unwrap_or(&lines);
        self.splice(at..at, &format!("{}{lines}", self.newline))
    }
}
