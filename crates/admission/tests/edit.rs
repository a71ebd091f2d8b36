//! Edits change the bytes that they must and no others.
//!
//! The property tests generate JSON *text*: any white space, key order, and notation of numbers and strings.
//! They build the expected text from the same parts, never with the code under test.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "test helpers may panic"
)]

use std::collections::HashMap;

use admission::{Edits, Node, Object};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::value::RawValue;

fn root(text: &str) -> Node<'_> {
    Node::parse(text).expect("JSON")
}

fn members(node: &Node<'_>) -> Vec<(String, String)> {
    let object = node.object().expect("an object");
    let member = |(key, value): (&str, Node<'_>)| (key.to_owned(), value.text().to_owned());
    object.iter().map(member).collect()
}

/// Returns `text`, an object, after `edit`.
fn edited<'a>(text: &'a str, edit: impl Fn(&mut Edits<'a>, &Object<'a>)) -> String {
    let root = root(text);
    let mut edits = Edits::new(root);
    edit(&mut edits, &root.object().expect("an object"));
    edits.apply()
}

fn set(text: &str, key: &str, value: &str) -> String {
    edited(text, |edits, object| {
        edits.set_string(object, key, value).expect("no duplicate");
    })
}

#[test]
fn members_are_replaced_in_place() {
    assert_eq!(set(r#"{"a":"b"}"#, "a", "c"), r#"{"a":"c"}"#);
    assert_eq!(
        set(" { \"a\" :\tnull ,\n\"b\": 1.0 } ", "a", "c"),
        "{ \"a\" :\t\"c\" ,\n\"b\": 1.0 }"
    );
    assert_eq!(
        set(r#"{"a":[{"a":0}],"b":-0}"#, "a", "c"),
        r#"{"a":"c","b":-0}"#
    );
}

#[test]
fn new_members_are_added_after_the_last() {
    assert_eq!(set("{}", "a", "b"), r#"{"a":"b"}"#);
    assert_eq!(set("{ }", "a", "b"), r#"{ "a":"b"}"#);
    assert_eq!(set("{\"z\":1\n}", "a", "b"), "{\"z\":1\n,\"a\":\"b\"}");
}

#[test]
fn new_members_are_added_in_the_order_of_the_calls() {
    let both = |text| {
        edited(text, |edits, object| {
            edits.set_string(object, "b", "1").expect("no duplicate");
            edits.set_string(object, "a", "2").expect("no duplicate");
        })
    };
    assert_eq!(both("{}"), r#"{"b":"1","a":"2"}"#);
    assert_eq!(both(r#"{"c":{}}"#), r#"{"c":{},"b":"1","a":"2"}"#);
    assert_eq!(both(r#"{"a":null}"#), r#"{"a":"2","b":"1"}"#);
    assert_eq!(both(r#"{"a":"2","b":null}"#), r#"{"a":"2","b":"1"}"#);
}

#[test]
fn edits_can_be_added_in_any_order() {
    let text = r#"{"first":{},"second":{"x":0},"third":"t"}"#;
    let root = root(text);
    let object = root.object().expect("an object");
    let first = object.object("first").expect("one").expect("present");
    let second = object.object("second").expect("one").expect("present");
    let mut edits = Edits::new(root);
    edits
        .set_string(&object, "third", "3")
        .expect("no duplicate");
    edits
        .set_string(&object, "fourth", "4")
        .expect("no duplicate");
    edits.set_string(&second, "y", "2").expect("no duplicate");
    edits.set_string(&first, "y", "1").expect("no duplicate");
    edits.set_string(&second, "x", "2").expect("no duplicate");
    assert_eq!(
        edits.apply(),
        r#"{"first":{"y":"1"},"second":{"x":"2","y":"2"},"third":"3","fourth":"4"}"#
    );
}

#[test]
fn keys_and_values_are_escaped() {
    assert_eq!(
        set("{}", "a\"\\\n", "\u{0}\t\u{7f}é😀/"),
        "{\"a\\\"\\\\\\n\":\"\\u0000\\u0009\u{7f}é😀/\"}"
    );
    assert_eq!(set(r#"{"a.b/c":1}"#, "a.b/c", "d"), r#"{"a.b/c":"d"}"#);
}

#[test]
fn setting_the_same_string_with_other_escapes_changes_nothing() {
    let text = r#"{"\u0061":"\u0062\/"}"#;
    let root = root(text);
    let mut edits = Edits::new(root);
    let object = root.object().expect("an object");
    edits.set_string(&object, "a", "b/").expect("no duplicate");
    assert!(edits.is_empty());
    assert_eq!(edits.apply(), text);
}

#[test]
fn a_duplicate_key_is_not_edited() {
    let root = root(r#"{"spec":{"a":1,"a":2}}"#);
    let spec = root.object().expect("an object").object("spec");
    let spec = spec.expect("one").expect("present");
    let mut edits = Edits::new(root);
    let error = edits.set_string(&spec, "a", "b").expect_err("twice");
    assert_eq!(error.to_string(), "spec.a is given twice");
    assert!(edits.is_empty());
}

fn remove(text: &str, keys: &[&str]) -> String {
    edited(text, |edits, object| {
        for key in keys {
            edits.remove(object, key).expect("no duplicate");
        }
    })
}

#[test]
fn members_are_removed_with_one_comma() {
    assert_eq!(remove(r#"{"a":1}"#, &["a"]), "{}");
    assert_eq!(remove("{ \"a\" : 1 }", &["a"]), "{  }");
    assert_eq!(remove(r#"{"a":1,"b":2}"#, &["a"]), r#"{"b":2}"#);
    assert_eq!(remove(r#"{"a":1, "b":2}"#, &["b"]), r#"{"a":1}"#);
    assert_eq!(
        remove("{\n\"a\":1,\n\"b\":2,\n\"c\":3\n}", &["b"]),
        "{\n\"a\":1,\n\"c\":3\n}"
    );
    assert_eq!(
        remove(r#"{"a":1,"b":2,"c":3,"d":4}"#, &["b", "a", "d"]),
        r#"{"c":3}"#
    );
    assert_eq!(remove(r#"{"a":1,"b":2}"#, &["b", "a"]), "{}");
    assert_eq!(remove(r#"{"a":{"b":1}}"#, &["b"]), r#"{"a":{"b":1}}"#);
}

#[test]
fn members_can_be_added_to_an_object_that_loses_members() {
    let text = edited(r#"{"a":1}"#, |edits, object| {
        edits.set_string(object, "b", "2").expect("no duplicate");
        edits.remove(object, "a").expect("no duplicate");
        edits.set_string(object, "c", "3").expect("no duplicate");
    });
    assert_eq!(text, r#"{"b":"2","c":"3"}"#);
}

#[test]
fn missing_objects_on_the_path_are_created() {
    let members = [("a.b/c", "1"), ("d", "2")];
    let set = |text, path: &[&str]| {
        edited(text, |edits, object| {
            edits.set_strings(object, path, &members).expect("objects");
        })
    };
    let created = r#"{"a.b/c":"1","d":"2"}"#;
    assert_eq!(set("{}", &[]), created);
    assert_eq!(
        set("{}", &["x", "y"]),
        format!(r#"{{"x":{{"y":{created}}}}}"#)
    );
    assert_eq!(
        set(r#"{"x": null}"#, &["x", "y"]),
        format!(r#"{{"x": {{"y":{created}}}}}"#)
    );
    assert_eq!(
        set(r#"{"x":{"y":null},"z":0}"#, &["x", "y"]),
        format!(r#"{{"x":{{"y":{created}}},"z":0}}"#)
    );
    assert_eq!(
        set(r#"{"x":{"z":0}}"#, &["x", "y"]),
        format!(r#"{{"x":{{"z":0,"y":{created}}}}}"#)
    );
    assert_eq!(
        set(r#"{"x":{"y":{"d":null}}}"#, &["x", "y"]),
        r#"{"x":{"y":{"d":"2","a.b/c":"1"}}}"#
    );
}

#[test]
fn objects_are_not_created_without_members() {
    let text = r#"{"x":null}"#;
    let set = |path| {
        edited(text, |edits, object| {
            edits.set_strings(object, path, &[]).expect("no change");
        })
    };
    assert_eq!(set(&["x"]), text);
    assert_eq!(set(&["y", "z"]), text);
}

#[test]
fn a_value_that_is_not_an_object_is_not_overwritten() {
    let root = root(r#"{"spec":{"x":"text"}}"#);
    let object = root.object().expect("an object");
    let mut edits = Edits::new(root);
    let error = edits.set_strings(&object, &["spec", "x"], &[("a", "b")]);
    assert_eq!(
        error.expect_err("a string").to_string(),
        "spec.x must be an object, not the string \"text\""
    );
    assert!(edits.is_empty());
}

/// One member of an object: white space, key, white space, value, white space.
#[derive(Debug, Clone)]
struct Member {
    before: String,
    key: String,
    value: String,
    after: String,
}

impl Member {
    fn text(&self) -> String {
        format!("{}{}{}", self.head(), self.value, self.after)
    }

    /// Returns the text before the value.
    fn head(&self) -> String {
        let Self {
            before, key, after, ..
        } = self;
        format!("{before}{key}{after}:{before}")
    }

    fn name(&self) -> String {
        serde_json::from_str(&self.key).expect("a JSON string")
    }
}

/// The text before and after a nested object: `{"k": ` and `, "l": 1}`.
type Surroundings = (String, String);

fn space() -> impl Strategy<Value = String> {
    "[ \t\r\n]{0,2}"
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "-0",
            "0.0",
            "1.0",
            "1e5",
            "1E+05",
            "1e400",
            "-1.50",
            "18446744073709551616"
        ])
        .prop_map(str::to_owned),
        "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,9})?([eE][+-]?[0-9]{1,4})?",
    ]
}

/// A string in any valid notation: raw characters and every kind of escape.
fn string() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        4 => "[a-z./ ]",
        2 => prop::sample::select(vec![
            "\\\"", "\\\\", "\\/", "\\b", "\\f", "\\n", "\\r", "\\t", "\\u0000", "\\u00e9", "\\u00E9",
            "\\ud83d\\ude00", "{", "}", "[", "]", ":", ",", "\u{7f}", "\u{2028}",
        ]).prop_map(str::to_owned),
        1 => any::<char>()
            .prop_filter("needs an escape", |c| *c >= ' ' && *c != '"' && *c != '\\')
            .prop_map(String::from),
    ];
    vec(part, 0..6).prop_map(|parts| format!("\"{}\"", parts.concat()))
}

fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        prop::sample::select(vec!["null", "true", "false", "{}", "[]", "{ }"])
            .prop_map(str::to_owned),
        number(),
        string(),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let item =
            (space(), inner.clone()).prop_map(|(space, value)| format!("{space}{value}{space}"));
        let member = (space(), string(), inner)
            .prop_map(|(space, key, value)| format!("{space}{key}:{space}{value}"));
        prop_oneof![
            vec(item, 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            // Duplicate keys are allowed here because nothing reads them.
            vec(member, 0..4).prop_map(|members| format!("{{{}}}", members.join(","))),
        ]
    })
}

/// The members of an object, without duplicates and without the names `absent` and `absent too`.
fn object() -> impl Strategy<Value = Vec<Member>> {
    let member =
        (space(), string(), value(), space()).prop_map(|(before, key, value, after)| Member {
            before,
            key,
            value,
            after,
        });
    vec(member, 0..6).prop_map(|mut members| {
        let mut seen = vec!["absent".to_owned(), "absent too".to_owned()];
        members.retain(|member| {
            let new = !seen.contains(&member.name());
            seen.push(member.name());
            new
        });
        members
    })
}

fn text_of(members: &[Member]) -> String {
    let members: Vec<String> = members.iter().map(Member::text).collect();
    format!("{{{}}}", members.join(","))
}

/// The depth of the object to edit and the text around it: zero to three objects, nested under the key `in`.
fn surroundings() -> impl Strategy<Value = (usize, Surroundings)> {
    let level = (space(), value(), any::<bool>(), any::<bool>());
    vec(level, 0..4).prop_map(|levels| {
        let depth = levels.len();
        let mut surroundings = (String::new(), String::new());
        for (space, value, first, last) in levels {
            let before = if first {
                format!("\"first\":{value},")
            } else {
                String::new()
            };
            let after = if last {
                format!(",{space}\"last\":{value}{space}")
            } else {
                String::new()
            };
            surroundings
                .0
                .push_str(&format!("{{{space}{before}\"in\":{space}"));
            surroundings.1.insert_str(0, &format!("{space}{after}}}"));
        }
        (depth, surroundings)
    })
}

/// Returns the object `depth` levels below the root.
fn inner<'a>(root: &Node<'a>, depth: usize) -> Object<'a> {
    let mut object = root.object().expect("an object");
    for _ in 0..depth {
        object = object.object("in").expect("one").expect("present");
    }
    object
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a string")
}

/// Returns the names and texts of an object's members, as serde_json reads them.
fn raw_members(text: &str) -> HashMap<String, Box<RawValue>> {
    serde_json::from_str(text).expect("an object")
}

proptest! {
    #[test]
    fn setting_a_member_changes_only_its_bytes(
        members in object(),
        (depth, (before, after)) in surroundings(),
        at in any::<prop::sample::Index>(),
        new in ".{0,8}",
    ) {
        prop_assume!(!members.is_empty());
        let at = at.index(members.len());
        let text = format!("{before}{}{after}", text_of(&members));
        let root = root(&text);
        let object = inner(&root, depth);
        let mut edits = Edits::new(root);
        edits.set_string(&object, &members[at].name(), &new).expect("no duplicate");

        let same = serde_json::from_str::<String>(&members[at].value).is_ok_and(|old| old == new);
        prop_assert_eq!(edits.is_empty(), same);
        let changed = edits.apply();
        if same {
            prop_assert_eq!(&changed, &text);
            return Ok(());
        }
        let head: String = members[..at].iter().map(|member| member.text() + ",").collect();
        let prefix = format!("{before}{{{head}{}", members[at].head());
        let tail: String = members[at + 1..].iter().map(|member| format!(",{}", member.text())).collect();
        let suffix = format!("{}{tail}}}{after}", members[at].after);
        prop_assert!(changed.starts_with(&prefix), "{} does not start with {}", changed, prefix);
        prop_assert!(changed.ends_with(&suffix), "{} does not end with {}", changed, suffix);
        let middle = &changed[prefix.len()..changed.len() - suffix.len()];
        prop_assert_eq!(serde_json::from_str::<String>(middle).expect("a string"), new);
    }

    #[test]
    fn new_members_are_added_before_the_closing_brace(
        members in object(),
        (depth, (before, after)) in surroundings(),
        new in ".{0,8}",
    ) {
        let object_text = text_of(&members);
        let text = format!("{before}{object_text}{after}");
        let root = root(&text);
        let object = inner(&root, depth);
        let mut edits = Edits::new(root);
        edits.set_string(&object, "absent", &new).expect("no duplicate");
        edits.set_string(&object, "absent too", "x").expect("no duplicate");
        let changed = edits.apply();

        let prefix = format!("{before}{}", object_text.strip_suffix('}').expect("a brace"));
        let suffix = format!("}}{after}");
        prop_assert!(changed.starts_with(&prefix), "{} does not start with {}", changed, prefix);
        prop_assert!(changed.ends_with(&suffix), "{} does not end with {}", changed, suffix);
        let mut expected = raw_members(&object_text);
        for (key, value) in [("absent", new.as_str()), ("absent too", "x")] {
            expected.insert(key.to_owned(), RawValue::from_string(quoted(value)).expect("JSON"));
        }
        let changed = raw_members(&changed[before.len()..changed.len() - after.len()]);
        prop_assert_eq!(changed.len(), expected.len());
        for (key, value) in expected {
            let got = changed.get(&key).map(|value| value.get());
            match key.as_str() {
                // serde_json may use other escapes.
                "absent" => prop_assert_eq!(got.and_then(|got| serde_json::from_str(got).ok()), Some(new.clone())),
                _ => prop_assert_eq!(got, Some(value.get())),
            }
        }
    }

    /// Members are removed, replaced and added at once, in any order.
    #[test]
    fn members_that_are_not_edited_keep_their_bytes(
        members in object(),
        (depth, (before, after)) in surroundings(),
        actions in vec(0..3_u8, 6),
        added in 0..3_usize,
        order in vec(any::<u8>(), 8),
    ) {
        let text = format!("{before}{}{after}", text_of(&members));
        let root = root(&text);
        let object = inner(&root, depth);
        // 0 keeps, 1 removes, 2 replaces.
        let mut requested: Vec<(u8, String)> = Vec::new();
        let mut kept = Vec::new();
        for (member, action) in members.iter().zip(actions) {
            requested.push((action, member.name()));
            match action {
                0 => kept.push(member.text()),
                2 => kept.push(format!("{}\"new\"{}", member.head(), member.after)),
                _ => {}
            }
        }
        for name in ["absent", "absent too"].into_iter().take(added) {
            requested.push((2, name.to_owned()));
        }
        let mut order = order.into_iter().cycle();
        requested.sort_by_key(|_| order.next());
        let mut edits = Edits::new(root);
        for (action, name) in &requested {
            match action {
                1 => edits.remove(&object, name).expect("no duplicate"),
                2 => edits.set_string(&object, name, "new").expect("no duplicate"),
                _ => {}
            }
        }
        let changed = edits.apply();

        prop_assert!(changed.starts_with(&before) && changed.ends_with(&after), "{}", changed);
        let changed = &changed[before.len()..changed.len() - after.len()];
        let result = self::members(&Node::parse(changed).expect("JSON"));
        let mut expected = Vec::new();
        for (name, value) in self::members(&Node::parse(&text_of(&members)).expect("JSON")) {
            match requested.iter().find(|(_, other)| *other == name) {
                Some((1, _)) => {}
                Some((2, _)) => expected.push((name, "\"new\"".to_owned())),
                _ => expected.push((name, value)),
            }
        }
        for (_, name) in requested.iter().filter(|(_, name)| name.starts_with("absent")) {
            expected.push((name.clone(), "\"new\"".to_owned()));
        }
        prop_assert_eq!(result, expected);
        // The white space of a kept member is unchanged, except next to a removed one.
        let tight = |text: &str| text.trim_matches([' ', '\t', '\r', '\n']).to_owned();
        for member in kept {
            prop_assert!(changed.contains(&tight(&member)), "{} does not contain {}", changed, member);
        }
    }

    #[test]
    fn creating_objects_on_the_path_changes_nothing_else(
        members in object(),
        (depth, (before, after)) in surroundings(),
        null in any::<bool>(),
        levels in 1..4_usize,
        new in vec((".{0,4}", ".{0,4}"), 1..4),
    ) {
        let mut object_text = text_of(&members);
        let body = object_text.strip_suffix('}').expect("a brace").to_owned();
        let comma = if members.is_empty() { "" } else { "," };
        if null {
            object_text = format!("{body}{comma}\"absent\": null }}");
        }
        let text = format!("{before}{object_text}{after}");
        let root = root(&text);
        let object = inner(&root, depth);
        let new: std::collections::BTreeMap<String, String> = new.into_iter().collect();
        let pairs: Vec<(&str, &str)> = new.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let path = ["absent", "b", "c"];
        let mut edits = Edits::new(root);
        edits.set_strings(&object, &path[..levels], &pairs).expect("objects");
        let changed = edits.apply();

        let (prefix, suffix) = match null {
            true => (format!("{before}{body}{comma}\"absent\": "), format!(" }}{after}")),
            false => (format!("{before}{body}{comma}\"absent\":"), format!("}}{after}")),
        };
        prop_assert!(changed.starts_with(&prefix), "{} does not start with {}", changed, prefix);
        prop_assert!(changed.ends_with(&suffix), "{} does not end with {}", changed, suffix);
        let created = &changed[prefix.len()..changed.len() - suffix.len()];
        let mut expected = serde_json::to_value(&new).expect("a value");
        for key in path[1..levels].iter().rev() {
            expected = serde_json::json!({ *key: expected });
        }
        prop_assert_eq!(serde_json::from_str::<serde_json::Value>(created).expect("JSON"), expected);
    }

    #[test]
    fn setting_the_same_value_again_changes_nothing(
        members in object(),
        keys in vec("[a-c]?\"?", 1..3),
        new in ".{0,8}",
    ) {
        let text = text_of(&members);
        let once = keys.iter().fold(text, |text, key| set(&text, key, &new));
        let again = root(&once);
        let object = again.object().expect("an object");
        let mut edits = Edits::new(again);
        for key in &keys {
            edits.set_string(&object, key, &new).expect("no duplicate");
        }
        prop_assert!(edits.is_empty());
        prop_assert_eq!(edits.apply(), once);
    }

    #[test]
    fn reading_keeps_the_text_of_members(members in object()) {
        let text = text_of(&members);
        let expected: Vec<_> = members.iter().map(|member| (member.name(), member.value.clone())).collect();
        prop_assert_eq!(self::members(&root(&text)), expected);
    }
}
