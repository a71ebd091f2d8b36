//! Wrong settings are refused by their names.
#![allow(clippy::expect_used, reason = "helpers of tests are tests")]

use admission::{Settings as _, read_settings};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct Settings {
    hosts: Vec<String>,
    #[serde(deserialize_with = "admission::from_object")]
    limits: Limits,
    rules: Vec<Rule>,
    mode: Mode,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct Limits {
    size: u8,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Rule {
    host_name: String,
    #[serde(default)]
    ports: Vec<u16>,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    #[default]
    Warn,
    Reject,
}

impl admission::Settings for Settings {
    fn findings(&self) -> Vec<String> {
        let empty = |(index, host): (usize, &String)| {
            host.is_empty()
                .then(|| format!("setting `hosts[{index}]`: write a host name"))
        };
        let mut findings: Vec<_> = self.hosts.iter().enumerate().filter_map(empty).collect();
        if self.limits.size > 9 {
            findings.push("setting `limits.size`: at most 9".to_owned());
        }
        findings
    }
}

fn response(text: impl AsRef<[u8]>) -> Value {
    let response = admission::validate_settings::<Settings>(text.as_ref());
    serde_json::from_slice(&response).expect("the response is JSON")
}

#[track_caller]
fn refuses(text: &str, message: &str) {
    assert_eq!(read_settings::<Settings>(text), Err(message.to_owned()));
    assert_eq!(response(text), json!({"valid": false, "message": message}));
}

#[test]
fn nothing_and_null_are_the_defaults() {
    for text in ["", " \n", "null", " null ", "{}", "{ }"] {
        assert_eq!(
            read_settings::<Settings>(text),
            Ok(Settings::default()),
            "{text:?}"
        );
        assert_eq!(response(text), json!({"valid": true}), "{text:?}");
    }
    assert_eq!(Settings::default().findings(), [""; 0]);
}

#[test]
fn good_settings_are_read() {
    let text = r#"{"hosts":["a"],"limits":{"size":9},"rules":[{"hostName":"b"}],"mode":"reject"}"#;
    let expected = Settings {
        hosts: vec!["a".to_owned()],
        limits: Limits { size: 9 },
        rules: vec![Rule {
            host_name: "b".to_owned(),
            ports: Vec::new(),
        }],
        mode: Mode::Reject,
    };
    assert_eq!(read_settings(text), Ok(expected));
    assert_eq!(response(text), json!({"valid": true}));
}

#[test]
fn unknown_settings_are_named_with_those_that_exist() {
    refuses(
        r#"{"host":["a"]}"#,
        "settings: unknown field `host`, expected one of `hosts`, `limits`, `rules`, `mode`",
    );
    refuses(
        r#"{"limits":{"max":1}}"#,
        "setting `limits`: unknown field `max`, expected `size`",
    );
    refuses(
        r#"{"rules":[{"hostName":"a"},{"hostName":"b","port":1}]}"#,
        "setting `rules[1]`: unknown field `port`, expected `hostName` or `ports`",
    );
    refuses(
        r#"{" at line 9":1}"#,
        "settings: unknown field ` at line 9`, expected one of `hosts`, `limits`, `rules`, `mode`",
    );
}

#[test]
fn missing_and_repeated_settings_are_named() {
    refuses(
        r#"{"rules":[{"ports":[1]}]}"#,
        "setting `rules[0]`: missing field `hostName`",
    );
    refuses(
        r#"{"mode":"warn","mode":"reject"}"#,
        "settings: duplicate field `mode`",
    );
}

#[test]
fn wrong_types_are_named_by_the_innermost_setting() {
    for (text, message) in [
        (
            r#"{"hosts":"a"}"#,
            r#"setting `hosts`: invalid type: string "a", expected a sequence"#,
        ),
        (
            r#"{"hosts":{"a":1}}"#,
            "setting `hosts`: invalid type: map, expected a sequence",
        ),
        (
            r#"{"hosts":null}"#,
            "setting `hosts`: invalid type: null, expected a sequence",
        ),
        (
            r#"{"hosts":["a",5,"b"]}"#,
            "setting `hosts[1]`: invalid type: integer `5`, expected a string",
        ),
        (
            r#"{"hosts":["a",["b"]]}"#,
            "setting `hosts[1]`: invalid type: sequence, expected a string",
        ),
        (
            r#"{"hosts":["a",[["b"]]]}"#,
            "setting `hosts[1]`: invalid type: sequence, expected a string",
        ),
        (
            r#"{"hosts":[{},"b"]}"#,
            "setting `hosts[0]`: invalid type: map, expected a string",
        ),
        (
            r#"{"hosts":[true]}"#,
            "setting `hosts[0]`: invalid type: boolean `true`, expected a string",
        ),
        (
            r#"{"limits":{"size":-1}}"#,
            "setting `limits.size`: invalid value: integer `-1`, expected u8",
        ),
        (
            r#"{"limits":{"size":256}}"#,
            "setting `limits.size`: invalid value: integer `256`, expected u8",
        ),
        (
            r#"{"limits":{"size":1.0}}"#,
            "setting `limits.size`: invalid type: floating point `1.0`, expected u8",
        ),
        (
            r#"{"limits":{"size":1e999}}"#,
            "setting `limits.size`: number out of range",
        ),
        (
            r#"{"limits":7}"#,
            "setting `limits`: invalid type: integer `7`, expected an object",
        ),
        (
            r#"{"rules":[{"hostName":"a","ports":[1,2,"3"]}]}"#,
            r#"setting `rules[0].ports[2]`: invalid type: string "3", expected u16"#,
        ),
        (
            r#"{"mode":"deny"}"#,
            "setting `mode`: unknown variant `deny`, expected `warn` or `reject`",
        ),
        (r#"{"mode":["warn"]}"#, "setting `mode`: expected value"),
        (r#"{"mode":7}"#, "setting `mode`: expected value"),
    ] {
        refuses(text, message);
    }
}

#[test]
fn names_are_found_over_several_lines() {
    refuses(
        "{\n  \"hosts\": [\n    \"é\",\n    false\n  ],\n  \"mode\": \"warn\"\n}\n",
        "setting `hosts[1]`: invalid type: boolean `false`, expected a string",
    );
    refuses(
        "\n{\r\n\t\"limits\":\r\n{\"size\":\n\n\"1\"\n}\n}",
        r#"setting `limits.size`: invalid type: string "1", expected u8"#,
    );
}

#[test]
fn settings_that_are_no_object() {
    refuses("[]", "settings: invalid type: sequence, expected an object");
    refuses(
        "7",
        "settings: invalid type: integer `7`, expected an object",
    );
    refuses(
        r#"{"limits":[]}"#,
        "setting `limits`: invalid type: sequence, expected an object",
    );
    refuses(
        "hosts: []",
        "settings is not JSON: expected value at line 1 column 1",
    );
    refuses(
        "{\n\"hosts\":[}",
        "settings is not JSON: expected value at line 2 column 10",
    );
    assert_eq!(
        response(b"{\"hosts\":[\"\xff\"]}"),
        json!({
            "valid": false,
            "message": "settings are not UTF-8 text: invalid utf-8 sequence of 1 bytes from index 11",
        })
    );
}

#[test]
fn findings_are_said_all_at_once() {
    refuses(
        r#"{"hosts":["","a",""],"limits":{"size":10}}"#,
        "setting `hosts[0]`: write a host name; setting `hosts[2]`: write a host name; \
         setting `limits.size`: at most 9",
    );
}
