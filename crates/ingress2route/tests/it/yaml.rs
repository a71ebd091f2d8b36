//! Serialization of routes with arbitrary strings.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::common::{OPTIONS, lookup_port};
use crate::common::{convert, ingress, paths, verify};

/// Strings that some YAML parsers read as something else.
const AMBIGUOUS: [&str; 40] = [
    "",
    " ",
    "on",
    "Off",
    "yes",
    "N",
    "null",
    "Null",
    "~",
    "true",
    "0x1f",
    "0o17",
    "017",
    "1e3",
    "1_000",
    "12:30:45",
    ".inf",
    "-.inf",
    ".nan",
    "2001-12-14",
    "- a",
    "-",
    "?",
    ": ",
    "a: b",
    "a #b",
    "#a",
    "a:",
    "{a}",
    "[a]",
    "&a",
    "*a",
    "!a",
    "|",
    ">",
    "%a",
    "@a",
    "`a`",
    "'a'",
    "\"a\"",
];

#[test]
fn ambiguous_strings_survive_a_round_trip_through_yaml() {
    let mut all: Vec<String> = AMBIGUOUS.iter().map(|text| (*text).to_owned()).collect();
    let odd = [
        "line\nbreak",
        "tab\t",
        "\u{7f}",
        "\u{85}",
        "\u{a0}",
        "\u{2028}",
        "\u{feff}",
        "\u{fffe}",
        "é",
        "😀",
        "\\",
        "\r\n",
        "\u{0}",
        "---",
        "...",
    ];
    all.extend(odd.map(str::to_owned));
    for text in all {
        let mut object = ingress(&paths(&["Prefix /"]));
        // The API server rejects most of these, but a file may contain them.
        object["metadata"]["name"] = json!(text);
        object["metadata"]["namespace"] = json!(text);
        let rule = &mut object["spec"]["rules"][0];
        rule["host"] = json!(text);
        rule["http"]["paths"][0]["path"] = json!(format!("/{text}"));
        rule["http"]["paths"][0]["backend"]["service"]["name"] = json!(text);
        // Parses the YAML and compares it.
        convert(&object);
    }
}

/// Arbitrary JSON with the keys of an Ingress.
fn any_json() -> impl Strategy<Value = Value> {
    let key = prop::sample::select(vec![
        "metadata",
        "name",
        "namespace",
        "generateName",
        "annotations",
        "spec",
        "rules",
        "host",
        "http",
        "paths",
        "path",
        "pathType",
        "backend",
        "defaultBackend",
        "service",
        "port",
        "number",
        "resource",
        "serviceName",
        "servicePort",
        "tls",
        "hosts",
        "nginx.ingress.kubernetes.io/rewrite-target",
        "nginx.ingress.kubernetes.io/use-regex",
        "nginx.ingress.kubernetes.io/server-alias",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        prop::sample::select(AMBIGUOUS.to_vec()).prop_map(Value::from),
        ".*".prop_map(Value::from),
        "/[a-z(|$)*.]{0,6}".prop_map(Value::from),
        Just(json!("Prefix")),
        Just(json!("true")),
    ];
    leaf.prop_recursive(8, 96, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..6).prop_map(|members| Value::Object(
                members
                    .into_iter()
                    .map(|(k, v)| (k.to_owned(), v))
                    .collect()
            )),
        ]
    })
}

/// An Ingress with one value replaced by arbitrary JSON.
fn corrupted() -> impl Strategy<Value = Value> {
    let pointers = [
        "",
        "/metadata",
        "/metadata/name",
        "/metadata/annotations",
        "/spec",
        "/spec/rules",
        "/spec/rules/0",
        "/spec/rules/0/host",
        "/spec/rules/0/http",
        "/spec/rules/0/http/paths",
        "/spec/rules/0/http/paths/0",
        "/spec/rules/0/http/paths/0/path",
        "/spec/rules/0/http/paths/0/pathType",
        "/spec/rules/0/http/paths/0/backend",
        "/spec/rules/0/http/paths/0/backend/service",
        "/spec/rules/0/http/paths/0/backend/service/name",
        "/spec/rules/0/http/paths/0/backend/service/port",
        "/spec/rules/0/http/paths/0/backend/service/port/number",
        "/spec/tls",
        "/spec/defaultBackend",
    ];
    (prop::sample::select(pointers.to_vec()), any_json()).prop_map(|(pointer, value)| {
        let mut object = ingress(&paths(&["Prefix /"]));
        object["metadata"]["annotations"] = json!({});
        object["spec"]["tls"] = json!([]);
        object["spec"]["defaultBackend"] =
            json!({"service": {"name": "rest", "port": {"number": 80}}});
        *object.pointer_mut(pointer).unwrap() = value;
        object
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Any input is translated or is an error; nothing panics, and the YAML can be parsed again.
    #[test]
    fn any_json_is_translated_or_an_error(object in prop_oneof![any_json(), corrupted()]) {
        let text = object.to_string();
        let Ok(object) = admission::Node::parse(&text).unwrap().object() else {
            return Ok(());
        };
        match ingress2route::translate(&object, &[], &OPTIONS, &lookup_port) {
            Ok(translation) => verify(&translation),
            Err(error) => prop_assert!(!error.problem.is_empty()),
        }
    }
}
