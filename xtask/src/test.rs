//! `cargo xtask test`: runs all checks that need no cluster. Every step runs even if an earlier one fails, and
//! the last line counts all of them.

pub(crate) mod tally;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;

use crate::e2e::{self, Suite};
use crate::progress::seconds;
use crate::workspace::{Workspace, run};
use crate::{book, build, demo, generate, workflows};
use tally::Tally;

/// Runs every step; with `with_e2e`, the end-to-end suites too.
///
/// # Errors
/// Returns an error after the last step if any step failed.
pub(crate) fn test(workspace: &Workspace, with_e2e: bool) -> Result<()> {
    let ci = is_ci();
    let passed = |result: Result<()>| result.map(|()| Tally::one(true));
    let mut steps = Steps::default();
    steps.run("format", || {
        component(workspace, "fmt", &["--all", "--check"], ci)
    });
    steps.run("clippy", || {
        // The end-to-end suites have `test = false`, so `--all-targets` skips them; `--test=*` does not.
        let args = "--workspace --all-targets --test=* --quiet -- -Dwarnings";
        component(
            workspace,
            "clippy",
            &args.split(' ').collect::<Vec<_>>(),
            ci,
        )
    });
    steps.run("modules", || passed(build::build(workspace, &[])));
    steps.run("module sizes", || passed(build::check_sizes(workspace)));
    steps.run("generated files", || {
        passed(generate::generate(workspace, true))
    });
    steps.run("demo", || passed(demo::demo(workspace)));
    steps.run("tests", || {
        let mut cargo = workspace.cargo();
        cargo.args(["test", "--workspace", "--release", "--no-fail-fast"]);
        run_and_count(&mut cargo, ci)
    });
    steps.run("actionlint", || workflows::actionlint(workspace, ci));
    steps.run("zizmor", || workflows::zizmor(workspace, ci));
    steps.run("dependencies", || {
        component(workspace, "deny", &["--workspace", "check"], ci)
    });
    if with_e2e {
        for &suite in Suite::value_variants() {
            let name = format!("e2e {}", suite.name());
            steps.run(&name, || e2e::run_suite(workspace, suite, ci));
        }
        steps.run("book", || passed(book::book(workspace)));
    }
    steps.finish()
}

/// Returns whether CI is set, where most skipped tests count as failures.
pub(crate) fn is_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}

#[derive(Default)]
struct Steps {
    tally: Tally,
    summary: Vec<String>,
}

impl Steps {
    fn run(&mut self, name: &str, step: impl FnOnce() -> Result<Tally>) {
        println!("\n== {name}");
        let started = Instant::now();
        let tally = step().unwrap_or_else(|error| {
            println!("{error:#}");
            Tally::one(false)
        });
        self.tally += tally;
        let took = seconds(started.elapsed());
        self.summary.push(format!("{name:<16} {took:>6}  {tally}"));
    }

    fn finish(self) -> Result<()> {
        println!("\n== summary\n{}\n{}", self.summary.join("\n"), self.tally);
        // The count must be the last line, so only the exit status reports the failure.
        ensure!(self.tally.failed == 0, crate::AlreadyReported);
        Ok(())
    }
}

/// Runs a cargo subcommand that may not be installed.
fn component(workspace: &Workspace, name: &str, args: &[&str], ci: bool) -> Result<Tally> {
    let probe = workspace.cargo().args([name, "--version"]).output();
    if !probe.is_ok_and(|output| output.status.success()) {
        return Ok(skipped(&format!("`cargo {name}` is not installed"), ci));
    }
    run(workspace.cargo().arg(name).args(args))?;
    Ok(Tally::one(true))
}

/// Prints why a test is skipped, and counts it.
pub(crate) fn skipped(reason: &str, ci: bool) -> Tally {
    println!("skipped: {reason}");
    Tally::skip(reason, ci)
}

/// Runs a test runner, prints its output, and counts its tests.
pub(crate) fn run_and_count(runner: &mut Command, ci: bool) -> Result<Tally> {
    let child = runner.stdout(Stdio::piped()).spawn();
    let mut child = child.with_context(|| format!("cannot run {:?}", runner.get_program()))?;
    let output = child.stdout.take().context("no output to read")?;
    let mut tally = Tally::default();
    for line in BufReader::new(output).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        tally += Tally::of_line(&line, ci);
    }
    if !child.wait()?.success() && tally.failed == 0 {
        tally += Tally::one(false);
    }
    ensure!(tally.passed + tally.failed > 0, "no test ran");
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    fn runner(script: &str) -> Result<String> {
        let tally = run_and_count(Command::new("sh").args(["-c", script]), true);
        tally.map(|tally| tally.to_string())
    }

    #[test]
    fn counts_are_summed_over_test_binaries() {
        let script = "echo 'test result: ok. 2 passed; 0 failed; 0 ignored'
            echo 'test result: FAILED. 3 passed; 1 failed; 0 ignored'; exit 1";
        assert_eq!(runner(script).unwrap(), "5 passed, 1 failed, 0 skipped");
    }

    #[test]
    fn a_runner_that_fails_without_a_failed_test_counts_as_failed() {
        let script = "echo 'test result: ok. 2 passed; 0 failed; 0 ignored'; exit 101";
        assert_eq!(runner(script).unwrap(), "2 passed, 1 failed, 0 skipped");
        assert_eq!(runner("exit 101").unwrap(), "0 passed, 1 failed, 0 skipped");
    }

    #[test]
    fn a_runner_that_ran_nothing_is_an_error() {
        let script = "echo 'test result: ok. 0 passed; 0 failed; 0 ignored'";
        assert_eq!(runner(script).unwrap_err().to_string(), "no test ran");
    }

    #[test]
    fn steps_continue_after_a_failure() {
        let mut steps = Steps::default();
        steps.run("breaks", || bail!("broken"));
        steps.run("skips", || Ok(skipped("`kwctl` is not on PATH", true)));
        steps.run("skips for an unknown reason", || {
            Ok(skipped("unknown", true))
        });
        steps.run("passes", || Ok(Tally::one(true)));
        assert_eq!(steps.tally.to_string(), "1 passed, 2 failed, 1 skipped");
        assert_eq!(steps.summary.len(), 4);
        assert!(steps.finish().is_err());
    }
}
