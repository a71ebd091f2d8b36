//! What happens where publishing does not work: nothing gets its tag, and the next run completes it.

use std::fs;

use crate::server::Server;
use crate::trial::Trial;

/// Asserts that no policy has its tag.
fn untagged(trial: &Trial) {
    for policy in &trial.policies {
        let resolve = format!("oras resolve {}", trial.image(policy));
        trial.sh(&resolve).ended(1, "not found");
    }
}

/// Publishes, and asserts that every policy is there.
fn complete(trial: &Trial) {
    trial.ok("publish");
    for policy in &trial.policies {
        trial.is_signed_once(policy);
    }
}

#[test]
fn a_full_disk_leaves_no_tag_and_the_next_run_completes_it() {
    let mut trial = Trial::new(Server::plain());
    // Configs and manifests fit, policies do not.
    trial.server.restart("64");
    trial.sh("publish").ended(1, "file too large");
    untagged(&trial);
    trial.server.restart("unlimited");
    complete(&trial);
}

#[test]
fn a_push_that_broke_off_is_completed() {
    let trial = Trial::published();
    // As if every push had ended before the first signature.
    for policy in &trial.policies {
        let tags = format!("repositories/k8tre/agnostics/{policy}/_manifests/tags");
        fs::remove_dir_all(format!("{}/{tags}", trial.server.data())).unwrap();
    }
    untagged(&trial);
    complete(&trial);
}

#[test]
fn a_registry_that_is_down_is_named() {
    let mut trial = Trial::new(Server::plain());
    trial.server.stop();
    let run = trial.sh("publish").ended(1, &trial.server.host());
    run.ended(1, "connection refused");
}

#[test]
fn missing_and_wrong_credentials_are_told_apart() {
    let trial = Trial::new(Server::secure());
    trial.sh("publish").ended(1, "credential not found");
    trial.log_in(&trial.server, "wrong horse");
    trial.sh("publish").ended(1, "401");
}

#[test]
fn a_connection_that_cannot_be_trusted_is_not_used() {
    let trial = Trial::new(Server::secure());
    trial.log_in_rightly();
    let run = trial.sh("unset SSL_CERT_FILE; publish");
    run.ended(1, "signed by unknown authority");
    // The same without TLS, except for `localhost`.
    let trial = Trial::new(Server::plain());
    let run = trial.sh("PLACE=${PLACE/localhost/127.0.0.1}; publish");
    run.ended(1, "HTTP response to HTTPS client");
    untagged(&trial);
}

#[test]
fn a_key_that_cannot_be_read_publishes_nothing() {
    let trial = Trial::new(Server::plain());
    trial
        .sh("COSIGN_PASSWORD=guess publish")
        .ended(1, "decrypt");
    assert!(fs::exists(trial.server.data()).is_ok_and(|exists| !exists));
}
