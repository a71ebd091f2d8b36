//! Checks the reports of the suites `cluster` and `traffic`: their Markdown is rendered from their YAML.
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests are tests"
)]

#[allow(dead_code, reason = "shared with the suite `cluster`")]
#[path = "shared/report.rs"]
mod report;
#[allow(dead_code, reason = "shared with the suite `traffic`")]
#[path = "traffic/report.rs"]
mod traffic;

use report::{MARKDOWN, Report, YAML};

#[test]
fn markdown_is_rendered_from_yaml() {
    let report = Report::read().unwrap();
    if std::env::var_os("UPDATE_REPORT").is_some() {
        report.write_markdown().unwrap();
    }
    let written = std::fs::read_to_string(e2e::workspace::root().join(MARKDOWN)).unwrap();
    assert!(
        written == report.markdown(),
        "{MARKDOWN} does not match {YAML}; run `UPDATE_REPORT=1 cargo test --release --workspace --test report`"
    );
}

#[test]
fn statistics_count_the_scenarios() {
    let report = Report::read().unwrap();
    let counts = report.statistics;
    let counted = counts.passed + counts.failed + counts.skipped;
    assert_eq!(counted, report.scenarios.len());
    let mut ids: Vec<&str> = report.scenarios.iter().map(|it| it.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), counted, "ids are unique");
}

#[test]
fn markdown_of_traffic_is_rendered_from_yaml() {
    let report = traffic::Report::read().unwrap();
    if std::env::var_os("UPDATE_REPORT").is_some() {
        report.write_markdown().unwrap();
    }
    let written = std::fs::read_to_string(e2e::workspace::root().join(traffic::MARKDOWN)).unwrap();
    assert!(
        written == report.markdown(),
        "{} does not match {}; run `UPDATE_REPORT=1 cargo test --release --workspace --test report`",
        traffic::MARKDOWN,
        traffic::YAML
    );
}

#[test]
fn the_report_of_traffic_is_complete() {
    let report = traffic::Report::read().unwrap();
    let total = report.total();
    assert!(total.requests >= 10_000, "{total}");
    assert_eq!(
        total.equal + total.reported + total.unexplained,
        total.requests
    );
    assert_eq!(total.unexplained, 0, "{total}");
    assert!(
        report
            .differences
            .iter()
            .all(|it| it.requests > 0 && !it.example.is_empty())
    );
}
