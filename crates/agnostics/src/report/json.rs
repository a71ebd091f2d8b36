//! The report for programs.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde::Serialize;

use plane::{Row, Summary};

/// Writes `{"summary":…,"results":[…]}`, and `notChecked` where modules could not tell something without
/// a cluster.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write(
    out: &mut dyn Write,
    summary: &Summary,
    results: &[Row],
    not_checked: &BTreeSet<String>,
) -> io::Result<()> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Report<'a> {
        summary: &'a Summary,
        results: &'a [Row],
        #[serde(skip_serializing_if = "BTreeSet::is_empty")]
        not_checked: &'a BTreeSet<String>,
    }
    serde_json::to_writer_pretty(
        &mut *out,
        &Report {
            summary,
            results,
            not_checked,
        },
    )?;
    writeln!(out)
}
