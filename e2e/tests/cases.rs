//! Every case of every module on every host, with the same expectation.

use std::collections::BTreeMap;
use std::io::Write as _;

use e2e::hosts::{Embedded, Host, Kwctl, Native, PolicyServer};
use e2e::{Case, Expectation};

fn run_all(host: &dyn Host) -> Result<(), e2e::Error> {
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
            for complaint in complaints {
                let (name, about) = (&case.name, &case.description);
                let host = host.name();
                failures.push(format!("{module}/{name} on {host}: {about}\n  {complaint}"));
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
fn skip(reason: &str) -> Result<(), e2e::Error> {
    say(&format!("skipped: {reason}"))
}

/// To standard output itself, since the test runner swallows what a passing test prints.
fn say(line: &str) -> Result<(), e2e::Error> {
    writeln!(std::io::stdout(), "\n{line}")?;
    Ok(())
}

#[test]
fn native() -> Result<(), e2e::Error> {
    run_all(&Native)
}

#[test]
fn embedded() -> Result<(), e2e::Error> {
    run_all(&Embedded::new()?)
}

#[test]
fn kwctl() -> Result<(), e2e::Error> {
    match Kwctl::find() {
        Ok(kwctl) => run_all(&kwctl),
        Err(reason) => skip(&reason),
    }
}

#[test]
fn policy_server() -> Result<(), e2e::Error> {
    match PolicyServer::find() {
        Ok(program) => {
            let modules: Vec<_> = Native::modules().collect();
            run_all(&PolicyServer::start(&program, &modules)?)
        }
        Err(reason) => skip(&reason),
    }
}
