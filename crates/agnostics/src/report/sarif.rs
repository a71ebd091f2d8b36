//! The SARIF 2.1.0 report for code scanning: one result per rejection, error and warning.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde_json::{Value, json};

use simulate::{Row, Verdict};

/// The rule id of results about input that reached no policy.
const INPUT: &str = "input";

/// Writes the report.
///
/// # Errors
/// Returns an error if writing fails.
pub(crate) fn write(out: &mut dyn Write, rows: &[Row]) -> io::Result<()> {
    let mut results = Vec::new();
    for row in rows {
        if row.verdict >= Verdict::Rejected {
            results.push(result(row, "error", &row.messages.join("\n")));
        }
        results.extend(row.warnings.iter().map(|it| result(row, "warning", it)));
    }
    let rules: BTreeSet<&str> = rows.iter().map(rule).collect();
    let rules: Vec<Value> = rules.into_iter().map(|id| json!({"id": id})).collect();
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

fn rule(row: &Row) -> &str {
    match row.module.as_str() {
        "" => INPUT,
        module => module,
    }
}

fn result(row: &Row, level: &str, message: &str) -> Value {
    let file = json!({"uri": uri(&row.file)});
    let location = match row.line {
        Some(line) => json!({"artifactLocation": file, "region": {"startLine": line}}),
        None => json!({"artifactLocation": file}),
    };
    let text = match row.object().as_str() {
        "" => message.to_owned(),
        object => format!("{object}: {message}"),
    };
    json!({
        "ruleId": rule(row),
        "level": level,
        "message": {"text": text},
        "locations": [{"physicalLocation": location}],
    })
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
