//! Splits a source into documents line by line, before parsing.
//!
//! kubectl does the same (`YAMLReader` in k8s.io/apimachinery/pkg/util/yaml), so one invalid document does
//! not affect the others. kubectl drops all but the first of several documents if a marker line has content
//! (`--- {a: 1}`) or a document ends with `...`. Nothing is dropped here.

use crate::json;

/// The text of one document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chunk<'a> {
    /// The text from the line after the document's marker to the line before the next marker.
    pub(crate) text: &'a str,
    /// The line of the source where `text` starts, from 1.
    pub(crate) line: usize,
}

/// An iterator over the documents of a source that have content.
#[derive(Debug, Clone)]
pub(crate) struct Chunks<'a> {
    rest: &'a str,
    line: usize,
}

const BYTE_ORDER_MARK: char = '\u{feff}';

impl<'a> Chunks<'a> {
    pub(crate) fn new(source: &'a str) -> Self {
        Self {
            rest: source.strip_prefix(BYTE_ORDER_MARK).unwrap_or(source),
            line: 1,
        }
    }

    /// Skips `length` bytes, which contain `lines` line breaks.
    fn advance(&mut self, length: usize, lines: usize) {
        self.rest = self.rest.get(length..).unwrap_or_default();
        self.line += lines;
    }
}

/// The role of a line in splitting documents.
enum Line {
    /// Blank or a comment.
    Empty,
    /// `---` without content.
    Start,
    /// `---` followed by content.
    StartWithContent,
    /// `...`
    End,
    /// A directive such as `%YAML`; only before a document starts.
    Directive,
    Content,
}

fn classify(line: &str) -> Line {
    let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
    let is_empty = |text: &str| text.is_empty() || text.starts_with('#');
    if let Some(after) = line.strip_prefix("---") {
        if is_empty(after.trim()) {
            return Line::Start;
        }
        if after.starts_with([' ', '\t']) {
            return Line::StartWithContent;
        }
    }
    if let Some(after) = line.strip_prefix("...")
        && is_empty(after.trim())
    {
        return Line::End;
    }
    if line.starts_with('%') {
        return Line::Directive;
    }
    if is_empty(line.trim()) {
        Line::Empty
    } else {
        Line::Content
    }
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Chunk<'a>;

    fn next(&mut self) -> Option<Chunk<'a>> {
        // `length` bytes and `lines` lines of `rest` belong to the chunk so far.
        let (mut length, mut lines) = (0, 0);
        let (mut content, mut directive, mut marker) = (false, false, false);
        loop {
            let ahead = self.rest.get(length..).unwrap_or_default();
            if ahead.is_empty() {
                break;
            }
            // Checked before lines, since a stream of JSON objects may be a single line.
            if !content
                && ahead.trim_start_matches([' ', '\t']).starts_with('{')
                && json::looks_like_object(ahead)
                && let Some(end) = json::end_before_next_object(ahead)
            {
                content = true;
                length += end;
                lines += ahead.get(..end).map_or(0, |it| it.matches('\n').count());
                break;
            }
            let line_length = ahead.find('\n').map_or(ahead.len(), |at| at + 1);
            let line = ahead.get(..line_length).unwrap_or_default();
            let mut take = true;
            match classify(line) {
                Line::Start | Line::StartWithContent if content => break,
                Line::End if content => break,
                kind @ (Line::Start | Line::StartWithContent) => {
                    content = matches!(kind, Line::StartWithContent);
                    // Directives require the marker that follows them.
                    let keep = directive && !marker;
                    if !keep {
                        self.advance(length, lines);
                        (length, lines, directive) = (0, 0, false);
                        if !content {
                            self.advance(line_length, 1);
                            take = false;
                        }
                    }
                    marker = keep;
                }
                Line::End => {
                    self.advance(length + line_length, lines + 1);
                    (length, lines, directive, marker) = (0, 0, false, false);
                    take = false;
                }
                Line::Directive if !content => directive = true,
                Line::Empty => {}
                Line::Directive | Line::Content => content = true,
            }
            if take {
                length += line_length;
                lines += 1;
            }
        }
        let chunk = Chunk {
            text: self.rest.get(..length).unwrap_or_default(),
            line: self.line,
        };
        self.advance(length, lines);
        (content || directive).then_some(chunk)
    }
}
