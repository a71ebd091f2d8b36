//! `agnostics explain`.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;

use admission::Rule;
use manifest::Problem;
use simulate::builtin;

use crate::arguments::Explain;
use crate::report::text;

/// The address of a rule's page on the documentation site.
pub(crate) fn page(rule: Rule) -> String {
    format!("{}/rules/{rule}.html", env!("CARGO_PKG_HOMEPAGE"))
}

/// Runs the command and returns its exit code.
pub(crate) fn run(arguments: &Explain) -> ExitCode {
    let text = match &arguments.rule {
        None => list(),
        Some(id) => {
            // As messages write it.
            let id = id.trim_matches(['[', ']']);
            match builtin::rules().find(|(_, rule)| rule.id == id) {
                Some((policy, rule)) => explanation(policy, rule),
                None => return unknown(id),
            }
        }
    };
    match anstream::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        // The reader has seen enough: `agnostics explain | head`.
        Err(cause) if cause.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(cause) => fail(&Problem::error(
            &Arc::from("standard output"),
            format!("cannot be written: {cause}"),
        )),
    }
}

/// The rules of each policy with their summaries.
fn list() -> String {
    let width = builtin::rules().map(|(_, rule)| rule.id.len()).max();
    let width = width.unwrap_or_default();
    let mut text = String::new();
    let mut last = None;
    for (policy, rule) in builtin::rules() {
        if last != Some(policy) {
            let separator = if last.is_some() { "\n" } else { "" };
            let _ = writeln!(text, "{separator}{}", policy.unwrap_or("every policy"));
            last = Some(policy);
        }
        let _ = writeln!(text, "  {:width$}  {}", rule.id, rule.summary());
    }
    text
}

/// The documentation of a rule.
fn explanation(policy: Option<&str>, rule: Rule) -> String {
    let policy = policy.map_or("every policy".to_owned(), |name| format!("policy {name}"));
    format!("# {rule}\n\nRule of {policy}.\n\n{}", rule.documentation())
}

fn unknown(id: &str) -> ExitCode {
    let rules = builtin::rules().map(|(_, rule)| (admission::distance(rule.id, id), rule));
    let help = match rules.min_by_key(|(distance, _)| *distance) {
        Some((distance, rule)) if distance <= 1 + id.len() / 4 => {
            format!("did you mean `{rule}`?")
        }
        _ => "`agnostics explain` lists all rules".to_owned(),
    };
    fail(&Problem::error(&Arc::from(id), "is not the id of a rule").with_help(&help))
}

fn fail(problem: &Problem) -> ExitCode {
    // If even this cannot be written, nothing is left to do.
    let _ = text::problem(&mut anstream::stderr(), problem);
    ExitCode::from(2)
}
