//! Sources are split into documents and objects, with the line of each value.

#![allow(clippy::panic, clippy::unwrap_used, reason = "test helpers")]

mod common;

use common::{object, objects, results};
use manifest::{Placeholder, placeholder_warning, placeholders, read};
use serde_json::json;

/// The line and value of each document.
fn documents(source: &str) -> Vec<(usize, String)> {
    read("app.yaml", source.as_bytes())
        .map(|document| {
            let document = document.unwrap_or_else(|problem| panic!("{problem}\n{source}"));
            (document.line(), document.value().unwrap().to_string())
        })
        .collect()
}

fn assert_documents(source: &str, expected: &[(usize, &str)]) {
    let found = documents(source);
    let found: Vec<(usize, &str)> = found.iter().map(|(l, v)| (*l, v.as_str())).collect();
    assert_eq!(found, expected, "{source:?}");
}

#[test]
fn a_source_without_content_has_no_documents() {
    for source in [
        "",
        "\n",
        "# note\n",
        "---\n",
        "---\n---\n",
        "--- # a\n# b\n...\n",
        "\u{feff}",
        " \t\n",
    ] {
        assert_documents(source, &[]);
    }
}

#[test]
fn markers_separate_documents() {
    assert_documents("a: 1\n---\nb: 2\n", &[(1, r#"{"a":1}"#), (3, r#"{"b":2}"#)]);
    assert_documents(
        "---\n\n# note\na: 1\n---   \nb: 2",
        &[(4, r#"{"a":1}"#), (6, r#"{"b":2}"#)],
    );
    assert_documents(
        "--- # first\na: 1\n--- # second\nb: 2\n",
        &[(2, r#"{"a":1}"#), (4, r#"{"b":2}"#)],
    );
    assert_documents(
        "a: 1\n---#second\nb: 2\n",
        &[(1, r#"{"a":1}"#), (3, r#"{"b":2}"#)],
    );
    assert_documents(
        "--- {a: 1}\n--- [b]\n--- c\n",
        &[(1, r#"{"a":1}"#), (2, r#"["b"]"#), (3, r#""c""#)],
    );
    assert_documents(
        "--- |\n  x\n---\nb: 2\n",
        &[(2, r#""x\n""#), (4, r#"{"b":2}"#)],
    );
    assert_documents(
        "a: 1\n...\nb: 2\n...\n---\nc: 3\n",
        &[(1, r#"{"a":1}"#), (3, r#"{"b":2}"#), (6, r#"{"c":3}"#)],
    );
    assert_documents(
        "---\n---\na: 1\n---\n# nothing\n---\n",
        &[(3, r#"{"a":1}"#)],
    );
    assert_documents(
        "a: |\n  ---\n  b\n---\nc: ---d\n",
        &[(1, r#"{"a":"---\nb\n"}"#), (5, r#"{"c":"---d"}"#)],
    );
}

#[test]
fn byte_order_marks_windows_line_breaks_and_directives_are_supported() {
    assert_documents(
        "\u{feff}a: 1\r\n---\r\nb: 2\r\n",
        &[(1, r#"{"a":1}"#), (3, r#"{"b":2}"#)],
    );
    assert_documents(
        "%YAML 1.1\n# note\n---\na: 1\n---\nb: 2\n",
        &[(4, r#"{"a":1}"#), (6, r#"{"b":2}"#)],
    );
    assert_documents(
        "a: 1\n...\n%YAML 1.1\n---\nb: 2\n",
        &[(1, r#"{"a":1}"#), (5, r#"{"b":2}"#)],
    );
    assert_documents(
        "a: 1\n---\n\u{feff}b: 2\n",
        &[(1, r#"{"a":1}"#), (3, r#"{"b":2}"#)],
    );
}

#[test]
fn json_objects_need_no_markers_between_them() {
    assert_documents(
        "{\"a\":1}{\"b\":\"}{\"}\n\n{\n\t\"c\":3\n}\n",
        &[(1, r#"{"a":1}"#), (1, r#"{"b":"}{"}"#), (3, r#"{"c":3}"#)],
    );
    assert_documents(
        "{\"a\":1}\n---\n{\"b\":2}\n",
        &[(1, r#"{"a":1}"#), (3, r#"{"b":2}"#)],
    );
}

#[test]
fn an_invalid_document_does_not_affect_the_others() {
    let source = "kind: A\napiVersion: v1\n---\n- b: [\n---\nkind: C\napiVersion: v1\n";
    let found = results(source);
    assert_eq!(found.len(), 3);
    assert_eq!(found[0].as_ref().unwrap().kind(), "A");
    assert_eq!(found[1].as_ref().unwrap_err().line, Some(5));
    let last = found[2].as_ref().unwrap();
    assert_eq!((last.kind(), last.line), ("C", 6));
}

const APP: &str = "\
# An app.
---
apiVersion: v1
kind: Service
metadata: &meta
  name: app
  namespace: research
  labels: {app: web, \"a/b~c\": x}
spec:
  ports:
  - name: http
    port: 80
  -
    port: 443
  enabled: yes
  mode: 0700
  ratio: 1e3
  version: \"1\"
template:
  metadata:
    <<: *meta
    extra: é # wide
";

#[test]
fn every_value_has_its_line() {
    let object = object(APP);
    assert_eq!((object.api_version(), object.kind()), ("v1", "Service"));
    assert_eq!((object.name(), object.namespace()), ("app", "research"));
    assert_eq!(object.line, 3);
    for (pointer, line) in [
        ("", Some(3)),
        ("/kind", Some(4)),
        ("/metadata", Some(5)),
        ("/metadata/labels/app", Some(8)),
        ("/metadata/labels/a~1b~0c", Some(8)),
        ("/spec/ports", Some(10)),
        ("/spec/ports/0", Some(11)),
        ("/spec/ports/0/port", Some(12)),
        ("/spec/ports/1/port", Some(14)),
        ("/template/metadata/extra", Some(22)),
        // A merged member has the line of the original.
        ("/template/metadata/name", Some(6)),
        ("/spec/ports/2", None),
        ("/spec/ports/00", None),
        ("/spec/none", None),
        ("spec", None),
    ] {
        assert_eq!(object.line_of(pointer), line, "{pointer}");
    }
    assert_eq!(object.line_near("/spec/ports/0/none/x"), 11);
    assert_eq!(object.line_near("/none"), 3);
}

#[test]
fn hints_explain_values_that_yaml_does_not_read_as_strings() {
    let object = object(APP);
    let hint = |pointer| object.hint(pointer).unwrap_or_default();
    assert_eq!(
        hint("/spec/enabled"),
        "YAML reads `yes` as the boolean true; quote it (`\"yes\"`) if you mean a string"
    );
    assert!(hint("/spec/mode").contains("`0700` as the number 448"));
    assert!(hint("/spec/ratio").contains("`1e3` as the number 1000"));
    for unambiguous in ["/spec/version", "/spec/ports/0/port", "/kind", "/none"] {
        assert_eq!(hint(unambiguous), "");
    }
    let with_key = common::object("apiVersion: v1\nkind: A\non: {a: 1}\n");
    assert!(
        with_key
            .hint("/true")
            .unwrap()
            .contains("`on` as the boolean true")
    );
}

#[test]
fn lists_are_split_into_items() {
    let source = "\
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: A
- apiVersion: v1
  kind: ConfigMapList
  items:
  - metadata: {name: b}
  - {apiVersion: v2, kind: C}
- kind: PodList
  apiVersion: v1
  items: []
- kind: PriceList
  apiVersion: example.org/v1
";
    let objects = objects(source);
    let found: Vec<_> = objects
        .iter()
        .map(|it| (it.api_version(), it.kind(), it.line, it.pointer()))
        .collect();
    assert_eq!(
        found,
        [
            ("v1", "A", 4, "/items/0"),
            ("v1", "ConfigMap", 9, "/items/1/items/0"),
            ("v2", "C", 10, "/items/1/items/1"),
            ("example.org/v1", "PriceList", 14, "/items/3"),
        ]
    );
    assert_eq!(
        objects[1].value,
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}})
    );
    assert_eq!(objects[1].line_of("/metadata/name"), Some(9));
    assert!(common::objects("apiVersion: v1\nkind: List\n").is_empty());
    assert!(common::objects("apiVersion: v1\nkind: List\nitems:\n").is_empty());
}

#[test]
fn an_invalid_item_does_not_affect_the_others() {
    let source = "\
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: A}
- text
- metadata: {name: x}
- apiVersion: v1
  kind: B
  a: 1
  a: 2
-
- {apiVersion: v1, kind: C}
";
    let found: Vec<String> = results(source)
        .into_iter()
        .map(|result| match result {
            Ok(object) => format!("{} {}", object.kind(), object.line),
            Err(problem) => problem.to_string(),
        })
        .collect();
    assert_eq!(
        found,
        [
            "A 4",
            "app.yaml:5: item 1 of the list: this is text, not an object",
            "app.yaml:6: item 2 of the list: this object has no `apiVersion`",
            "app.yaml:10:3: item 3 of the list: duplicate key `a`, first defined on line 9",
            "app.yaml:11: item 4 of the list: this is empty, not an object",
            "C 12",
        ]
    );
    let found = results("apiVersion: v1\nkind: List\nitems: {a: 1}\n");
    assert_eq!(found[0].as_ref().unwrap_err().line, Some(3));
}

#[test]
fn placeholders_are_reported_once_with_their_first_line() {
    let source =
        "a: ${DOMAIN}\nb: x-${NAME_2}.${DOMAIN}\nc: $${ESCAPED} ${lower} ${} ${1A} ${OPEN\n";
    assert_eq!(
        placeholders(source),
        [
            Placeholder {
                name: "DOMAIN",
                line: 1
            },
            Placeholder {
                name: "NAME_2",
                line: 2
            }
        ]
    );
    let problem = placeholder_warning("app.yaml", source).unwrap();
    assert_eq!(problem.severity, manifest::Severity::Warning);
    assert_eq!(
        problem.to_string(),
        "app.yaml:1: unresolved placeholders: `${DOMAIN}` (line 1), `${NAME_2}` (line 2)"
    );
    assert_eq!(placeholder_warning("app.yaml", "a: $(X)\n"), None);
    // A placeholder is read as text.
    assert_documents("a: ${DOMAIN}\n", &[(1, r#"{"a":"${DOMAIN}"}"#)]);
}
