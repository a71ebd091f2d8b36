//! Cuts a source into documents by its lines, before any of them is parsed.
//!
//! That is how kubectl reads (`YAMLReader` in k8s.io/apimachinery/pkg/util/yaml), and it is what
//! keeps one broken document from taking the others with it. Unlike kubectl, which reads only
//! the first of several documents when a marker line carries content (`--- {a: 1}`) or a
//! document ends with `...`, nothing is dropped here.

use crate::json;

/// One document's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chunk<'a> {
    /// From the first line after the document's marker to the line before the next.
    pub(crate) text: &'a str,
    /// The line of the source that `text` starts at, from 1.
    pub(crate) line: usize,
}

/// The documents of a source that hold anything but comments.
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

    /// Moves past `length` bytes that hold `lines` line breaks.
    fn advance(&mut self, length: usize, lines: usize) {
        self.rest = self.rest.get(length..).unwrap_or_default();
        self.line += lines;
    }
}

/// What a line means to the cutting of documents.
enum Line {
    /// Blank or a comment.
    Nothing,
    /// `---`, alone.
    Start,
    /// `---` and the beginning of the document itself.
    StartWithContent,
    /// `...`
    End,
    /// `%YAML` and the like; only before a document begins.
    Directive,
    Content,
}

fn classify(line: &str) -> Line {
    let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
    let is_nothing = |text: &str| text.is_empty() || text.starts_with('#');
    if let Some(after) = line.strip_prefix("---") {
        if is_nothing(after.trim()) {
            return Line::Start;
        }
        if after.starts_with([' ', '\t']) {
            return Line::StartWithContent;
        }
    }
    if let Some(after) = line.strip_prefix("...")
        && is_nothing(after.trim())
    {
        return Line::End;
    }
    if line.starts_with('%') {
        return Line::Directive;
    }
    if is_nothing(line.trim()) {
        Line::Nothing
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
            // Before the line is looked at, since a stream of JSON may be one long line.
            if !content
                && ahead.trim_start_matches([' ', '\t']).starts_with('{')
                && json::looks_like_object(ahead)
                && let Some(end) = json::another_follows(ahead)
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
                    // Directives need the marker that follows them.
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
                Line::Nothing => {}
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
