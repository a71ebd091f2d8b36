//! `cargo xtask test`: everything that needs no cluster. Every step runs, whatever came before it;
//! the last line counts them all.

pub(crate) mod tally;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use crate::e2e::Suite;
use crate::progress::{say, seconds};
use crate::toolchain::Way;
use crate::workspace::{Workspace, run};
use crate::{build, deny, e2e, generate, readme, sizes, workflows};
use tally::Tally;

/// How a step ended, other than with an error.
enum Outcome {
    /// One test, passed.
    Passed,
    /// Many tests, which the step reported.
    Counted(Tally),
    /// Nothing ran, for this reason.
    Skipped(String),
}

/// Runs every step, the end-to-end suites where wanted.
///
/// # Errors
/// If anything failed, after the last step.
pub(crate) fn test(workspace: &Workspace, way: Option<Way>, with_e2e: bool) -> Result<()> {
    let ci = is_ci();
    let passed = |result: Result<()>| result.map(|()| Outcome::Passed);
    let mut steps = Steps {
        ci,
        ..Steps::default()
    };
    steps.run("format", || {
        component(workspace, "fmt", &["--all", "--check"])
    });
    steps.run("clippy", || {
        let args = [
            "--workspace",
            "--all-targets",
            // The suites, which are no test of `cargo test`.
            "--test=*",
            "--quiet",
            "--",
            "-Dwarnings",
        ];
        component(workspace, "clippy", &args)
    });
    steps.run("modules", || {
        passed(build::build(workspace, way, &[]).map(drop))
    });
    steps.run("module sizes", || passed(sizes::check(workspace)));
    steps.run("generated files", || {
        passed(generate::generate(workspace, true))
    });
    steps.run("command line", || {
        passed(build::compile_program(workspace, "agnostics"))
    });
    steps.run("tests", || tests(workspace, ci).map(Outcome::Counted));
    steps.run("README commands", || {
        readme::check(workspace).map(Outcome::Counted)
    });
    steps.run("workflows", || {
        Ok(match workflows::linter(workspace) {
            Ok(linter) => {
                workflows::check(workspace, &linter)?;
                Outcome::Passed
            }
            Err(reason) => Outcome::Skipped(reason),
        })
    });
    steps.run("dependencies", || match deny::program() {
        Some(program) => passed(deny::check(workspace, &program)),
        None => Ok(Outcome::Skipped("`cargo-deny` is not on PATH".to_owned())),
    });
    if with_e2e {
        for suite in [
            Suite::Dns,
            Suite::Cluster,
            Suite::Playground,
            Suite::Registry,
            Suite::Reproducible,
        ] {
            let name = format!("e2e {}", suite.name());
            steps.run(&name, || {
                e2e::counted(workspace, way, suite, ci).map(Outcome::Counted)
            });
        }
    }
    steps.finish()
}

/// Whether nobody is there to see what was skipped.
pub(crate) fn is_ci() -> bool {
    std::env::var("CI").is_ok_and(|value| value == "true")
}

#[derive(Default)]
struct Steps {
    ci: bool,
    tally: Tally,
    summary: Vec<String>,
}

impl Steps {
    fn run(&mut self, name: &str, step: impl FnOnce() -> Result<Outcome>) {
        say(format_args!("\n== {name}"));
        let started = Instant::now();
        let (tally, how) = match step() {
            Ok(Outcome::Passed) => (Tally::one(true), "passed".to_owned()),
            Ok(Outcome::Counted(tally)) => (tally, tally.to_string()),
            Ok(Outcome::Skipped(reason)) => {
                say(format_args!("skipped: {reason}"));
                (Tally::skip(&reason, self.ci), format!("skipped: {reason}"))
            }
            Err(error) => {
                say(format_args!("{error:#}"));
                (Tally::one(false), "FAILED".to_owned())
            }
        };
        self.tally += tally;
        let took = seconds(started.elapsed());
        self.summary.push(format!("{name:<16} {took:>6}  {how}"));
    }

    fn finish(self) -> Result<()> {
        say("\n== summary");
        for line in &self.summary {
            say(line);
        }
        say(self.tally);
        // The count is to be the last line, so the reason is the status alone.
        ensure!(self.tally.failed == 0, crate::Told);
        Ok(())
    }
}

/// A part of the Rust toolchain that a machine can lack.
fn component(workspace: &Workspace, name: &str, args: &[&str]) -> Result<Outcome> {
    let mut probe = workspace.cargo();
    let probe = probe
        .args([name, "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if !probe.status().is_ok_and(|status| status.success()) {
        return Ok(Outcome::Skipped(format!(
            "the toolchain has no `cargo {name}`"
        )));
    }
    run(workspace.cargo().arg(name).args(args))?;
    Ok(Outcome::Passed)
}

/// Every test of the workspace, the cases on every host among them. The release profile, so that
/// wasmtime is compiled once for the tests and the command line.
fn tests(workspace: &Workspace, ci: bool) -> Result<Tally> {
    let mut cargo = workspace.cargo();
    cargo.args(["test", "--workspace", "--release", "--no-fail-fast"]);
    counted(&mut cargo, ci)
}

/// Runs a test runner, passing its output on, and counts what it says.
pub(crate) fn counted(runner: &mut Command, ci: bool) -> Result<Tally> {
    let mut child = runner
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run cargo")?;
    let output = child.stdout.take().context("no output to read")?;
    let mut tally = Tally::default();
    for line in BufReader::new(output).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        say(&line);
        tally += Tally::of_line(&line, ci);
    }
    let status = child.wait()?;
    if !status.success() && tally.failed == 0 {
        tally += Tally::one(false);
    }
    if tally.passed + tally.failed == 0 {
        bail!("no test ran");
    }
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runner(script: &str) -> Result<Tally> {
        counted(Command::new("sh").args(["-c", script]), true)
    }

    fn result_line(passed: usize, failed: usize) -> String {
        format!("test result: ok. {passed} passed; {failed} failed; 0 ignored; 0 measured")
    }

    #[test]
    fn sums_over_test_binaries() {
        let script = format!("echo '{}'; echo '{}'", result_line(2, 0), result_line(3, 1));
        let expected = Tally {
            passed: 5,
            failed: 1,
            skipped: 0,
        };
        assert_eq!(runner(&format!("{script}; exit 1")).unwrap(), expected);
    }

    #[test]
    fn a_runner_that_fails_without_a_failed_test_is_a_failure() {
        let script = format!("echo '{}'; exit 101", result_line(2, 0));
        assert_eq!(runner(&script).unwrap().failed, 1);
        assert_eq!(runner("exit 101").unwrap().failed, 1);
    }

    #[test]
    fn a_runner_that_ran_nothing_is_an_error() {
        let script = format!("echo '{}'", result_line(0, 0));
        assert_eq!(runner(&script).unwrap_err().to_string(), "no test ran");
    }

    #[test]
    fn steps_go_on_after_a_failure_and_the_end_tells() {
        let mut steps = Steps {
            ci: true,
            ..Steps::default()
        };
        steps.run("breaks", || bail!("broken"));
        steps.run("skips", || {
            Ok(Outcome::Skipped("`kwctl` is not on PATH".into()))
        });
        steps.run("skips unheard of", || Ok(Outcome::Skipped("tired".into())));
        steps.run("passes", || Ok(Outcome::Passed));
        assert_eq!(steps.tally.to_string(), "1 passed, 2 failed, 1 skipped");
        assert_eq!(steps.summary.len(), 4);
        assert!(steps.finish().is_err());
    }
}
