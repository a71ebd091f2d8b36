//! The SARIF 2.1.0 report for code scanning: one result per finding.

use std::collections::BTreeSet;
use std::io::{self, Write};

use admission::Severity;
use serde_json::{Value, json};
use simulate::{Finding, Row, builtin};

use crate::explain;

/// Writes the report.
///
/// # Errors
/// Returns an error if writing fails.
pub(crate) fn write(out: &mut dyn Write, rows: &[Row]) -> io::Result<()> {
    let findings = || {
        rows.iter()
            .flat_map(|row| row.findings.iter().map(move |finding| (row, finding)))
    };
    let rules: BTreeSet<&str> = findings().map(|(_, it)| it.rule.as_str()).collect();
    let rules: Vec<Value> = rules.into_iter().map(rule).collect();
    let results: Vec<Value> = findings().map(|(row, it)| result(row, it)).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "agnostics",
                "version": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules,
            }},
            "results": results,
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &log)?;
    writeln!(out)
}

/// Describes a rule. Policies of third parties name no rules and have no description here.
fn rule(id: &str) -> Value {
    let Some((policy, rule)) = builtin::rules().find(|(_, rule)| rule.id == id) else {
        return json!({"id": id});
    };
    let (summary, documentation) = (rule.summary(), rule.documentation());
    json!({
        "id": id,
        "shortDescription": {"text": summary},
        "fullDescription": {"text": rule.section("What it checks").unwrap_or(summary)},
        "help": {"text": documentation, "markdown": documentation},
        "helpUri": explain::page(rule),
        "properties": {"tags": policy.as_slice()},
    })
}

fn result(row: &Row, finding: &Finding) -> Value {
    let file = json!({"uri": uri(&row.file)});
    let location = match row.line {
        Some(line) => json!({"artifactLocation": file, "region": {"startLine": line}}),
        None => json!({"artifactLocation": file}),
    };
    let text = match row.object().as_str() {
        "" => text(row, finding),
        object => format!("{object}: {}", text(row, finding)),
    };
    json!({
        "ruleId": finding.rule,
        "level": finding.severity,
        "message": {"text": text},
        "locations": [{"physicalLocation": location}],
    })
}

/// The path and the message of a finding; if it is the only reason for a rejection, also the suggestions and
/// hints below it.
fn text(row: &Row, finding: &Finding) -> String {
    let mut text = match finding.path.as_str() {
        "" => finding.message.clone(),
        path => format!("{path}: {}", finding.message),
    };
    let is_error = |finding: &&Finding| finding.severity == Severity::Error;
    let message = row.messages.join("\n");
    if is_error(&finding)
        && row.findings.iter().filter(is_error).count() == 1
        && let Some((_, below)) = message.split_once('\n')
        && !finding.message.contains('\n')
    {
        text.push('\n');
        text.push_str(below);
    }
    text
}

/// Returns a path as a relative URI or a `file:` URI (RFC 3986).
fn uri(path: &str) -> String {
    let path = path.replace('\\', "/");
    let mut uri = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => uri.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => uri.push(char::from(byte)),
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}
