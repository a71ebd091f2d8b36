//! The text report.

use std::borrow::Cow;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use manifest::{Object, Problem, Severity};
use serde_json::Value;

use simulate::{Row, Summary, Verdict};

use super::diff;

pub(super) const ADDED: Style = AnsiColor::Green.on_default();
pub(super) const REMOVED: Style = AnsiColor::Red.on_default();
pub(super) const HUNK: Style = AnsiColor::Cyan.on_default();
pub(super) const DIM: Style = Style::new().dimmed();
const WARNING: Style = AnsiColor::Yellow.on_default();
const BOLD: Style = Style::new().bold();

/// Writes the result of one object: its verdict, messages, warnings and diff.
///
/// # Errors
/// Returns an error if writing fails.
pub(crate) fn object(out: &mut dyn Write, object: &Object, rows: &[Row]) -> io::Result<()> {
    let Some(verdict) = rows.iter().map(|row| row.verdict).max() else {
        return Ok(());
    };
    let (word, style) = match verdict {
        Verdict::Accepted => ("accepted", ADDED),
        Verdict::Mutated => ("mutated", WARNING),
        Verdict::Rejected => ("rejected", REMOVED.bold()),
        Verdict::Error => ("error", REMOVED.bold()),
    };
    let name = match (
        object.name(),
        object.value.pointer("/metadata/generateName"),
    ) {
        ("", Some(Value::String(prefix))) => format!("{prefix}*"),
        ("", _) => "(no name)".to_owned(),
        (name, _) => name.to_owned(),
    };
    let name = match object.namespace() {
        "" => name,
        namespace => format!("{namespace}/{name}"),
    };
    let (kind, name) = (printable(object.kind()), printable(&name));
    let (file, line) = (&object.file, object.line);
    writeln!(
        out,
        "{style}{word:<8}{style:#}  {BOLD}{kind} {name}{BOLD:#}  {DIM}{file}:{line}{DIM:#}"
    )?;
    for row in rows {
        for message in &row.messages {
            // The block after an empty line is for copying, so its lines have no prefix.
            let (reasons, block) = message.split_once("\n\n").unwrap_or((message, ""));
            for reason in reasons.lines() {
                let reason = printable(reason);
                writeln!(out, "  {REMOVED}{}{REMOVED:#}: {reason}", row.module)?;
            }
            for line in block.lines() {
                writeln!(out, "    {}", printable(line))?;
            }
        }
        for warning in &row.warnings {
            let warning = printable(warning);
            writeln!(out, "  {WARNING}{}{WARNING:#}: {warning}", row.module)?;
        }
    }
    let patch: Vec<_> = rows.iter().flat_map(|row| row.patch.clone()).collect();
    diff::write(out, object, &patch)?;
    match verdict {
        Verdict::Accepted => Ok(()),
        _ => writeln!(out),
    }
}

/// Writes a problem with the input, and how to fix it.
///
/// # Errors
/// Returns an error if writing fails.
pub(crate) fn problem(out: &mut dyn Write, problem: &Problem) -> io::Result<()> {
    let style = match problem.severity {
        Severity::Error => REMOVED.bold(),
        Severity::Warning => WARNING,
    };
    let text = problem.to_string();
    writeln!(
        out,
        "{style}{}{style:#}: {}",
        problem.severity,
        printable(&text)
    )?;
    match &problem.help {
        Some(help) => writeln!(out, "  {DIM}help:{DIM:#} {help}"),
        None => Ok(()),
    }
}

/// Writes the summary line.
///
/// # Errors
/// Returns an error if writing fails.
pub(crate) fn summary(out: &mut dyn Write, summary: &Summary) -> io::Result<()> {
    let Summary {
        objects,
        accepted,
        warned,
        mutated,
        rejected,
        errors,
    } = summary;
    let s = plural(*objects);
    write!(
        out,
        "{BOLD}{objects} object{s}{BOLD:#}: {accepted} accepted, {mutated} mutated, {rejected} rejected"
    )?;
    match errors {
        0 => {}
        errors => write!(
            out,
            ", {REMOVED}{errors} error{}{REMOVED:#}",
            plural(*errors)
        )?,
    }
    match warned {
        0 => writeln!(out),
        warned => writeln!(out, "; {warned} with warnings"),
    }
}

/// Returns the plural ending of a noun.
pub(crate) fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// Escapes control characters in text from a manifest, which could control the terminal.
pub(super) fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let mut printable = String::with_capacity(text.len());
    for c in text.chars() {
        match c.is_control() {
            true => printable.extend(c.escape_default()),
            false => printable.push(c),
        }
    }
    Cow::Owned(printable)
}
