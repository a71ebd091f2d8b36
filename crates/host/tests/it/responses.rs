use host::{Error, Module, Response, Snapshot};
use serde_json::json;

use crate::{guest, host, probe, request, settings_for, text};

#[test]
fn the_module_receives_settings_and_request_byte_for_byte() {
    let request = text("{ \"z\": 1.0, \"a\": 1e2,\"name\" : \"caf\\u00e9\", \"z\": null}");
    let response = probe()
        .validate(&settings_for(json!("reject")), &request, &Snapshot::new())
        .unwrap();
    assert!(!response.accepted);
    assert_eq!(response.message.as_deref(), Some(request.get()));
    assert_eq!(response.code, Some(418));
    assert!(response.mutated_object.is_none());
}

#[test]
fn a_mutated_object_is_returned_byte_for_byte() {
    let object =
        r#"{ "size": 1.50, "big": 123456789012345678901234567890, "z":1,"a":2, "é": "\u00e9" }"#;
    let request = text(&format!(r#"{{"operation":"CREATE","object":{object}}}"#));
    let response = probe()
        .validate(&settings_for(json!("echo")), &request, &Snapshot::new())
        .unwrap();
    assert!(response.accepted);
    assert_eq!(response.mutated_object.unwrap().get(), object);
    assert_eq!(response.warnings, ["second to none", "first to warn"]);
    let annotations: Vec<_> = response
        .audit_annotations
        .iter()
        .map(|(key, value)| (&**key, &**value))
        .collect();
    assert_eq!(annotations, [("a", "1"), ("b", "2")]);
}

#[test]
fn a_mutated_object_for_a_request_without_object_is_a_rejection_as_in_the_policy_server() {
    let settings = settings_for(json!({"mutate": {"kind": "PersistentVolumeClaim"}}));
    let run = |request| {
        probe()
            .validate(&settings, &text(request), &Snapshot::new())
            .unwrap()
    };
    for request in [
        r#"{"operation":"DELETE","object":null}"#,
        r#"{"operation":"DELETE"}"#,
    ] {
        let response = run(request);
        assert!(!response.accepted && response.mutated_object.is_none());
        assert_eq!(
            response.message.as_deref(),
            Some(
                "the module returned a mutated object, but the request has no object (as in a DELETE)"
            )
        );
    }
    let response = run(r#"{"operation":"UPDATE","object":{}}"#);
    assert_eq!(
        response.mutated_object.unwrap().get(),
        r#"{"kind":"PersistentVolumeClaim"}"#
    );
}

#[test]
fn every_request_gets_a_fresh_instance() {
    let module = probe();
    for _ in 0..3 {
        let response = module
            .validate(&settings_for(json!("count")), &request(), &Snapshot::new())
            .unwrap();
        assert_eq!(response.message.as_deref(), Some("1"));
    }
}

#[test]
fn the_error_contains_the_failure_message_of_the_module() {
    let error = probe()
        .validate(&settings_for(json!("fail")), &request(), &Snapshot::new())
        .unwrap_err();
    assert!(matches!(error, Error::Guest { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "module `probe` failed in `validate`: the probe was told to"
    );
}

#[test]
fn a_failure_message_with_the_whole_request_is_shortened_but_keeps_the_reason() {
    let request = text(&format!(
        r#"{{"operation":"CREATE","filler":"{}","options":null}}"#,
        "x".repeat(20_000)
    ));
    let noop = host().load("noop", &guest("noop")).unwrap();
    let message = noop
        .validate(&text("{}"), &request, &Snapshot::new())
        .unwrap_err()
        .to_string();
    assert!(message.contains("invalid type: null"), "{message}");
    assert!(
        message.chars().count() < 1000,
        "{} characters",
        message.chars().count()
    );
}

#[test]
fn a_response_that_violates_the_protocol_is_an_error() {
    let error = probe()
        .validate(
            &settings_for(json!("garbage")),
            &request(),
            &Snapshot::new(),
        )
        .unwrap_err();
    assert!(matches!(error, Error::InvalidResponse { .. }), "{error:?}");
    assert!(
        error
            .to_string()
            .starts_with("module `probe` returned an invalid response to `validate`: "),
        "{error}"
    );
}

#[test]
fn the_module_validates_settings() {
    let module = probe();
    assert!(
        module
            .validate_settings(&settings_for(json!("accept")))
            .unwrap()
            .valid
    );
    let invalid = module
        .validate_settings(&text(r#"{"do":"dance"}"#))
        .unwrap();
    assert!(!invalid.valid);
    assert!(invalid.message.unwrap().contains("dance"));
}

#[test]
fn a_module_can_be_used_from_several_threads() {
    fn shared<T: Send + Sync>(value: T) -> T {
        value
    }
    let module: Module = shared(probe());
    let serve = |thread: usize| {
        for round in 0..20 {
            let request = text(&format!(
                r#"{{"object":{{"thread":{thread},"round":{round}}}}}"#
            ));
            let response: Response = module
                .validate(&settings_for(json!("echo")), &request, &Snapshot::new())
                .unwrap();
            let object = response.mutated_object.unwrap();
            assert_eq!(
                object.get(),
                format!(r#"{{"thread":{thread},"round":{round}}}"#)
            );
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|thread| scope.spawn(move || serve(thread)))
            .collect();
        for thread in threads {
            thread.join().unwrap();
        }
    });
}
