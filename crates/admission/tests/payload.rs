//! Whatever the policy server sends, there is a response, and a refusal says where and why.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests"
)]

use admission::{AdmissionRequest, Cluster, Edits, Malformed, NoCluster, Verdict};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

admission::settings! {
    /// Of a module that paints widgets blue and looks at each of their sizes.
    pub struct Settings {
        /// Another colour.
        pub colour: Option<String> = None,
    }
}

impl admission::Settings for Settings {
    fn errors(&self) -> Vec<String> {
        Vec::new()
    }
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
    Ok(Verdict::mutate(edits.apply(), "spec.colour: painted"))
}

/// A response as the policy server reads it, but for the object's text.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Response {
    accepted: bool,
    message: Option<String>,
    mutated_object: Option<Box<RawValue>>,
    #[serde(default)]
    warnings: Vec<String>,
}

/// The response to `payload`, which must be one that the policy server can read.
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

#[track_caller]
fn refuses(payload: impl AsRef<[u8]>, message: &str) {
    let response = respond(payload);
    assert!(!response.accepted);
    assert_eq!(response.message.as_deref(), Some(message));
    assert_eq!(response.warnings, [message]);
}

#[track_caller]
fn passes(payload: impl AsRef<[u8]>) {
    let response = respond(payload);
    assert!(response.accepted, "{response:?}");
    assert!(response.mutated_object.is_none(), "{response:?}");
    assert_eq!(response.warnings, [""; 0]);
}

#[track_caller]
fn paints(payload: impl AsRef<[u8]>, object: &str) {
    let response = respond(payload);
    assert!(response.accepted, "{:?}", response.message);
    assert!(response.mutated_object.expect("an object").get() == object);
    assert_eq!(response.warnings, ["spec.colour: painted"]);
}

/// A payload around the text of a request.
fn around(request: &str) -> String {
    format!(r#"{{"settings":{{}},"request":{request}}}"#)
}

/// The creation of a widget, around the text of its object.
fn creation(object: &str) -> String {
    around(&format!(
        r#"{{"kind":{{"group":"example.org","version":"v1","kind":"Widget"}},"operation":"CREATE","object":{object}}}"#
    ))
}

#[test]
fn the_tiny_module_works() {
    paints(
        creation(r#"{"spec":{"sizes":["s"]}}"#),
        r#"{"spec":{"sizes":["s"],"colour":"blue"}}"#,
    );
    passes(creation(r#"{"spec":{"colour":"red"}}"#));
}

#[test]
fn payloads_that_are_no_json_object() {
    refuses(
        b"{\"request\":\"\xff\"}",
        "the payload is not UTF-8 text: invalid utf-8 sequence of 1 bytes from index 12",
    );
    refuses(
        "",
        "the payload is not JSON: EOF while parsing a value at line 1 column 0",
    );
    refuses(
        "request",
        "the payload is not JSON: expected value at line 1 column 1",
    );
    refuses(
        "{}{}",
        "the payload is not JSON: trailing characters at line 1 column 3",
    );
    refuses(
        "\u{feff}{}",
        "the payload is not JSON: expected value at line 1 column 1",
    );
    refuses("[]", "the payload must be an object, not an array");
    refuses("null", "the payload must be an object, not null");
    refuses(
        "true",
        "the payload must be an object, not the boolean true",
    );
    refuses("-0.0", "the payload must be an object, not the number -0.0");
    refuses(
        r#""request""#,
        r#"the payload must be an object, not the string "request""#,
    );
}

#[test]
fn requests_that_lack_something() {
    refuses("{}", "request is missing");
    refuses(r#"{"settings":null,"request":null}"#, "request is missing");
    refuses(around("{}"), "request.kind is missing");
    refuses(
        around(r#"{"kind":null,"operation":"CREATE"}"#),
        "request.kind is missing",
    );
    refuses(
        around(r#"{"kind":{},"operation":"CREATE"}"#),
        "request.kind.kind is missing",
    );
    refuses(
        around(r#"{"kind":{"kind":"Widget"}}"#),
        "request.operation is missing",
    );
    refuses(
        around(r#"{"kind":{"kind":"Widget"},"operation":null}"#),
        "request.operation is missing",
    );
    refuses(creation("null"), "request.object is missing");
    refuses(creation("{}"), "spec is missing");
}

#[test]
fn requests_of_the_wrong_type() {
    refuses(around("[]"), "request must be an object, not an array");
    refuses(
        around(r#"{"kind":"Widget"}"#),
        r#"request.kind must be an object, not the string "Widget""#,
    );
    refuses(
        around(r#"{"kind":{"kind":7},"operation":"CREATE"}"#),
        "request.kind.kind must be a string, not the number 7",
    );
    refuses(
        around(r#"{"kind":{"kind":"Widget"},"operation":["CREATE"]}"#),
        "request.operation must be a string, not an array",
    );
    refuses(
        around(r#"{"kind":{"kind":"Widget"},"operation":"create"}"#),
        "request.operation must be CREATE, UPDATE, DELETE or CONNECT, not `create`",
    );
    refuses(
        around(r#"{"kind":{"kind":"Widget"},"operation":"DELETE","subResource":false}"#),
        "request.subResource must be a string, not the boolean false",
    );
}

#[test]
fn objects_of_the_wrong_type_are_named_from_their_root() {
    refuses(creation("[]"), "must be an object, not an array");
    refuses(
        creation(r#"{"spec":1e400}"#),
        "spec must be an object, not the number 1e400",
    );
    refuses(
        creation(r#"{"spec":{"sizes":{}}}"#),
        "spec.sizes must be an array, not an object",
    );
    refuses(
        creation(r#"{"spec":{"sizes":["s",null]}}"#),
        "spec.sizes[1] must be a string, not null",
    );
    let long = "9".repeat(65);
    refuses(
        creation(&format!(r#"{{"spec":{{"colour":{long}}}}}"#)),
        "spec.colour must be a string, not the number",
    );
}

#[test]
fn keys_given_twice() {
    refuses(r#"{"request":1,"request":2}"#, "request is given twice");
    refuses(
        around(r#"{"kind":{"kind":"Widget","kind":"Pod"},"operation":"CREATE"}"#),
        "request.kind.kind is given twice",
    );
    refuses(
        creation(r#"{"spec":{"colour":"red","c\u006flour":"green"}}"#),
        "spec.colour is given twice",
    );
    // A second value may be null, but is still one that another parser may go by.
    refuses(
        creation(r#"{"spec":{"colour":null,"colour":null}}"#),
        "spec.colour is given twice",
    );
    // Nobody asks for this one.
    passes(creation(r#"{"spec":{"colour":"red","a":1,"a":2}}"#));
}

#[test]
fn half_surrogate_pairs() {
    refuses(
        creation(r#"{"spec":{"colour":"\ud800"}}"#),
        "spec.colour holds half a surrogate pair, which is no character",
    );
    refuses(
        creation(r#"{"spec":{"colour":"\udc00"}}"#),
        "spec.colour holds half a surrogate pair, which is no character",
    );
    refuses(
        creation(r#"{"spec":{"\ud800":1}}"#),
        "spec has a key that holds half a surrogate pair, which is no character",
    );
    // Nobody asks for this one, so it goes back as it came.
    paints(
        creation(r#"{"spec":{"note":"\ud800"}}"#),
        r#"{"spec":{"note":"\ud800","colour":"blue"}}"#,
    );
}

#[test]
fn a_hundred_thousand_levels_deep() {
    const DEPTH: usize = 100_000;
    let deep = format!("{}{}", "[".repeat(DEPTH), "]".repeat(DEPTH));
    paints(
        creation(&format!(r#"{{"spec":{{"note":{deep}}}}}"#)),
        &format!(r#"{{"spec":{{"note":{deep},"colour":"blue"}}}}"#),
    );
    refuses(
        creation(&format!(r#"{{"spec":{{"colour":{deep}}}}}"#)),
        "spec.colour must be a string, not an array",
    );
    refuses(
        creation(&format!(r#"{{"spec":{{"sizes":{deep}}}}}"#)),
        "spec.sizes[0] must be a string, not an array",
    );
    refuses(
        format!(r#"{{"settings":{{"colour":{deep}}},"request":{{}}}}"#),
        "setting `colour`: must be a string, not an array",
    );
    // Cut off, and of objects.
    let column = 5 * DEPTH;
    refuses(
        r#"{"a":"#.repeat(DEPTH),
        &format!("the payload is not JSON: EOF while parsing a value at line 1 column {column}"),
    );
}

#[test]
fn huge_numbers_are_left_alone() {
    let numbers = format!("[1e400,-1e-400,{},-0,1.0]", "9".repeat(1000));
    paints(
        creation(&format!(r#"{{"spec":{{"note":{numbers}}}}}"#)),
        &format!(r#"{{"spec":{{"note":{numbers},"colour":"blue"}}}}"#),
    );
}

#[test]
fn wrong_settings_refuse_the_request() {
    refuses(
        r#"{"settings":{"color":"red"},"request":{}}"#,
        "setting `color`: is not known; write `colour`",
    );
    refuses(
        r#"{"settings":{},"settings":{},"request":{}}"#,
        "settings is given twice",
    );
    refuses(
        r#"{"settings":[],"request":{}}"#,
        "settings: must be an object, not an array",
    );
    let payload = creation(r#"{"spec":{}}"#);
    paints(
        payload.replacen("{}", r#"{"colour":"red"}"#, 1),
        r#"{"spec":{"colour":"red"}}"#,
    );
    paints(
        payload.replacen("{}", "null", 1),
        r#"{"spec":{"colour":"blue"}}"#,
    );
    paints(
        payload.replacen(r#""settings":{},"#, "", 1),
        r#"{"spec":{"colour":"blue"}}"#,
    );
}

#[test]
fn a_payload_cut_off_anywhere_is_refused() {
    let whole = creation(r#"{"spec":{"sizes":["s","é"],"note":"\ud83d\ude00","n":-1.5e+10}}"#);
    for length in 0..whole.len() {
        let response = respond(&whole.as_bytes()[..length]);
        let message = response.message.expect("a refusal");
        assert!(
            message.starts_with("the payload is not "),
            "{length} bytes: {message}"
        );
    }
    assert!(respond(whole).accepted);
}

#[test]
fn other_requests_pass_whatever_they_hold() {
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
        passes(around(&request.to_string()));
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_have_a_response(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        respond(&bytes);
    }

    /// Nearer to the mark: JSON's own characters and the words that the reader looks for.
    #[test]
    fn json_like_text_has_a_response(
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

    /// A good payload with one byte changed is answered too.
    #[test]
    fn one_wrong_byte_has_a_response(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut payload = creation(r#"{"spec":{"sizes":["s","é"],"note":"\ud83d\ude00"}}"#).into_bytes();
        let at = at.index(payload.len());
        payload[at] = byte;
        respond(&payload);
    }

    /// Any JSON in place of the object.
    #[test]
    fn any_object_has_a_response(object in any_json()) {
        respond(creation(&object.to_string()));
    }
}

/// JSON whose keys are mostly those that the module reads.
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
