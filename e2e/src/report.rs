//! What tests say of a host, in a form that `cargo xtask test` counts.

use std::collections::BTreeMap;
use std::io::Write as _;

use crate::hosts::{Host, Native};
use crate::{Case, Error, Expectation};

/// Holds a host to every case that it is fit for, and says how many of each module those were.
///
/// # Errors
/// When a case cannot be read.
///
/// # Panics
/// When the host does not do what a case expects, or is fit for no case of a module: this is for tests.
pub fn run_all(host: &dyn Host) -> Result<(), Error> {
    let mut failures = Vec::new();
    let mut counts = Vec::new();
    let mut unfit = BTreeMap::new();
    for module in Native::modules() {
        let mut ran = 0;
        for case in Case::all_of(module)? {
            if let Some(reason) = host.unfit(&case) {
                *unfit.entry(reason).or_insert(0) += 1;
                continue;
            }
            ran += 1;
            let complaints = match host.run(module, &case) {
                Ok(outcome) => Expectation(&case).complaints(&outcome),
                Err(error) => vec![error.to_string()],
            };
            if !complaints.is_empty() {
                let (found, host) = (complaints.join("\n  "), host.name());
                failures.push(format!(
                    "{} on {host}: {}\n  {found}",
                    case.title(),
                    case.description
                ));
            }
        }
        assert!(ran > 0, "{} ran nothing of {module}", host.name());
        counts.push(format!("{module} {ran}"));
    }
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
    say(&format!("{}: cases of {}", host.name(), counts.join(", ")))?;
    for (reason, cases) in unfit {
        skip(&format!("{cases} cases on {}: {reason}", host.name()))?;
    }
    Ok(())
}

/// Says why a host did not run.
///
/// # Errors
/// When standard output is closed.
pub fn skip(reason: &str) -> Result<(), Error> {
    say(&format!("skipped: {reason}"))
}

/// To standard output itself, since the test runner swallows what a passing test prints.
///
/// # Errors
/// When standard output is closed.
pub fn say(line: &str) -> Result<(), Error> {
    writeln!(std::io::stdout(), "\n{line}")?;
    Ok(())
}
