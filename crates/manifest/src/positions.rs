//! Converts the parser's character offsets to bytes, lines and columns.

/// An index of the character positions of a text.
#[derive(Debug)]
pub(crate) struct Positions {
    /// The byte offset of every [`Positions::STEP`]th character; empty if the text is ASCII.
    steps: Vec<usize>,
    /// The character offset of each line's start.
    lines: Vec<usize>,
}

impl Positions {
    const STEP: usize = 64;

    pub(crate) fn new(text: &str) -> Self {
        let mut lines = vec![0];
        if text.is_ascii() {
            lines.extend(text.match_indices('\n').map(|(at, _)| at + 1));
            return Self {
                steps: Vec::new(),
                lines,
            };
        }
        let mut steps = Vec::new();
        for (index, (byte, c)) in text.char_indices().enumerate() {
            if index % Self::STEP == 0 {
                steps.push(byte);
            }
            if c == '\n' {
                lines.push(index + 1);
            }
        }
        Self { steps, lines }
    }

    /// Returns the byte offset of the character `index` of `text`, at most the text's length.
    pub(crate) fn byte(&self, text: &str, index: usize) -> usize {
        if self.steps.is_empty() {
            return index.min(text.len());
        }
        let Some(&step) = self.steps.get(index / Self::STEP) else {
            return text.len();
        };
        text.get(step..)
            .and_then(|rest| rest.char_indices().nth(index % Self::STEP))
            .map_or(text.len(), |(byte, _)| step + byte)
    }

    /// Returns the line, from 1, and the column, from 0, of the character `index`.
    pub(crate) fn line_and_column(&self, index: usize) -> (usize, usize) {
        let line = self.lines.partition_point(|&start| start <= index);
        let start = line
            .checked_sub(1)
            .and_then(|before| self.lines.get(before));
        (line, index - start.copied().unwrap_or_default())
    }
}
