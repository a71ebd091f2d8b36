//! The report for CI servers that show tests: a suite for each file, a test for each object and module.
//!
//! Source: the format that Jenkins and GitLab read, as github.com/testmoapp/junitxml describes it.

use std::io::{self, Write};

use simulate::{Row, Verdict};

/// Writes the report as JUnit's XML. Refusals are failures; what could not be judged is an error; what
/// warnings say is the test's output.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write(out: &mut dyn Write, rows: &[Row]) -> io::Result<()> {
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(
        out,
        r#"<testsuites name="agnostics check"{}>"#,
        counts(rows)
    )?;
    for rows in rows.chunk_by(|a, b| a.file == b.file) {
        let Some(first) = rows.first() else { continue };
        let file = escaped(&first.file);
        writeln!(out, r#"  <testsuite name="{file}"{}>"#, counts(rows))?;
        for row in rows {
            test_case(out, row)?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

fn counts(rows: &[Row]) -> String {
    let count = |verdict| rows.iter().filter(|row| row.verdict == verdict).count();
    let (failures, errors) = (count(Verdict::Rejected), count(Verdict::Error));
    let tests = rows.len();
    format!(r#" tests="{tests}" failures="{failures}" errors="{errors}""#)
}

fn test_case(out: &mut dyn Write, row: &Row) -> io::Result<()> {
    let (name, file) = (escaped(&row.title()), escaped(&row.file));
    write!(
        out,
        r#"    <testcase name="{name}" classname="{file}" file="{file}""#
    )?;
    if let Some(line) = row.line {
        write!(out, r#" line="{line}""#)?;
    }
    writeln!(out, ">")?;
    let element = match row.verdict {
        Verdict::Accepted | Verdict::Mutated => None,
        Verdict::Rejected => Some("failure"),
        Verdict::Error => Some("error"),
    };
    if let Some(element) = element {
        let text = row.messages.join("\n");
        let first_line = escaped(text.lines().next().unwrap_or_default());
        let text = escaped(&text);
        writeln!(
            out,
            r#"      <{element} message="{first_line}">{text}</{element}>"#
        )?;
    }
    if !row.warnings.is_empty() {
        let warnings = escaped(&row.warnings.join("\n"));
        writeln!(out, "      <system-out>{warnings}</system-out>")?;
    }
    writeln!(out, "    </testcase>")
}

/// Text as it may stand in XML 1.0, which has no room for most control characters, escaped or not.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' => out.push(c),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
