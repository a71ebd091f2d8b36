//! The JSON report.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde::Serialize;

use simulate::{Row, Summary};

/// Writes `{"summary":…,"results":[…]}`, with `notChecked` if checks were skipped for lack of cluster data,
/// and `notRun` if policies were skipped for lack of their code.
///
/// # Errors
/// Returns an error if writing fails.
pub(crate) fn write(
    out: &mut dyn Write,
    summary: &Summary,
    results: &[Row],
    not_checked: &BTreeSet<String>,
    not_run: &[String],
) -> io::Result<()> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Report<'a> {
        summary: &'a Summary,
        results: &'a [Row],
        #[serde(skip_serializing_if = "BTreeSet::is_empty")]
        not_checked: &'a BTreeSet<String>,
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        not_run: &'a [String],
    }
    serde_json::to_writer_pretty(
        &mut *out,
        &Report {
            summary,
            results,
            not_checked,
            not_run,
        },
    )?;
    writeln!(out)
}
