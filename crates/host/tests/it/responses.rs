use host::{Error, Module, Response, Snapshot};
use serde_json::json;

use crate::{guest, host, probe, request, text, told};

#[test]
fn settings_and_request_arrive_as_they_were_written() {
    let request = text("{ \"z\": 1.0, \"a\": 1e2,\"name\" : \"caf\\u00e9\", \"z\": null}");
    let response = probe()
        .validate(&told(json!("reject")), &request, &Snapshot::new())
        .unwrap();
    assert!(!response.accepted);
    assert_eq!(response.message.as_deref(), Some(request.get()));
    assert_eq!(response.code, Some(418));
    assert!(response.mutated_object.is_none());
}

#[test]
fn a_changed_object_comes_back_byte_for_byte() {
    let object =
        r#"{ "size": 1.50, "big": 123456789012345678901234567890, "z":1,"a":2, "é": "\u00e9" }"#;
    let request = text(&format!(r#"{{"operation":"CREATE","object":{object}}}"#));
    let response = probe()
        .validate(&told(json!("echo")), &request, &Snapshot::new())
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
fn an_object_where_the_request_has_none_is_rejected_as_the_policy_server_does() {
    let settings = told(json!({"mutate": {"kind": "PersistentVolumeClaim"}}));
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
            Some("the module changes the object of a request that has none, such as DELETE")
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
            .validate(&told(json!("count")), &request(), &Snapshot::new())
            .unwrap();
        assert_eq!(response.message.as_deref(), Some("1"));
    }
}

#[test]
fn a_module_that_fails_says_why() {
    let error = probe()
        .validate(&told(json!("fail")), &request(), &Snapshot::new())
        .unwrap_err();
    assert!(matches!(error, Error::Guest { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "module `probe` failed in `validate`: the probe was told to"
    );
}

#[test]
fn the_reason_survives_a_message_that_holds_the_whole_request() {
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
fn an_answer_that_is_not_to_the_protocol_is_an_error() {
    let error = probe()
        .validate(&told(json!("garbage")), &request(), &Snapshot::new())
        .unwrap_err();
    assert!(matches!(error, Error::Answer { .. }), "{error:?}");
    assert!(
        error.to_string().starts_with(
            "module `probe` gave an answer to `validate` that is not to the protocol: "
        ),
        "{error}"
    );
}

#[test]
fn settings_are_judged_by_the_module() {
    let module = probe();
    assert!(
        module
            .validate_settings(&told(json!("accept")))
            .unwrap()
            .valid
    );
    let refused = module
        .validate_settings(&text(r#"{"do":"dance"}"#))
        .unwrap();
    assert!(!refused.valid);
    assert!(refused.message.unwrap().contains("dance"));
}

#[test]
fn one_module_serves_many_threads() {
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
                .validate(&told(json!("echo")), &request, &Snapshot::new())
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
