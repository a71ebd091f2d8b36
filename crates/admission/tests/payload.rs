//! Every payload gets a response, and a rejection names the field and the problem.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "test helpers may panic"
)]

use std::collections::HashMap;

use admission::{AdmissionRequest, Cluster, Edits, MALFORMED_INPUT, Malformed, NoCluster, Verdict};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

admission::settings! {
    /// Settings of a policy that sets the colour of widgets and reads each of their sizes.
    pub struct Settings {
        /// The colour, if not blue.
        pub colour: Option<String> = None,
    }
}

impl admission::Settings for Settings {
    fn errors(&self) -> Vec<String> {
        Vec::new()
    }
}

admission::rule! {
    /// A widget has no colour.
    COLOUR = "colour";
}

fn evaluate(
    settings: &Settings,
    request: &AdmissionRequest<'_>,
    _cluster: &dyn Cluster,
) -> Result<Verdict, Malformed> {
    let Some(object) = request.object_of("example.org", "Widget")? else {
        return Ok(Verdict::accept());
    };
    let root = object.object()?;
    let spec = root
        .object("spec")?
        .ok_or_else(|| root.malformed("spec", "is missing"))?;
    for size in spec.array("sizes")?.unwrap_or_default() {
        size.string()?;
    }
    if spec.string("colour")?.is_some() {
        return Ok(Verdict::accept());
    }
    let colour = settings.colour.as_deref().unwrap_or("blue");
    let mut edits = Edits::new(object);
    edits.set_string(&spec, "colour", colour)?;
    Ok(Verdict::mutate(
        edits.apply(),
        COLOUR.finding("spec.colour", "was missing"),
    ))
}

/// A response as the policy server reads it, with the text of the object.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Response {
    accepted: bool,
    message: Option<String>,
    mutated_object: Option<Box<RawValue>>,
    #[serde(default)]
    warnings: Vec<String>,
    #[serde(default)]
    audit_annotations: HashMap<String, String>,
}

/// Returns the response to `payload`, which must be valid for the policy server.
fn respond(payload: impl AsRef<[u8]>) -> Response {
    let response = admission::validate::<Settings>(payload.as_ref(), evaluate, &NoCluster);
    let response: Response = serde_json::from_slice(&response).expect("a response");
    match response.accepted {
        true => assert_eq!(response.message, None),
        false => {
            assert!(!response.message.as_deref().unwrap_or_default().is_empty());
            assert!(response.mutated_object.is_none());
        }
    }
    response
}

/// Asserts that `payload` is rejected as malformed, with `finding` for message and warning.
#[track_caller]
fn assert_rejected(payload: impl AsRef<[u8]>, finding: &str) {
    let response = respond(payload);
    assert!(!response.accepted);
    let message = format!("{finding} [malformed-input]");
    assert_eq!(response.message.as_ref(), Some(&message));
    assert_eq!(response.warnings, [message]);
    assert_eq!(rules(&response), Some(MALFORMED_INPUT.id));
}

/// Returns the audit annotation with the ids of rules.
fn rules(response: &Response) -> Option<&str> {
    response.audit_annotations.get("rules").map(String::as_str)
}

#[track_caller]
fn assert_accepted(payload: impl AsRef<[u8]>) {
    let response = respond(payload);
    assert!(response.accepted, "{response:?}");
    assert!(response.mutated_object.is_none(), "{response:?}");
    assert_eq!(response.warnings, [""; 0]);
    assert_eq!(rules(&response), None);
}

#[track_caller]
fn assert_mutated(payload: impl AsRef<[u8]>, object: &str) {
    let response = respond(payload);
    assert!(response.accepted, "{:?}", response.message);
    assert_eq!(rules(&response), Some("colour"));
    assert!(response.mutated_object.expect("an object").get() == object);
    assert_eq!(response.warnings, ["spec.colour: was missing [colour]"]);
}

/// Returns a payload with the text of a request.
fn payload(request: &str) -> String {
    format!(r#"{{"settings":{{}},"request":{request}}}"#)
}

/// Returns the payload of the creation of a widget, with the text of the object.
fn creation(object: &str) -> String {
    payload(&format!(
        r#"{{"kind":{{"group":"example.org","version":"v1","kind":"Widget"}},"operation":"CREATE","object":{object}}}"#
    ))
}

#[test]
fn widgets_without_a_colour_are_mutated() {
    assert_mutated(
        creation(r#"{"spec":{"sizes":["s"]}}"#),
        r#"{"spec":{"sizes":["s"],"colour":"blue"}}"#,
    );
    assert_accepted(creation(r#"{"spec":{"colour":"red"}}"#));
}

#[test]
fn a_payload_that_is_not_a_json_object_is_rejected() {
    assert_rejected(
        b"{\"request\":\"\xff\"}",
        "the payload is not UTF-8 text: invalid utf-8 sequence of 1 bytes from index 12",
    );
    assert_rejected(
        "",
        "the payload is not valid JSON: EOF while parsing a value at line 1 column 0",
    );
    assert_rejected(
        "request",
        "the payload is not valid JSON: expected value at line 1 column 1",
    );
    assert_rejected(
        "{}{}",
        "the payload is not valid JSON: trailing characters at line 1 column 3",
    );
    assert_rejected(
        "\u{feff}{}",
        "the payload is not valid JSON: expected value at line 1 column 1",
    );
    assert_rejected("[]", "the payload must be an object, not an array");
    assert_rejected("null", "the payload must be an object, not null");
    assert_rejected(
        "true",
        "the payload must be an object, not the boolean true",
    );
    assert_rejected("-0.0", "the payload must be an object, not the number -0.0");
    assert_rejected(
        r#""request""#,
        r#"the payload must be an object, not the string "request""#,
    );
}

#[test]
fn missing_fields_are_rejected() {
    assert_rejected("{}", "request: is missing");
    assert_rejected(r#"{"settings":null,"request":null}"#, "request: is missing");
    assert_rejected(payload("{}"), "request.kind: is missing");
    assert_rejected(
        payload(r#"{"kind":null,"operation":"CREATE"}"#),
        "request.kind: is missing",
    );
    assert_rejected(
        payload(r#"{"kind":{},"operation":"CREATE"}"#),
        "request.kind.kind: is missing",
    );
    assert_rejected(
        payload(r#"{"kind":{"kind":"Widget"}}"#),
        "request.operation: is missing",
    );
    assert_rejected(
        payload(r#"{"kind":{"kind":"Widget"},"operation":null}"#),
        "request.operation: is missing",
    );
    assert_rejected(creation("null"), "request.object: is missing");
    assert_rejected(creation("{}"), "spec: is missing");
}

#[test]
fn request_fields_of_the_wrong_type_are_rejected() {
    assert_rejected(payload("[]"), "request: must be an object, not an array");
    assert_rejected(
        payload(r#"{"kind":"Widget"}"#),
        r#"request.kind: must be an object, not the string "Widget""#,
    );
    assert_rejected(
        payload(r#"{"kind":{"kind":7},"operation":"CREATE"}"#),
        "request.kind.kind: must be a string, not the number 7",
    );
    assert_rejected(
        payload(r#"{"kind":{"kind":"Widget"},"operation":["CREATE"]}"#),
        "request.operation: must be a string, not an array",
    );
    assert_rejected(
        payload(r#"{"kind":{"kind":"Widget"},"operation":"create"}"#),
        "request.operation: must be CREATE, UPDATE, DELETE or CONNECT, not `create`",
    );
    assert_rejected(
        payload(r#"{"kind":{"kind":"Widget"},"operation":"DELETE","subResource":false}"#),
        "request.subResource: must be a string, not the boolean false",
    );
}

#[test]
fn paths_of_object_fields_start_at_the_object() {
    assert_rejected(creation("[]"), "must be an object, not an array");
    assert_rejected(
        creation(r#"{"spec":1e400}"#),
        "spec: must be an object, not the number 1e400",
    );
    assert_rejected(
        creation(r#"{"spec":{"sizes":{}}}"#),
        "spec.sizes: must be an array, not an object",
    );
    assert_rejected(
        creation(r#"{"spec":{"sizes":["s",null]}}"#),
        "spec.sizes[1]: must be a string, not null",
    );
    let long = "9".repeat(65);
    assert_rejected(
        creation(&format!(r#"{{"spec":{{"colour":{long}}}}}"#)),
        "spec.colour: must be a string, not the number",
    );
}

#[test]
fn duplicate_keys_are_rejected() {
    assert_rejected(r#"{"request":1,"request":2}"#, "request: is given twice");
    assert_rejected(
        payload(r#"{"kind":{"kind":"Widget","kind":"Pod"},"operation":"CREATE"}"#),
        "request.kind.kind: is given twice",
    );
    assert_rejected(
        creation(r#"{"spec":{"colour":"red","c\u006flour":"green"}}"#),
        "spec.colour: is given twice",
    );
    // Another parser may take the second value even if it is null.
    assert_rejected(
        creation(r#"{"spec":{"colour":null,"colour":null}}"#),
        "spec.colour: is given twice",
    );
    // The policy does not read this key.
    assert_accepted(creation(r#"{"spec":{"colour":"red","a":1,"a":2}}"#));
}

#[test]
fn unpaired_surrogates_are_rejected() {
    assert_rejected(
        creation(r#"{"spec":{"colour":"\ud800"}}"#),
        "spec.colour: contains an unpaired surrogate, which is not a Unicode character",
    );
    assert_rejected(
        creation(r#"{"spec":{"colour":"\udc00"}}"#),
        "spec.colour: contains an unpaired surrogate, which is not a Unicode character",
    );
    assert_rejected(
        creation(r#"{"spec":{"\ud800":1}}"#),
        "spec: has a key that contains an unpaired surrogate, which is not a Unicode character",
    );
    // The policy does not read this member, so it stays unchanged.
    assert_mutated(
        creation(r#"{"spec":{"note":"\ud800"}}"#),
        r#"{"spec":{"note":"\ud800","colour":"blue"}}"#,
    );
}

#[test]
fn a_hundred_thousand_nested_levels_are_handled() {
    const DEPTH: usize = 100_000;
    let deep = format!("{}{}", "[".repeat(DEPTH), "]".repeat(DEPTH));
    assert_mutated(
        creation(&format!(r#"{{"spec":{{"note":{deep}}}}}"#)),
        &format!(r#"{{"spec":{{"note":{deep},"colour":"blue"}}}}"#),
    );
    assert_rejected(
        creation(&format!(r#"{{"spec":{{"colour":{deep}}}}}"#)),
        "spec.colour: must be a string, not an array",
    );
    assert_rejected(
        creation(&format!(r#"{{"spec":{{"sizes":{deep}}}}}"#)),
        "spec.sizes[0]: must be a string, not an array",
    );
    assert_rejected(
        format!(r#"{{"settings":{{"colour":{deep}}},"request":{{}}}}"#),
        "setting `colour`: must be a string, not an array",
    );
    // Truncated, with objects in place of arrays.
    let column = 5 * DEPTH;
    assert_rejected(
        r#"{"a":"#.repeat(DEPTH),
        &format!(
            "the payload is not valid JSON: EOF while parsing a value at line 1 column {column}"
        ),
    );
}

#[test]
fn numbers_are_not_converted() {
    let numbers = format!("[1e400,-1e-400,{},-0,1.0]", "9".repeat(1000));
    assert_mutated(
        creation(&format!(r#"{{"spec":{{"note":{numbers}}}}}"#)),
        &format!(r#"{{"spec":{{"note":{numbers},"colour":"blue"}}}}"#),
    );
}

#[test]
fn invalid_settings_reject_the_request() {
    assert_rejected(
        r#"{"settings":{"color":"red"},"request":{}}"#,
        "setting `color`: is not known; write `colour`",
    );
    assert_rejected(
        r#"{"settings":{},"settings":{},"request":{}}"#,
        "settings: is given twice",
    );
    assert_rejected(
        r#"{"settings":[],"request":{}}"#,
        "settings: must be an object, not an array",
    );
    let whole = creation(r#"{"spec":{}}"#);
    assert_mutated(
        whole.replacen("{}", r#"{"colour":"red"}"#, 1),
        r#"{"spec":{"colour":"red"}}"#,
    );
    assert_mutated(
        whole.replacen("{}", "null", 1),
        r#"{"spec":{"colour":"blue"}}"#,
    );
    assert_mutated(
        whole.replacen(r#""settings":{},"#, "", 1),
        r#"{"spec":{"colour":"blue"}}"#,
    );
}

#[test]
fn a_truncated_payload_is_rejected() {
    let whole = creation(r#"{"spec":{"sizes":["s","é"],"note":"\ud83d\ude00","n":-1.5e+10}}"#);
    for length in 0..whole.len() {
        let response = respond(&whole.as_bytes()[..length]);
        let message = response.message.expect("a rejection");
        assert!(
            message.starts_with("the payload is not "),
            "{length} bytes: {message}"
        );
    }
    assert!(respond(whole).accepted);
}

#[test]
fn other_requests_are_accepted_without_checks() {
    for (kind, operation, sub_resource) in [
        ("Widget", "DELETE", ""),
        ("Widget", "CONNECT", ""),
        ("Widget", "UPDATE", "status"),
        ("Pod", "CREATE", ""),
    ] {
        let request = json!({
            "kind": {"group": "example.org", "version": "v1", "kind": kind},
            "operation": operation,
            "subResource": sub_resource,
            "object": {"spec": 7},
        });
        assert_accepted(payload(&request.to_string()));
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_get_a_response(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        respond(&bytes);
    }

    /// Characters of JSON and the keys that the reader looks for.
    #[test]
    fn json_like_text_gets_a_response(
        parts in proptest::collection::vec(
            prop::sample::select(vec![
                "{", "}", "[", "]", ":", ",", "\"", "\\", "\\u", "d800", "0", "-", ".", "e", "null", "true",
                "\"request\"", "\"settings\"", "\"kind\"", "\"operation\"", "\"CREATE\"", "\"object\"",
                "\"spec\"", "\"colour\"", " ", "\n", "é",
            ]),
            0..40,
        ),
    ) {
        respond(parts.concat());
    }

    #[test]
    fn a_payload_with_one_byte_changed_gets_a_response(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut payload = creation(r#"{"spec":{"sizes":["s","é"],"note":"\ud83d\ude00"}}"#).into_bytes();
        let at = at.index(payload.len());
        payload[at] = byte;
        respond(&payload);
    }

    #[test]
    fn any_object_gets_a_response(object in any_json()) {
        respond(creation(&object.to_string()));
    }
}

/// JSON with mostly the keys that the policy reads.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let key = prop_oneof![
            4 => prop::sample::select(vec!["spec", "colour", "sizes"]).prop_map(str::to_owned),
            1 => ".{0,4}",
        ];
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(key, inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}
