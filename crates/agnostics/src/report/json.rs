//! The report for programs.

use std::io::{self, Write};

use serde::Serialize;

use super::{Row, Summary};

/// Writes `{"summary":…,"results":[…]}`.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write(out: &mut dyn Write, summary: &Summary, results: &[Row]) -> io::Result<()> {
    #[derive(Serialize)]
    struct Report<'a> {
        summary: &'a Summary,
        results: &'a [Row],
    }
    serde_json::to_writer_pretty(&mut *out, &Report { summary, results })?;
    writeln!(out)
}
