//! Reads the documents of a source.

use std::sync::Arc;

use crate::MAX_DOCUMENT_BYTES;
use crate::document::Document;
use crate::placeholders::template_help;
use crate::problem::Problem;
use crate::split::{Chunk, Chunks};
use crate::tree::Tree;

/// Reads the documents of a source, which is a file or standard input, lazily.
///
/// Problems refer to the source as `name`. A document that cannot be read yields a [`Problem`] and does not
/// end the iteration. Documents without content are skipped, so an empty source has none.
///
/// Documents are parsed one by one, so the largest one ([`MAX_DOCUMENT_BYTES`]) bounds the memory.
pub fn read<'a>(name: &'a str, bytes: &'a [u8]) -> Documents<'a> {
    let file: Arc<str> = name.into();
    match text(&file, bytes) {
        Ok(text) => Documents {
            file,
            chunks: Chunks::new(text),
            source_problem: None,
        },
        Err(problem) => Documents {
            file,
            chunks: Chunks::new(""),
            source_problem: Some(problem),
        },
    }
}

/// An iterator over the documents of a source; see [`read`].
#[derive(Debug)]
pub struct Documents<'a> {
    file: Arc<str>,
    chunks: Chunks<'a>,
    /// The problem that makes the whole source unreadable, until it is returned.
    source_problem: Option<Problem>,
}

impl Iterator for Documents<'_> {
    type Item = Result<Document, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(problem) = self.source_problem.take() {
            return Some(Err(problem));
        }
        self.chunks.next().map(|chunk| document(&self.file, chunk))
    }
}

fn text<'a>(file: &Arc<str>, bytes: &'a [u8]) -> Result<&'a str, Problem> {
    let line_at = |at: usize| {
        let before = bytes.get(..at).unwrap_or_default();
        before.iter().filter(|&&byte| byte == b'\n').count() + 1
    };
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(Problem::error(file, "this is UTF-16 text, not UTF-8")
            .with_help("save the file as UTF-8"));
    }
    if let Some(at) = bytes.iter().position(|&byte| byte == 0) {
        return Err(Problem::error(
            file,
            "this is a binary file, not YAML: it contains a NUL byte",
        )
        .at_line(line_at(at)));
    }
    std::str::from_utf8(bytes).map_err(|cause| {
        let at = cause.valid_up_to();
        let byte = bytes.get(at).copied().unwrap_or_default();
        Problem::error(
            file,
            format!("this is not UTF-8 text: it contains the invalid byte 0x{byte:02X}"),
        )
        .at_line(line_at(at))
        .with_help("save the file as UTF-8; a binary file cannot be a manifest")
    })
}

fn document(file: &Arc<str>, chunk: Chunk<'_>) -> Result<Document, Problem> {
    let size = chunk.text.len();
    if size > MAX_DOCUMENT_BYTES {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a size to display, with one decimal"
        )]
        let mebibytes = size as f64 / 1024.0 / 1024.0;
        return Err(Problem::error(
            file,
            format!("this document is too large: {mebibytes:.1} MiB ({size} bytes)"),
        )
        .at_line(chunk.line)
        .with_help("the API server accepts requests of up to 3 MiB, so it cannot be applied"));
    }
    match Tree::parse(chunk.text) {
        Ok(tree) => Ok(Document::new(file, chunk, tree)),
        Err(fault) => {
            let mut problem = fault.into_problem(file, chunk.line);
            if let Some(help) = template_help(chunk.text, chunk.line) {
                problem.help = Some(help);
            }
            Err(problem)
        }
    }
}
