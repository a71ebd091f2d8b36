//! The GitHub Actions report: workflow commands, which GitHub shows as annotations in a pull request.
//!
//! Source: docs.github.com, "Workflow commands for GitHub Actions".

use std::io::{self, Write};

use simulate::{Row, Summary, Verdict};

use super::text;

/// Writes a command for each rejection, error and warning, and the summary as plain text.
///
/// # Errors
/// Returns an error if writing fails.
pub(crate) fn write(out: &mut dyn Write, summary: &Summary, rows: &[Row]) -> io::Result<()> {
    for row in rows {
        if row.verdict >= Verdict::Rejected {
            command(out, "error", row, &row.messages.join("\n"))?;
        }
        for warning in &row.warnings {
            command(out, "warning", row, warning)?;
        }
    }
    text::summary(out, summary)
}

fn command(out: &mut dyn Write, level: &str, row: &Row, message: &str) -> io::Result<()> {
    write!(out, "::{level} file={}", property(&row.file))?;
    if let Some(line) = row.line {
        write!(out, ",line={line}")?;
    }
    writeln!(out, ",title={}::{}", property(&row.title()), data(message))
}

/// Escapes the message of a command, which ends at the end of the line.
fn data(text: &str) -> String {
    let lines = text.replace('%', "%25");
    let lines = lines.lines().map(text::printable);
    lines.collect::<Vec<_>>().join("%0A")
}

/// Escapes a property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
