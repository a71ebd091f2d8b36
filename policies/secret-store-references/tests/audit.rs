//! The audit scanner sends requests without a user, so it cannot tell who created a GeneratorState.
//!
//! Source: `newAdmissionReview` in Kubewarden's audit scanner, which sets no `userInfo`.
#![allow(clippy::expect_used, reason = "helpers of tests are tests")]

use admission::NoCluster;
use secret_store_references::{Settings, evaluate};
use serde_json::{Value, json};

/// Returns the message of the rejection of a GeneratorState with this spec, or null.
fn message(user_info: &Value, spec: &Value) -> Value {
    let payload = json!({"settings": {}, "request": {
        "kind": {"group": "generators.external-secrets.io", "version": "v1alpha1", "kind": "GeneratorState"},
        "operation": "CREATE",
        "namespace": "research",
        "userInfo": user_info,
        "object": {"spec": spec},
    }});
    let payload = payload.to_string();
    let response = admission::validate::<Settings>(payload.as_bytes(), evaluate, &NoCluster);
    let response: Value = serde_json::from_slice(&response).expect("the response is JSON");
    response.get("message").cloned().unwrap_or_default()
}

#[test]
fn states_are_audited_by_the_kind_of_their_generator() {
    let rejection = "spec.resource: `Grafana` has its own credentials; allowed: Password, UUID [generator-not-allowed]";
    for user_info in [json!({}), Value::Null] {
        let state = |kind| json!({"resource": {"kind": kind}});
        assert_eq!(message(&user_info, &state("Grafana")), rejection);
        assert_eq!(message(&user_info, &state("Password")), Value::Null);
        let malformed = "spec.resource: is missing [malformed-input]";
        assert_eq!(message(&user_info, &json!({})), malformed);
    }
}

#[test]
fn an_empty_user_is_not_the_audit_scanner() {
    let state = json!({"resource": {"kind": "Password"}});
    let message = message(&json!({"username": ""}), &state);
    let rejection = "kind: only External Secrets may write a GeneratorState; use a generator in an ExternalSecret \
                     [generator-state-not-allowed]";
    assert_eq!(message, rejection);
}
