//! The suite `cluster`: runs the plane's policies on a real Kubernetes API server, and checks what it stores
//! and returns.
//!
//! `cargo xtask e2e cluster` builds the programs and runs this suite. All scenarios share one cluster and run
//! in order; each uses its own names.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests are tests"
)]

mod api_server;
mod certificates;
mod claims;
mod client;
mod cluster;
mod cluster_dns;
mod conditions;
mod crds;
mod existing;
mod existing_cluster;
mod external_dns;
mod external_secrets;
mod faults;
mod fixtures;
mod hostnames;
mod ingresses;
mod kubeconfig;
mod kubectl;
mod load;
mod manifests;
mod policies;
mod prefix;
#[allow(dead_code, reason = "shared with the suite `dns`")]
#[path = "../shared/process.rs"]
mod process;
mod project_admin;
mod rendered;
#[allow(dead_code, reason = "shared with the test of the report")]
#[path = "../shared/report.rs"]
mod report;
mod routes;
mod scenario;
mod service_accounts;
mod services;
mod stop;
mod stores;
mod suite;
#[allow(dead_code, reason = "shared with the tests of the tree")]
#[path = "../bootstrap/tree.rs"]
mod tree;
mod upgrades;
mod versions;
mod webhook_server;
mod webhooks;
#[allow(dead_code, reason = "shared with the suite `dns`")]
#[path = "../shared/zone/mod.rs"]
mod zone;

use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use libtest_mimic::Arguments;
use suite::Suite;

fn main() -> ExitCode {
    // Sequentially, because the scenarios share the cluster.
    let arguments = Arguments {
        test_threads: Some(1),
        ..Arguments::from_args()
    };
    let provider = rustls::crypto::ring::default_provider();
    provider.install_default().expect("none before");
    process::handle_signals().expect("signals can be handled");
    let suite = match arguments.list {
        true => Ok(None),
        false => Suite::start().map(Some),
    };
    let suite = match suite {
        Ok(suite) => Arc::new(Mutex::new(suite)),
        Err(error) => {
            println!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    libtest_mimic::run(&arguments, suite::trials(&suite)).exit_code()
}
