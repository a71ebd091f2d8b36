//! Helpers and generated values for tests.

#![allow(
    dead_code,
    reason = "each test file is a separate crate and uses some helpers only"
)]
#![allow(clippy::expect_used, clippy::panic, reason = "test helpers")]

use manifest::{Object, Problem};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Strings that YAML reads as another type, or that are hard to quote.
const HOSTILE: &[&str] = &[
    "",
    " ",
    "~",
    "null",
    "on",
    "Off",
    "y",
    "N",
    "yes",
    "true",
    "1",
    "-1",
    "+1",
    "0x1",
    "0o7",
    "0777",
    "0b1",
    "1_000",
    "1e3",
    ".5",
    "1.",
    ".inf",
    "-.Inf",
    ".nan",
    "12:30:45",
    "2001-01-01",
    "=",
    "<<",
    "*a",
    "&a",
    "!a",
    "|",
    ">",
    "%a",
    "@a",
    "`a",
    "- a",
    "-",
    "--",
    "---",
    "--- a",
    "...",
    "? a",
    ": ",
    "a: b",
    "a:",
    "a #b",
    "#a",
    "a#b",
    "a,b",
    "[a]",
    "{a}",
    "{{ a }}",
    "${A}",
    "'",
    "\"",
    "it's",
    "\\",
    "a\nb",
    "a\nb\n",
    "a\n\nb\n\n",
    "\n",
    "\na\n",
    " a\nb",
    "a \nb",
    "a\n b\n  c\n",
    "a\r\nb",
    "\ta",
    "a\tb\nc\n",
    "a\n\tb\n",
    "\u{0}",
    "\u{7}",
    "\u{1b}[0m",
    "\u{7f}",
    "\u{85}",
    "\u{a0}",
    "\u{2028}",
    "a\u{2029}b\nc",
    "\u{feff}a",
    "\u{fffe}",
    "😀",
    "é",
    "日本\n語",
    "a/b~c",
    "#\n#\n",
    "---\n---\n",
    "a\n...\n",
    "a\n\n",
];

pub(crate) fn string() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => proptest::sample::select(HOSTILE).prop_map(str::to_owned),
        2 => "[a-z][a-zA-Z0-9./:_-]{0,12}",
        1 => any::<String>(),
        1 => "[ \\-:#a'\"\n\t\\[\\]{},|>&*!%@`?0-9]{0,10}",
    ]
}

/// Numbers, without whole floats, which kubectl reads as integers.
fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>()
            .prop_filter("only fractions stay floats", |it| it.fract() != 0.0)
            .prop_map(Value::from),
    ]
}

pub(crate) fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => number(),
        4 => string().prop_map(Value::String),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            proptest::collection::vec((string(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// A Kubernetes object around a value.
pub(crate) fn object_with(spec: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Any", "spec": spec})
}

/// The objects of a source without problems.
pub(crate) fn objects(source: &str) -> Vec<Object> {
    results(source)
        .into_iter()
        .map(|result| result.unwrap_or_else(|problem| panic!("{problem}\n{source}")))
        .collect()
}

/// The objects and problems of a source, in order.
pub(crate) fn results(source: &str) -> Vec<Result<Object, Problem>> {
    manifest::read("app.yaml", source.as_bytes())
        .flat_map(|document| match document {
            Ok(document) => document.objects().collect(),
            Err(problem) => vec![Err(problem)],
        })
        .collect()
}

/// The only object of a source.
pub(crate) fn object(source: &str) -> Object {
    let mut objects = objects(source);
    assert_eq!(objects.len(), 1, "{source}");
    objects.remove(0)
}

/// The value of a source's only document.
pub(crate) fn value_of(source: &str) -> Result<Value, Problem> {
    let mut documents = manifest::read("app.yaml", source.as_bytes());
    let document = documents.next().expect("a document")?;
    assert!(documents.next().is_none(), "more than one document");
    document.value()
}
