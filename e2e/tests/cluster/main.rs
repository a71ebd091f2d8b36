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

mod accounts;
mod claims;
mod client;
mod endpoint;
mod faults;
mod hostnames;
mod ingresses;
mod keys;
mod kubectl;
mod manifests;
mod names;
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

use plane::Plane;
use policies::Profile;
use report::Report;

/// What is to be seen, as a sentence, and how it is seen.
pub(crate) type Scenario = (&'static str, fn(&mut Plane));

/// By the number of the property that each shows, in the order in which they run.
const PROPERTIES: [(&str, &[Scenario]); 9] = [
    ("claims", &claims::SCENARIOS),
    ("services", &services::SCENARIOS),
    ("ingresses", &ingresses::SCENARIOS),
    ("stores", &stores::SCENARIOS),
    ("hostnames", &hostnames::SCENARIOS),
    ("manifests", &manifests::SCENARIOS),
    ("names", &names::SCENARIOS),
    ("syncing", &syncing::SCENARIOS),
    ("faults", &faults::SCENARIOS),
];

fn main() -> ExitCode {
    let provider = rustls::crypto::ring::default_provider();
    provider.install_default().expect("none before");
    let mut report = Report::default();
    let mut plane = Plane::start();
    claims::before(&plane);
    plane.add_kinds();
    claims::classes(&plane);
    hostnames::before(&plane);
    plane.install(Profile::K3s);
    report.versions(&plane);
    for (property, scenarios) in PROPERTIES {
        for (sentence, scenario) in scenarios {
            // What a scenario leaves behind when it fails is not what the next one looks at.
            let passed = catch_unwind(AssertUnwindSafe(|| scenario(&mut plane))).is_ok();
            println!(
                "test {property}: {sentence} ... {}",
                if passed { "ok" } else { "FAILED" }
            );
            report.row(property, sentence, passed);
        }
    }
    report.end()
}
