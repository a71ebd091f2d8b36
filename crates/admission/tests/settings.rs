//! Invalid settings are rejected with their names.
#![allow(clippy::expect_used, reason = "test helpers may panic")]
#![allow(missing_docs, reason = "the types are examples")]

use admission::{Map, Settings as _, read_settings};
use serde_json::{Value, json};

admission::settings! {
    pub struct Settings {
        pub hosts: Vec<String> = Vec::new(),
        pub limits: Limits = Limits::default(),
        pub rules: Vec<Rule> = Vec::new(),
        pub mode: Mode = Mode::Warn,
    }
}

admission::settings! {
    #[names = "PascalCase"]
    pub struct Limits {
        pub max_size: Option<String> = Some("9".to_owned()),
        pub by_host: Map<bool> = Map::new(),
    }
}

admission::settings! {
    pub struct Rule {
        pub host_name: String,
        pub mode: Mode,
        pub ports: Vec<String> = vec!["80".to_owned()],
    }
}

admission::choice! {
    pub enum Mode {
        Warn = "warn",
        Reject = "reject",
    }
}

impl admission::Settings for Settings {
    fn errors(&self) -> Vec<String> {
        let empty = |(index, host): (usize, &String)| {
            host.is_empty()
                .then(|| format!("setting `hosts[{index}]`: write a host name"))
        };
        let mut errors: Vec<_> = self.hosts.iter().enumerate().filter_map(empty).collect();
        if self.limits.max_size.as_deref() == Some("") {
            errors.push("setting `limits.MaxSize`: write a size".to_owned());
        }
        errors
    }
}

fn response(text: impl AsRef<[u8]>) -> Value {
    let response = admission::validate_settings::<Settings>(text.as_ref());
    serde_json::from_slice(&response).expect("the response is JSON")
}

#[track_caller]
fn assert_rejected(text: &str, message: &str) {
    assert_eq!(read_settings::<Settings>(text), Err(message.to_owned()));
    assert_eq!(response(text), json!({"valid": false, "message": message}));
}

#[test]
fn empty_text_and_null_mean_the_defaults() {
    for text in ["", " \n", "null", " null ", "{}", "{ }"] {
        assert_eq!(
            read_settings::<Settings>(text),
            Ok(Settings::default()),
            "{text:?}"
        );
        assert_eq!(response(text), json!({"valid": true}), "{text:?}");
    }
    assert_eq!(Settings::default().errors(), [""; 0]);
}

#[test]
fn valid_settings_are_read() {
    let text = r#"{
        "hosts": ["a\u00e9"],
        "limits": {"MaxSize": null, "ByHost": {"b": true}},
        "rules": [{"hostName": "b", "mode": "warn"}],
        "mode": "reject"
    }"#;
    let expected = Settings {
        hosts: vec!["aé".to_owned()],
        limits: Limits {
            max_size: None,
            by_host: Map::from_iter([("b".to_owned(), true)]),
        },
        rules: vec![Rule {
            host_name: "b".to_owned(),
            mode: Mode::Warn,
            ports: vec!["80".to_owned()],
        }],
        mode: Mode::Reject,
    };
    assert_eq!(read_settings(text), Ok(expected));
    assert_eq!(response(text), json!({"valid": true}));
}

#[test]
fn an_unknown_setting_is_reported_with_the_known_ones() {
    assert_rejected(
        r#"{"host":["a"]}"#,
        "setting `host`: is not known; write one of `hosts`, `limits`, `rules`, `mode`",
    );
    assert_rejected(
        r#"{"limits":{"maxSize":"1"}}"#,
        "setting `limits.maxSize`: is not known; write one of `MaxSize`, `ByHost`",
    );
    assert_rejected(
        r#"{"rules":[{"hostName":"a","mode":"warn"},{"hostName":"b","port":1}]}"#,
        "setting `rules[1].port`: is not known; write one of `hostName`, `mode`, `ports`",
    );
}

#[test]
fn missing_and_duplicate_settings_are_reported() {
    assert_rejected(
        r#"{"rules":[{"mode":"warn"}]}"#,
        "setting `rules[0].hostName`: is missing",
    );
    assert_rejected(
        r#"{"rules":[{"hostName":"a"}]}"#,
        "setting `rules[0].mode`: is missing; write one of `warn`, `reject`",
    );
    assert_rejected(
        r#"{"mode":"warn","mode":"reject"}"#,
        "setting `mode`: is given twice",
    );
    assert_rejected(
        r#"{"limits":{"ByHost":{"a":true,"a":false}}}"#,
        "setting `limits.ByHost.a`: is given twice",
    );
}

#[test]
fn wrong_types_are_reported_with_the_innermost_setting() {
    for (text, message) in [
        (
            r#"{"hosts":"a"}"#,
            r#"setting `hosts`: must be an array, not the string "a""#,
        ),
        (
            r#"{"hosts":{"a":1}}"#,
            "setting `hosts`: must be an array, not an object",
        ),
        (
            r#"{"hosts":null}"#,
            "setting `hosts`: must be an array, not null",
        ),
        (
            r#"{"hosts":["a",5,"b"]}"#,
            "setting `hosts[1]`: must be a string, not the number 5",
        ),
        (
            r#"{"hosts":["a",[["b"]]]}"#,
            "setting `hosts[1]`: must be a string, not an array",
        ),
        (
            r#"{"hosts":["\ud800"]}"#,
            "setting `hosts[0]`: contains an unpaired surrogate, which is not a Unicode character",
        ),
        (
            r#"{"limits":7}"#,
            "setting `limits`: must be an object, not the number 7",
        ),
        (
            r#"{"limits":[]}"#,
            "setting `limits`: must be an object, not an array",
        ),
        (
            r#"{"limits":{"ByHost":{"a.b":"true"}}}"#,
            r#"setting `limits.ByHost[a.b]`: must be a boolean, not the string "true""#,
        ),
        (
            r#"{"limits":{"MaxSize":1e999}}"#,
            "setting `limits.MaxSize`: must be a string, not the number 1e999",
        ),
        (
            r#"{"rules":[["a","warn"]]}"#,
            "setting `rules[0]`: must be an object, not an array",
        ),
        (
            r#"{"mode":"deny"}"#,
            "setting `mode`: `deny` is not known; write one of `warn`, `reject`",
        ),
        (
            r#"{"mode":["warn"]}"#,
            "setting `mode`: must be a string, not an array",
        ),
    ] {
        assert_rejected(text, message);
    }
}

#[test]
fn settings_that_are_not_an_object_are_rejected() {
    assert_rejected("[]", "settings: must be an object, not an array");
    assert_rejected("7", "settings: must be an object, not the number 7");
    assert_rejected(
        "hosts: []",
        "settings: is not valid JSON: expected value at line 1 column 1",
    );
    assert_rejected(
        "{\n\"hosts\":[}",
        "settings: is not valid JSON: expected value at line 2 column 10",
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
fn all_errors_are_reported_at_once() {
    assert_rejected(
        r#"{"hosts":["","a",""],"limits":{"MaxSize":""}}"#,
        "setting `hosts[0]`: write a host name; setting `hosts[2]`: write a host name; \
         setting `limits.MaxSize`: write a size",
    );
}
