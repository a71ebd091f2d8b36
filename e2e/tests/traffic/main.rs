//! The suite `traffic`: sends the same requests to ingress-nginx and to the internal Gateway with the translated
//! routes, and compares the results.
//!
//! `cargo xtask e2e traffic` builds the programs and runs this suite.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests are tests"
)]

mod api_server;
mod backends;
mod client;
mod compare;
mod corpus;
mod explain;
mod explain_tests;
mod gateway;
mod generated;
mod ingress_nginx;
#[allow(dead_code, reason = "shared with the suite `cluster`")]
#[path = "../shared/process.rs"]
mod process;
#[allow(dead_code, reason = "shared with the test of the reports")]
mod report;
mod requests;
mod run;
mod runtime;
mod summary;
mod translation;
#[allow(dead_code, reason = "shared with the tests of the tree")]
#[path = "../bootstrap/tree.rs"]
mod tree;
mod versions;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use k8s_openapi::jiff::Timestamp;
use libtest_mimic::{Arguments, Failed, Trial};
use report::Report;

/// The variable with which `cargo xtask e2e traffic` makes the suite write the report.
const WRITE_REPORT: &str = "AGNOSTICS_E2E_WRITE_REPORT";
/// The variable for a long run, with a random seed.
const LONG: &str = "AGNOSTICS_E2E_LONG";
/// The variable that repeats a run.
const SEED: &str = "AGNOSTICS_E2E_SEED";

/// The groups of sets, each of which is a test.
const GROUPS: [&str; 4] = [
    "cases",
    "documentation",
    "five-behaviors",
    generated::ORIGIN,
];
/// How many sets to generate, for 10,000 requests in all and for 100,000.
const GENERATED: usize = 100;
const GENERATED_IN_LONG_RUNS: usize = 700;
/// How many requests the groups must have in all, in a usual and in a long run.
const REQUESTS: usize = 10_000;
const REQUESTS_IN_LONG_RUNS: usize = 100_000;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let provider = rustls::crypto::ring::default_provider();
    provider.install_default().expect("none before");
    process::handle_signals().expect("signals can be handled");
    let is_long = std::env::var_os(LONG).is_some();
    let report = match arguments.list {
        true => None,
        false => Some(Arc::new(compare(is_long))),
    };
    let mut trials = explain_tests::trials();
    for group in GROUPS {
        let report = report.clone();
        trials.push(Trial::test(group, move || {
            let failures = report
                .as_ref()
                .and_then(|it| it.1.iter().find(|(of, _)| *of == group));
            match failures {
                Some((_, failures)) if !failures.is_empty() => Err(Failed::from(failures)),
                _ => Ok(()),
            }
        }));
    }
    trials.push(Trial::test("general_differences_are_documented", || {
        let page = include_str!("../../../docs/ingress-nginx.md");
        let missing = |(code, _): &&(&str, &str)| !page.contains(&format!("\n| `{code}` |"));
        match explain::GENERAL.iter().find(missing) {
            Some((code, _)) => Err(format!("docs/ingress-nginx.md does not list `{code}`").into()),
            None => Ok(()),
        }
    }));
    trials.push(Trial::test("report", move || {
        let Some((report, _)) = report.as_deref() else {
            return Ok(());
        };
        let total = report.total();
        let expected = if is_long {
            REQUESTS_IN_LONG_RUNS
        } else {
            REQUESTS
        };
        if total.requests < expected {
            return Err(format!("{} requests instead of {expected}", total.requests).into());
        }
        if std::env::var_os(WRITE_REPORT).is_some() {
            report.write()?;
        }
        Ok(())
    }));
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Runs the suite, and returns its report and the unexplained differences of each group.
fn compare(is_long: bool) -> (Report, Vec<(&'static str, String)>) {
    let started = Instant::now();
    let seed = match std::env::var(SEED) {
        Ok(seed) => seed.parse().expect("a number"),
        Err(_) if is_long => Timestamp::now().as_second().unsigned_abs(),
        // The same requests in each run, so that a change of the code is what fails.
        Err(_) => 1,
    };
    println!("{SEED}={seed}");
    let mut runner = generated::runner(seed);
    let count = if is_long {
        GENERATED_IN_LONG_RUNS
    } else {
        GENERATED
    };
    let generated = generated::sets(&mut runner, count);
    let sets = [corpus::cases(), corpus::fixtures(), generated].concat();
    let outcomes = run::run(sets, &mut runner);
    summary::print_excluded(&outcomes);
    let report = Report {
        schema_version: 1,
        date: Timestamp::now().strftime("%F").to_string(),
        commit: versions::commit(),
        duration_seconds: started.elapsed().as_secs(),
        seed,
        versions: versions::all(),
        groups: summary::groups(&outcomes),
        differences: summary::differences(&outcomes),
        limits: Report::limits(),
    };
    for group in report.groups.iter().chain([&report.total()]) {
        println!("{group}");
    }
    let failures = GROUPS.map(|group| (group, summary::failures(&outcomes, group)));
    (report, failures.to_vec())
}
