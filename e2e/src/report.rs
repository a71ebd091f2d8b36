//! Runs all cases on a host, and prints the result in a format that `cargo xtask test` counts.

use std::collections::BTreeMap;
use std::io::Write as _;

use crate::hosts::{Host, Native};
use crate::{Case, Error, Expectation};

/// Runs all cases that a host can run, and prints how many of each policy it ran.
///
/// # Errors
/// Returns an error if a case cannot be read.
///
/// # Panics
/// Panics if an outcome is not the expected one, or if the host can run no case of a policy.
pub fn run_all(host: &dyn Host) -> Result<(), Error> {
    let mut failures = Vec::new();
    let mut counts = Vec::new();
    let mut skipped = BTreeMap::new();
    for module in Native::modules() {
        let mut ran = 0;
        for case in Case::all_of(module)? {
            if let Some(reason) = host.skip_reason(&case) {
                *skipped.entry(reason).or_insert(0) += 1;
                continue;
            }
            ran += 1;
            let mismatches = match host.run(module, &case) {
                Ok(outcome) => Expectation(&case).mismatches(&outcome),
                Err(error) => vec![error.to_string()],
            };
            if !mismatches.is_empty() {
                let (mismatches, host) = (mismatches.join("\n  "), host.name());
                failures.push(format!(
                    "{} on {host}: {}\n  {mismatches}",
                    case.title(),
                    case.description
                ));
            }
        }
        assert!(ran > 0, "{} ran no case of {module}", host.name());
        counts.push(format!("{module} {ran}"));
    }
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
    print_line(&format!("{}: cases of {}", host.name(), counts.join(", ")))?;
    for (reason, cases) in skipped {
        print_skipped(&format!("{cases} cases on {}: {reason}", host.name()))?;
    }
    Ok(())
}

/// Prints why a test is skipped.
///
/// # Errors
/// Returns an error if standard output is closed.
pub fn print_skipped(reason: &str) -> Result<(), Error> {
    print_line(&format!("skipped: {reason}"))
}

/// Prints a line to standard output directly: the test runner captures what passing tests print with
/// `println!`.
///
/// # Errors
/// Returns an error if standard output is closed.
pub fn print_line(line: &str) -> Result<(), Error> {
    writeln!(std::io::stdout(), "\n{line}")?;
    Ok(())
}
