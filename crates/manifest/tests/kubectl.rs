//! YAML is read as kubectl reads it.
//!
//! The expectations are the results of sigs.k8s.io/yaml 1.6 (`YAMLToJSON`, go-yaml v2) for the same texts.
//! Deliberate differences are noted.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test helpers"
)]

mod common;

use common::value_of;
use serde_json::{Value, json};

fn assert_reads(cases: &[(&str, Value)]) {
    for (source, expected) in cases {
        let found = value_of(source).unwrap_or_else(|problem| panic!("{source:?}: {problem}"));
        assert_eq!(&found, expected, "{source:?}");
    }
}

/// Asserts the value of plain scalars, each as a member and as an item.
fn assert_plain(scalars: &[&str], expected: impl Fn(&str) -> Value) {
    for scalar in scalars {
        let expected = expected(scalar);
        assert_reads(&[
            (&format!("a: {scalar}\n"), json!({"a": expected})),
            (&format!("- {scalar}\n"), json!([expected])),
            (&format!("[{scalar} ]\n"), json!([expected])),
            (&format!("a: '{scalar}'\n"), json!({"a": scalar})),
            (&format!("a: !!str {scalar}\n"), json!({"a": scalar})),
        ]);
    }
}

#[test]
fn booleans_are_those_of_yaml_1_1() {
    let yes = [
        "y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON",
    ];
    let no = [
        "n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF",
    ];
    assert_plain(&yes, |_| json!(true));
    assert_plain(&no, |_| json!(false));
    assert_plain(&["yEs", "nO", "tRUE", "oFF", "yess"], |it| json!(it));
}

#[test]
fn empty_values_and_null_words_are_null() {
    assert_plain(&["~", "null", "Null", "NULL"], |_| json!(null));
    assert_plain(&["nULL", "nil", "none"], |it| json!(it));
    assert_reads(&[
        ("a:\n", json!({"a": null})),
        ("a: # nothing\n", json!({"a": null})),
        ("a: ''\n", json!({"a": ""})),
        ("-\n", json!([null])),
        ("{a, b: }\n", json!({"a": null, "b": null})),
    ]);
}

#[test]
fn integers_are_read_in_every_base() {
    let cases: &[(&str, i64)] = &[
        ("0", 0),
        ("-0", 0),
        ("00", 0),
        ("007", 7),
        ("0o7", 7),
        ("0O7", 7),
        ("0777", 511),
        ("-0777", -511),
        ("0x1F", 31),
        ("0X1f", 31),
        ("-0x1F", -31),
        ("+0x1F", 31),
        ("0b101", 5),
        ("0B1", 1),
        ("-0b11", -3),
        ("1_000", 1000),
        ("1__0", 10),
        ("1_", 1),
        ("0_7", 7),
        ("0x_F", 15),
        ("+5", 5),
        ("9223372036854775807", i64::MAX),
        ("-9223372036854775808", i64::MIN),
    ];
    for &(text, number) in cases {
        assert_plain(&[text], |_| json!(number));
    }
    assert_plain(&["9223372036854775808"], |_| {
        json!(9_223_372_036_854_775_808_u64)
    });
    assert_plain(&["18446744073709551615", "0xFFFFFFFFFFFFFFFF"], |_| {
        json!(u64::MAX)
    });
    assert_plain(
        &[
            "0o8",
            "0b2",
            "0xg",
            "0x-1",
            "0x",
            "0b",
            "_1",
            "+",
            "--",
            "1.2.3",
            "12:30:45",
            "190:20:30",
            "0x1FFFFFFFFFFFFFFFFF",
            "v1",
            "10Gi",
        ],
        |it| json!(it),
    );
}

#[test]
fn whole_floats_become_integers() {
    let cases: &[(&str, Value)] = &[
        ("1.5", json!(1.5)),
        (".5", json!(0.5)),
        ("-.5", json!(-0.5)),
        ("1_0.5", json!(10.5)),
        ("1e-3", json!(0.001)),
        ("2.75", json!(2.75)),
        ("5e-324", json!(5e-324)),
        ("1.", json!(1)),
        ("1.0", json!(1)),
        ("1e3", json!(1000)),
        ("1E3", json!(1000)),
        ("1e+3", json!(1000)),
        ("1.e5", json!(100_000)),
        ("08", json!(8)),
        ("09", json!(9)),
        ("1e15", json!(1_000_000_000_000_000_i64)),
        ("1e21", json!(1e21)),
        ("-9223372036854775809", json!(-9.223_372_036_854_776e18)),
        ("18446744073709551616", json!(1.844_674_407_370_955_2e19)),
    ];
    for (text, number) in cases {
        assert_plain(&[text], |_| number.clone());
    }
    assert_plain(
        &[
            "1e", "1e+", ".e5", ".", "1e400", "-1e400", "._5", "1e5a", "0x1p4",
        ],
        |it| json!(it),
    );
    assert_plain(&["NaN", "nan", "inf", "Infinity", "+.nan"], |it| json!(it));
}

#[test]
fn infinities_and_nan_are_errors() {
    for scalar in [".inf", ".Inf", "-.INF", "+.inf", ".nan", ".NaN"] {
        let problem = value_of(&format!("x: 1\na: {scalar}\n")).unwrap_err();
        assert_eq!(problem.line, Some(2));
        assert!(
            problem.message.contains("cannot be represented in JSON"),
            "{problem}"
        );
    }
}

#[test]
fn timestamps_stay_text() {
    assert_plain(
        &[
            "2001-01-01",
            "2001-12-14t21:59:43.10-05:00",
            "2001-12-14 21:59:43",
        ],
        |it| json!(it),
    );
}

#[test]
fn tags_select_the_type() {
    assert_reads(&[
        ("a: !!int '1'\n", json!({"a": 1})),
        ("a: !!int 0x10\n", json!({"a": 16})),
        ("a: !!float 1\n", json!({"a": 1})),
        ("a: !!bool yes\n", json!({"a": true})),
        ("a: !!bool \"on\"\n", json!({"a": true})),
        ("a: !!null ~\n", json!({"a": null})),
        ("a: !!null\n", json!({"a": null})),
        ("a: !!str\n", json!({"a": ""})),
        ("a: !!str 1\n", json!({"a": "1"})),
        ("a: !<tag:yaml.org,2002:str> 1\n", json!({"a": "1"})),
        ("a: !!binary aGVsbG8=\n", json!({"a": "hello"})),
        ("a: !!binary |\n  aGVs\n  bG8=\n", json!({"a": "hello"})),
        ("a: !!binary /w==\n", json!({"a": "\u{fffd}"})),
        ("a: ! 12\n", json!({"a": "12"})),
        ("a: !local 12\n", json!({"a": "12"})),
        ("a: !local {b: 1}\n", json!({"a": {"b": 1}})),
        ("a: !!set {b, c}\n", json!({"a": {"b": null, "c": null}})),
        (
            "%TAG !e! tag:example.org:\n---\na: !e!b 1\n",
            json!({"a": "1"}),
        ),
    ]);
    for (source, message) in [
        ("a: !!int x\n", "`x` cannot be read as `!!int`"),
        ("a: !!int 1.5\n", "`1.5` cannot be read as `!!int`"),
        ("a: !!bool 1\n", "`1` cannot be read as `!!bool`"),
        ("a: !!null x\n", "`x` cannot be read as `!!null`"),
        ("a: !!float yes\n", "`yes` cannot be read as `!!float`"),
        ("a: !!binary '!'\n", "the `!!binary` value is not base64"),
    ] {
        let problem = value_of(source).unwrap_err();
        assert!(problem.message.contains(message), "{source:?}: {problem}");
        assert_eq!(
            (problem.line, problem.column),
            (Some(1), Some(4)),
            "{source:?}"
        );
    }
}

#[test]
fn keys_become_strings() {
    for (key, name) in [
        ("yes", "true"),
        ("off", "false"),
        ("1", "1"),
        ("0x1F", "31"),
        ("1_000", "1000"),
        ("1.5", "1.5"),
        ("0.1", "0.1"),
        ("1e3", "1000"),
        ("1000000.0", "1e+06"),
        ("1234567.0", "1.234567e+06"),
        ("0.00001", "1e-05"),
        ("1.5e-7", "1.5e-07"),
        ("16777217.0", "1.6777216e+07"),
        (".inf", ".inf"),
        ("-.INF", "-.inf"),
        ("2001-01-01", "2001-01-01"),
        ("'yes'", "yes"),
        ("!!str 1", "1"),
        ("''", ""),
        ("10:30", "10:30"),
        ("=", "="),
    ] {
        assert_reads(&[(&format!("{key}: x\n"), json!({name: "x"}))]);
    }
    for (source, message) in [
        ("~: x\n", "null cannot be a mapping key"),
        (": x\n", "null cannot be a mapping key"),
        ("18446744073709551615: x\n", "too large for a mapping key"),
        ("? [a]\n: x\n", "a mapping or list cannot be a mapping key"),
        ("{a: b}: x\n", "a mapping or list cannot be a mapping key"),
    ] {
        let problem = value_of(source).unwrap_err();
        assert!(problem.message.contains(message), "{source:?}: {problem}");
    }
}

#[test]
fn merges_override_earlier_members_only() {
    assert_reads(&[
        ("<<: {a: 2}\na: 1\n", json!({"a": 1})),
        ("a: 1\n<<: {a: 2}\n", json!({"a": 2})),
        (
            "x: &x {a: 1, b: 2}\nw: {<<: *x, a: 3}\n",
            json!({"x": {"a": 1, "b": 2}, "w": {"a": 3, "b": 2}}),
        ),
        (
            "x: &x {a: 1}\nz: &z {a: 5, c: 1}\nw: {<<: [*x, *z]}\n",
            json!({"x": {"a": 1}, "z": {"a": 5, "c": 1}, "w": {"a": 1, "c": 1}}),
        ),
        ("<<: {a: 1}\n<<: {b: 2}\n", json!({"a": 1, "b": 2})),
        ("<<: []\n", json!({})),
        ("w: {\"<<\": {a: 1}}\n", json!({"w": {"<<": {"a": 1}}})),
        ("!!merge <<: {a: 1}\n", json!({"a": 1})),
        ("a: <<\n", json!({"a": "<<"})),
    ]);
    for source in [
        "w:\n  <<: 3\n",
        "w: {<<: [1]}\n",
        "<<:\n",
        "x: &x [1]\nw: {<<: *x}\n",
    ] {
        let problem = value_of(source).unwrap_err();
        assert!(
            problem.message.contains("can be merged with `<<`"),
            "{source:?}: {problem}"
        );
    }
}

#[test]
fn aliases_are_expanded() {
    assert_reads(&[
        ("a: &x b\nc: *x\n", json!({"a": "b", "c": "b"})),
        ("a: &x\nb: *x\n", json!({"a": null, "b": null})),
        ("a: &x b\n*x : c\n", json!({"a": "b", "b": "c"})),
        ("a: &x 1\nb: &x 2\nc: *x\n", json!({"a": 1, "b": 2, "c": 2})),
    ]);
    for (source, message) in [
        ("a: *x\n", "that the document does not define"),
        ("a: *x\nb: &x 1\n", "that the document does not define"),
        ("a: &x [*x]\n", "refers to a value that contains it"),
        ("a: &x {b: *x}\n", "refers to a value that contains it"),
    ] {
        let problem = value_of(source).unwrap_err();
        assert!(problem.message.contains(message), "{source:?}: {problem}");
    }
}

#[test]
fn multi_line_scalars_are_folded_and_chomped() {
    assert_reads(&[
        ("a: |\n  x\n  y\n", json!({"a": "x\ny\n"})),
        ("a: |-\n  x\n\n", json!({"a": "x"})),
        ("a: |+\n  x\n\n", json!({"a": "x\n\n"})),
        ("a: |2\n   x\n  y\n", json!({"a": " x\ny\n"})),
        ("a: |\n\n\nb: c\n", json!({"a": "", "b": "c"})),
        ("a: |\n  ---\n  x\n", json!({"a": "---\nx\n"})),
        ("a: | # note\n  x\n", json!({"a": "x\n"})),
        ("a: |\n  x\n # note\nb: 1\n", json!({"a": "x\n", "b": 1})),
        ("a: >\n  x\n  y\n\n  z\n", json!({"a": "x y\nz\n"})),
        ("a: >-\n   x\n    y\n   z\n", json!({"a": "x\n y\nz"})),
        ("a: x\n  y\n\n  z\n", json!({"a": "x y\nz"})),
        ("a: 'x\n  y'\n", json!({"a": "x y"})),
        ("a: \"x\\\n  y\"\n", json!({"a": "xy"})),
        (
            "a: |\r\n  x\r\n  y\r\nb: z\r\n",
            json!({"a": "x\ny\n", "b": "z"}),
        ),
        // kubectl's reader adds a line break at the end.
        ("a: |\n  x", json!({"a": "x\n"})),
    ]);
}

#[test]
fn indentation_inside_brackets_is_ignored() {
    assert_reads(&[
        ("a: [\n  b\n]\n", json!({"a": ["b"]})),
        ("a: [\nb\n]\n", json!({"a": ["b"]})),
        (
            "s:\n  l: {\n    \"x\": \"y\"\n  }\n",
            json!({"s": {"l": {"x": "y"}}}),
        ),
        (
            "s:\n  l: {\n    x: z # why, \"so\"\n    # and\n  }\n  m: 1\n",
            json!({"s": {"l": {"x": "z"}, "m": 1}}),
        ),
        (
            "s:\n  é: [ä, # ü\n  b]\n  m: 1\n",
            json!({"s": {"é": ["ä", "b"], "m": 1}}),
        ),
        (
            "a: {b: {c: d},\ne: f\n}\n",
            json!({"a": {"b": {"c": "d"}, "e": "f"}}),
        ),
        ("a: [b: c, d]\n", json!({"a": [{"b": "c"}, "d"]})),
        ("a: [1,]\n", json!({"a": [1]})),
    ]);
}

#[test]
fn tabs_may_separate_but_not_indent() {
    assert_reads(&[
        ("a:\tb\n", json!({"a": "b"})),
        ("{a:\tb}\n", json!({"a": "b"})),
        ("a: b\t# c\n", json!({"a": "b"})),
        ("a: x\ty\n", json!({"a": "x\ty"})),
        ("a: |\n  x\n  \ty\n", json!({"a": "x\n\ty\n"})),
        ("a: b\n \t\nc: d\n", json!({"a": "b", "c": "d"})),
        ("a: [b,\n  \tc]\n", json!({"a": ["b", "c"]})),
    ]);
    for (source, line, column) in [
        ("a:\n\tb: c\n", 2, 1),
        ("a:\n  b: c\n\td: e\n", 3, 1),
        ("\ta: b\n", 1, 1),
        ("a: b\n\t\n", 2, 1),
        ("a: b\n\t# c\n", 2, 1),
        ("- \tb\n", 1, 3),
        ("a:\n  -\tb: c\n", 2, 4),
        ("a: |\n  \tx\n", 2, 3),
    ] {
        let problem = value_of(source).unwrap_err();
        assert!(
            problem.message.starts_with("a tab "),
            "{source:?}: {problem}"
        );
        assert_eq!(
            (problem.line, problem.column),
            (Some(line), Some(column)),
            "{source:?}"
        );
        assert!(problem.help.unwrap().contains("replace the tab with"));
    }
}

#[test]
fn json_is_read_as_json() {
    assert_reads(&[
        (
            r#"{"a":1,"b":[true,null,"x"]}"#,
            json!({"a": 1, "b": [true, null, "x"]}),
        ),
        (
            "{\n\t\"a\": {\n\t\t\"b\": \"c\"\n\t}\n}",
            json!({"a": {"b": "c"}}),
        ),
        // go-yaml rejects this, but kubectl tries JSON first.
        (r#"{"a":"\ud83d\ude00\/"}"#, json!({"a": "😀/"})),
        (
            r#"{"a": "yes", "b": 1.0, "c": 1E3}"#,
            json!({"a": "yes", "b": 1, "c": 1000}),
        ),
        // If it is not JSON, it is read as YAML.
        ("{\"a\": b, c: 'd'}\n", json!({"a": "b", "c": "d"})),
    ]);
}
