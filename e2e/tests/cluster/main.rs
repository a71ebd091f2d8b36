//! The plane's policies before a real Kubernetes API server: what it stores, and what it answers.
//!
//! `cargo xtask e2e cluster` builds the programs and runs this. One cluster serves every scenario, in
//! order; each has names of its own in it.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests are tests"
)]

mod access;
mod accounts;
mod claims;
mod client;
mod elsewhere;
mod ending;
mod endpoint;
mod faults;
mod foreign;
mod hostnames;
mod ingresses;
mod keys;
mod kubectl;
mod lab;
mod manifests;
mod names;
mod own;
mod plane;
mod policies;
#[allow(dead_code, reason = "shared with the suite `dns`")]
#[path = "../shared/process.rs"]
mod process;
mod rendered;
mod report;
mod services;
mod stores;
mod syncing;
#[allow(dead_code, reason = "shared with the tests of the tree")]
#[path = "../bootstrap/tree.rs"]
mod tree;
mod webhooks;
#[allow(dead_code, reason = "shared with the suite `dns`")]
#[path = "../shared/zone/mod.rs"]
mod zone;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use crate::plane::Plane;
use foreign::Foreign;
use policies::Profile;
use process::{end_when_told, is_interrupted};
use report::Report;

/// What is to be seen, as a sentence, and how it is seen.
pub(crate) type Scenario = (&'static str, fn(&mut Plane));

/// What a cluster has to be for some scenarios.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    Nothing,
    /// A default class.
    DefaultClass,
    /// Processes that one may start and end.
    OwnCluster,
}

/// In the order in which they run.
const PROPERTIES: [(&str, Needs, &[Scenario]); 14] = [
    ("claims", Needs::DefaultClass, &claims::DEFAULT),
    ("claims", Needs::Nothing, &claims::SCENARIOS),
    ("claims", Needs::OwnCluster, &claims::OWN_DEFAULT),
    ("services", Needs::Nothing, &services::SCENARIOS),
    ("ingresses", Needs::Nothing, &ingresses::SCENARIOS),
    ("ingresses", Needs::OwnCluster, &ingresses::STORED),
    ("stores", Needs::Nothing, &stores::SCENARIOS),
    ("hostnames", Needs::Nothing, &hostnames::SCENARIOS),
    ("manifests", Needs::Nothing, &manifests::SCENARIOS),
    ("names", Needs::OwnCluster, &names::SCENARIOS),
    ("syncing", Needs::OwnCluster, &syncing::SCENARIOS),
    ("faults", Needs::Nothing, &faults::SCENARIOS),
    ("faults", Needs::OwnCluster, &faults::RESTARTS),
    ("elsewhere", Needs::OwnCluster, &elsewhere::SCENARIOS),
];

fn main() -> ExitCode {
    let provider = rustls::crypto::ring::default_provider();
    provider.install_default().expect("none before");
    end_when_told().expect("signals can be heard");
    let foreign = match Foreign::told() {
        Ok(foreign) => foreign.map(Plane::elsewhere).transpose(),
        Err(error) => Err(error),
    };
    let mut plane = match foreign {
        Ok(foreign) => foreign.unwrap_or_else(Plane::start),
        Err(error) => {
            println!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    // `cargo test … --test cluster -- faults` for some alone.
    let only: Vec<String> = std::env::args().skip(1).collect();
    let known = |it: &&String| PROPERTIES.iter().any(|(property, ..)| it == property);
    if let Some(unknown) = only.iter().find(|it| !known(it)) {
        println!("error: no scenario is about `{unknown}`");
        return ExitCode::FAILURE;
    }
    let mut report = Report::begin();
    if plane.is_own() {
        claims::before(&plane);
    }
    plane.add_kinds();
    claims::classes(&plane);
    hostnames::before(&plane);
    plane.install(Profile::K3s);
    report.versions(&plane);
    let mut whole = true;
    'properties: for (property, needs, scenarios) in PROPERTIES {
        if !only.is_empty() && !only.iter().any(|it| it == property) {
            continue;
        }
        let unmet = match needs {
            Needs::DefaultClass if plane.default_class().is_none() => {
                Some("the cluster has no default storage class")
            }
            Needs::OwnCluster if !plane.is_own() => {
                Some("the cluster is not the suite's own, to change and to restart")
            }
            _ => None,
        };
        for (sentence, scenario) in scenarios {
            if let Some(unmet) = unmet {
                println!("test {property}: {sentence} ...\nskipped: {unmet}");
                report.skipped(property, sentence, unmet);
                continue;
            }
            if is_interrupted() {
                report.interrupted();
                break 'properties;
            }
            // What a scenario leaves behind when it fails is not what the next one looks at.
            let run = || {
                if !whole {
                    plane.mend();
                }
                scenario(&mut plane);
            };
            whole = catch_unwind(AssertUnwindSafe(run)).is_ok();
            report.row(property, sentence, whole);
        }
    }
    if !plane.is_own() {
        let left = plane.leave();
        if let Err(left) = &left {
            println!("left behind: {left}");
        }
        let sentence = "everything that the suite made is gone";
        report.row("elsewhere", sentence, left.is_ok());
    }
    report.end(only.is_empty() && plane.is_own())
}
