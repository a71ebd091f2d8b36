//! Failures while publishing: no policy gets its tag, and the next run completes the work.

use std::fs;

use crate::fixture::Fixture;
use crate::server::Server;

/// Asserts that no policy has its tag.
fn assert_untagged(fixture: &Fixture) {
    for policy in &fixture.policies {
        let resolve = format!("oras resolve {}", fixture.image(policy));
        fixture.sh(&resolve).assert_exit(1, "not found");
    }
}

/// Publishes, and asserts that every policy is complete.
fn assert_publish_completes(fixture: &Fixture) {
    fixture.ok("publish");
    for policy in &fixture.policies {
        fixture.assert_signed_once(policy);
    }
}

#[test]
fn a_full_disk_leaves_no_tag_and_the_next_run_completes() {
    let mut fixture = Fixture::new(Server::plain());
    // Configs and manifests fit into the limit, modules do not.
    fixture.server.restart("64");
    fixture.sh("publish").assert_exit(1, "file too large");
    assert_untagged(&fixture);
    fixture.server.restart("unlimited");
    assert_publish_completes(&fixture);
}

#[test]
fn an_interrupted_push_is_completed() {
    let fixture = Fixture::published();
    // As if every push was interrupted before signing.
    for policy in &fixture.policies {
        let tags = format!("repositories/k8tre/agnostics/{policy}/_manifests/tags");
        fs::remove_dir_all(format!("{}/{tags}", fixture.server.data())).unwrap();
    }
    assert_untagged(&fixture);
    assert_publish_completes(&fixture);
}

#[test]
fn an_unreachable_registry_is_named() {
    let mut fixture = Fixture::new(Server::plain());
    fixture.server.stop();
    let run = fixture.sh("publish").assert_exit(1, &fixture.server.host());
    run.assert_exit(1, "connection refused");
}

#[test]
fn missing_and_wrong_credentials_have_different_errors() {
    let fixture = Fixture::new(Server::secure());
    fixture.sh("publish").assert_exit(1, "credential not found");
    fixture.log_in(&fixture.server, "wrong horse");
    fixture.sh("publish").assert_exit(1, "401");
}

#[test]
fn an_untrusted_connection_is_an_error() {
    let fixture = Fixture::new(Server::secure());
    fixture.log_in_as_publisher();
    let run = fixture.sh("unset SSL_CERT_FILE; publish");
    run.assert_exit(1, "signed by unknown authority");
    // So is a connection without TLS to any host but `localhost`.
    let fixture = Fixture::new(Server::plain());
    let run = fixture.sh("REGISTRY=${REGISTRY/localhost/127.0.0.1}; publish");
    run.assert_exit(1, "HTTP response to HTTPS client");
    assert_untagged(&fixture);
}

#[test]
fn an_unreadable_key_publishes_nothing() {
    let fixture = Fixture::new(Server::plain());
    fixture
        .sh("COSIGN_PASSWORD=guess publish")
        .assert_exit(1, "decrypt");
    assert!(fs::exists(fixture.server.data()).is_ok_and(|exists| !exists));
}
