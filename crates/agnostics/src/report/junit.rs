//! The JUnit report for CI servers: a test suite per file, a test case per object and policy.

use std::io::{self, Write};

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use simulate::{Row, Verdict};

/// Writes the report. Rejections are failures, errors are errors, and warnings are the test's output.
///
/// # Errors
/// Returns an error if writing fails.
pub(crate) fn write(out: &mut dyn Write, rows: &[Row]) -> io::Result<()> {
    let mut report = Report::new("agnostics check");
    for rows in rows.chunk_by(|a, b| a.file == b.file) {
        let Some(first) = rows.first() else { continue };
        let mut suite = TestSuite::new(text(&first.file));
        suite.add_test_cases(rows.iter().map(test_case));
        report.add_test_suite(suite);
    }
    report.serialize(out).map_err(io::Error::other)
}

fn test_case(row: &Row) -> TestCase {
    let kind = match row.verdict {
        Verdict::Accepted | Verdict::Mutated => None,
        Verdict::Rejected => Some(NonSuccessKind::Failure),
        Verdict::Error => Some(NonSuccessKind::Error),
    };
    let mut status = TestCaseStatus::success();
    if let Some(kind) = kind {
        let messages = text(&row.messages.join("\n"));
        status = TestCaseStatus::non_success(kind);
        status.set_message(messages.lines().next().unwrap_or_default());
        status.set_description(messages);
    }
    let mut case = TestCase::new(text(&row.title()), status);
    case.set_classname(text(&row.file));
    case.extra.insert("file".into(), text(&row.file).into());
    if let Some(line) = row.line {
        case.extra.insert("line".into(), line.to_string().into());
    }
    if !row.warnings.is_empty() {
        case.set_system_out(text(&row.warnings.join("\n")));
    }
    case
}

/// Replaces characters that XML 1.0 forbids, even escaped, by U+FFFD. `quick_junit` drops some of them and
/// writes the others unchanged.
fn text(text: &str) -> String {
    let is_allowed = |c: char| {
        matches!(c, '\t' | '\n') || !c.is_control() && !('\u{fffe}'..='\u{ffff}').contains(&c)
    };
    text.chars()
        .map(|c| if is_allowed(c) { c } else { '\u{fffd}' })
        .collect()
}
