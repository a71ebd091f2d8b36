//! Edits change only the patched parts of the text.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test helpers"
)]

mod common;

use common::{object, objects};
use serde_json::{Value, json};

/// Applies a JSON patch and returns the text of the document.
fn edit(source: &str, patch: Value) -> Option<String> {
    let patch: json_patch::Patch = serde_json::from_value(patch).unwrap();
    object(source).edit(&patch.0)
}

fn add(path: &str, value: Value) -> Value {
    json!([{"op": "add", "path": path, "value": value}])
}

fn replace(path: &str, value: Value) -> Value {
    json!([{"op": "replace", "path": path, "value": value}])
}

fn remove(path: &str) -> Value {
    json!([{"op": "remove", "path": path}])
}

const HEAD: &str = "apiVersion: v1\nkind: A\n";

/// Asserts the result of an edit. `before` and `after` are without [`HEAD`].
#[track_caller]
fn assert_edit(before: &str, patch: Value, after: &str) {
    let edited = edit(&format!("{HEAD}{before}"), patch).expect("the text can be edited");
    assert_eq!(edited.strip_prefix(HEAD), Some(after));
}

const CLAIM: &str = "\
# Homes of the notebooks.
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: home   # per user
  labels: {app: notebook}

spec:
  # Grown on demand.
  accessModes:
    - 'ReadWriteOnce'
  resources:
    requests:
      storage: \"10Gi\" # enough

  # The end.
";

#[test]
fn edits_of_a_claim_keep_comments_quotes_and_line_breaks() {
    let patch = json!([
        {"op": "add", "path": "/spec/storageClassName", "value": "managed-csi"},
        {"op": "add", "path": "/metadata/annotations", "value": {"k8tre.org/set": "true"}},
        {"op": "add", "path": "/metadata/labels/tier", "value": "on"},
        {"op": "replace", "path": "/spec/accessModes/0", "value": "ReadWriteMany"},
        {"op": "replace", "path": "/spec/resources/requests/storage", "value": "20Gi"},
    ]);
    let expected = "\
# Homes of the notebooks.
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: home   # per user
  labels: {app: notebook, tier: \"on\"}
  annotations:
    k8tre.org/set: \"true\"

spec:
  # Grown on demand.
  accessModes:
    - 'ReadWriteMany'
  resources:
    requests:
      storage: \"20Gi\" # enough
  storageClassName: managed-csi

  # The end.
";
    assert_eq!(edit(CLAIM, patch.clone()).unwrap(), expected);
    let windows = edit(&CLAIM.replace('\n', "\r\n"), patch).unwrap();
    assert_eq!(windows, expected.replace('\n', "\r\n"));
}

#[test]
fn scalars_keep_their_quotes() {
    let before = "a: x # 1\nb: 'x' # 2\nc: \"x\" # 3\nd: 1\ne:\n- x\nf: |\n  x\n  y\ng: x\n";
    for (path, value, line) in [
        ("/a", json!("y z"), "a: y z # 1"),
        ("/a", json!("no"), "a: \"no\" # 1"),
        ("/a", json!(5), "a: 5 # 1"),
        ("/a", json!({}), "a: {} # 1"),
        ("/b", json!("it's"), "b: 'it''s' # 2"),
        ("/b", json!("a\nb"), "b: \"a\\nb\" # 2"),
        ("/b", json!(true), "b: true # 2"),
        ("/c", json!("y"), "c: \"y\" # 3"),
        ("/c", json!(null), "c: null # 3"),
        ("/d", json!("2"), "d: \"2\""),
        ("/e/0", json!("- y"), "- \"- y\""),
    ] {
        let old = before
            .lines()
            .find(|it| it.starts_with(&line[..2]))
            .unwrap();
        assert_edit(before, replace(path, value), &before.replace(old, line));
    }
    assert_edit(
        before,
        replace("/f", json!("z")),
        &before.replace("f: |\n  x\n  y\n", "f: z\n"),
    );
}

#[test]
fn collections_and_scalars_can_replace_each_other() {
    assert_edit(
        "a: {} # none\nb: 1\n",
        add("/a/x", json!(1)),
        "a: # none\n  x: 1\nb: 1\n",
    );
    assert_edit("a: []\nb: 1\n", add("/a/-", json!("x")), "a:\n- x\nb: 1\n");
    assert_edit(
        "a:\nb: 1\n",
        replace("/a", json!({"x": {"w": []}})),
        "a:\n  x:\n    w: []\nb: 1\n",
    );
    assert_edit(
        "a: null # why\nb: 1\n",
        replace("/a", json!({"x": 1})),
        "a: # why\n  x: 1\nb: 1\n",
    );
    assert_edit(
        "a: # why\n  x: 1 # old\nb: 1\n",
        replace("/a", json!([1, {"w": 2, "z": 3}])),
        "a: # why\n- 1\n- w: 2\n  z: 3\nb: 1\n",
    );
    assert_edit(
        "a: # why\n  x: 1\nb: 1\n",
        replace("/a", json!("x")),
        "a: x # why\nb: 1\n",
    );
    assert_edit(
        "a:\n- x # why\n- y\n",
        replace("/a/0", json!({"b": 1})),
        "a:\n- # why\n  b: 1\n- y\n",
    );
    assert_edit(
        "a:\n- x\n- y\n",
        replace("/a/1", json!({"b": 1, "c": 2})),
        "a:\n- x\n- b: 1\n  c: 2\n",
    );
    assert_edit("a:", replace("/a", json!("x")), "a: x");
}

#[test]
fn items_are_added_at_their_index() {
    let before = "a:\n  - x # 1\n  # two\n  - y # 2\n\n# end\nb: {c: [1, 2], d: []}\n";
    assert_edit(
        before,
        add("/a/-", json!("z")),
        &before.replace("# 2\n", "# 2\n  - z\n"),
    );
    assert_edit(
        before,
        add("/a/2", json!({"k": 1, "l": [2]})),
        &before.replace("# 2\n", "# 2\n  - k: 1\n    l:\n      - 2\n"),
    );
    assert_edit(
        before,
        add("/a/0", json!("w")),
        &before.replace("  - x", "  - w\n  - x"),
    );
    assert_edit(
        before,
        add("/a/1", json!("w")),
        &before.replace("  - y", "  - w\n  - y"),
    );
    assert_edit(
        before,
        add("/b/c/-", json!(3)),
        &before.replace("1, 2", "1, 2, 3"),
    );
    assert_edit(
        before,
        add("/b/c/0", json!("a, b")),
        &before.replace("1, 2", "\"a, b\", 1, 2"),
    );
    assert_edit(
        before,
        add("/b/d/-", json!({"x": 1})),
        &before.replace("[]", "[{x: 1}]"),
    );
    assert_edit(
        "a:\n- - x\n  - y\n- z",
        add("/a/0/0", json!("w")),
        "a:\n- - w\n  - x\n  - y\n- z",
    );
    assert_edit(
        "a:\n- - x\n  - y\n- z",
        add("/a/-", json!("w")),
        "a:\n- - x\n  - y\n- z\n- w",
    );
}

#[test]
fn members_are_removed_with_their_comments() {
    let before =
        "a: 1 # one\n# two\nb:\n  c: 2\n  d: [x, y, z]\ne:\n- f: 1 # f\n  # g\n  g: 2\n- h\n";
    assert_edit(before, remove("/a"), &before.replace("a: 1 # one\n", ""));
    assert_edit(before, remove("/b/c"), &before.replace("  c: 2\n", ""));
    assert_edit(before, remove("/b/d/0"), &before.replace("x, ", ""));
    assert_edit(before, remove("/b/d/2"), &before.replace(", z", ""));
    assert_edit(
        before,
        remove("/e/0/f"),
        &before.replace("f: 1 # f\n  # g", "# g"),
    );
    assert_edit(before, remove("/e/0/g"), &before.replace("  g: 2\n", ""));
    assert_edit(
        before,
        remove("/e/0"),
        &before.replace("- f: 1 # f\n  # g\n  g: 2\n", ""),
    );
    assert_edit(before, remove("/e/1"), &before.replace("- h\n", ""));
    assert_edit("a:\n  b: 1\nc: 2\n", remove("/a/b"), "a: {}\nc: 2\n");
    assert_edit("a:\n- b\nc: 2\n", remove("/a/0"), "a: []\nc: 2\n");
    assert_edit("a: {b: 1}\n", remove("/a/b"), "a: {}\n");
}

#[test]
fn json_documents_stay_json() {
    let line = r#"{"apiVersion":"v1","kind":"A","spec":{"a":[]}}"#;
    assert_eq!(
        edit(line, add("/spec/b", json!({"c": "d"}))).unwrap(),
        r#"{"apiVersion":"v1","kind":"A","spec":{"a":[], "b": {"c": "d"}}}"#
    );
    let pretty =
        "{\n  \"apiVersion\": \"v1\",\n  \"kind\": \"A\",\n  \"spec\": {\n    \"a\": 1\n  }\n}\n";
    assert_eq!(
        edit(pretty, add("/spec/b", json!({"c": ["d"]}))).unwrap(),
        pretty.replace(
            "\"a\": 1",
            "\"a\": 1,\n    \"b\": {\n      \"c\": [\n        \"d\"\n      ]\n    }"
        )
    );
    assert_eq!(
        edit(pretty, remove("/spec/a")).unwrap(),
        pretty.replace("{\n    \"a\": 1\n  }", "{}")
    );
}

#[test]
fn move_copy_and_test_operations_are_supported() {
    let patch = json!([
        {"op": "test", "path": "/a", "value": 1},
        {"op": "copy", "from": "/a", "path": "/c"},
        {"op": "move", "from": "/b", "path": "/d"},
    ]);
    assert_edit("a: 1\nb: x\n", patch, "a: 1\nc: 1\nd: x\n");
    assert_eq!(
        edit(
            &format!("{HEAD}a: 1\n"),
            json!([{"op": "test", "path": "/a", "value": 2}])
        ),
        None
    );
}

#[test]
fn members_are_added_after_values_of_several_lines() {
    assert_edit(
        "a:\n  b: |\n    x\n\n    y\n\n# end\n",
        add("/a/c", json!(1)),
        "a:\n  b: |\n    x\n\n    y\n  c: 1\n\n# end\n",
    );
    assert_edit(
        "a:\n  b: >-\n    x\n",
        add("/a/c", json!("1\n2\n")),
        "a:\n  b: >-\n    x\n  c: |\n    1\n    2\n",
    );
    assert_edit(
        "a:\n  b: 'x\n\n    y'\n",
        add("/a/c", json!(1)),
        "a:\n  b: 'x\n\n    y'\n  c: 1\n",
    );
    assert_edit(
        "a:\n  b: [x,\n    y]\n",
        add("/a/c", json!(1)),
        "a:\n  b: [x,\n    y]\n  c: 1\n",
    );
    assert_edit(
        "a:\n- b:\n  - c\n",
        add("/a/0/d", json!(1)),
        "a:\n- b:\n  - c\n  d: 1\n",
    );
}

#[test]
fn new_lines_use_the_indentation_of_the_document() {
    assert_edit(
        "a:\n    b:\n    -   c\n",
        add("/a/d", json!({"e": {"f": [1]}})),
        "a:\n    b:\n    -   c\n    d:\n        e:\n            f:\n            - 1\n",
    );
}

#[test]
fn values_from_an_alias_or_a_merge_are_not_edited() {
    let source = format!("{HEAD}x: &x {{a: 1, l: [1]}}\nw: *x\nz:\n  <<: *x\n  b: 2\n");
    for patch in [
        replace("/w/a", json!(2)),
        add("/w/b", json!(2)),
        replace("/z/a", json!(2)),
        remove("/z/a"),
        add("/z/l/-", json!(2)),
        // An alias refers to it.
        replace("/x/a", json!(2)),
        // Missing, or not a collection.
        replace("/none", json!(2)),
        add("/kind/x", json!(2)),
        replace("", json!({})),
    ] {
        assert_eq!(edit(&source, patch.clone()), None, "{patch}");
    }
    assert_eq!(
        edit(&source, replace("/w", json!(1))).unwrap(),
        source.replace("w: *x", "w: 1")
    );
    assert_eq!(
        edit(&source, add("/z/c", json!(1))).unwrap(),
        source.replace("  b: 2\n", "  b: 2\n  c: 1\n")
    );
}

#[test]
fn an_item_of_a_list_is_edited_in_the_list() {
    let source = "\
apiVersion: v1
kind: ConfigMapList
items:
- metadata: {name: a}
- metadata:
    name: b
";
    let patch: json_patch::Patch = serde_json::from_value(add("/data", json!({"k": "v"}))).unwrap();
    let edited = objects(source)[1].edit(&patch.0).unwrap();
    assert_eq!(edited, format!("{source}  data:\n    k: v\n"));
}

#[test]
fn the_edited_text_contains_only_the_document() {
    let source = format!("# first\n---\n{HEAD}a: 1\n---\n{HEAD}b: 1\n");
    let second = &objects(&source)[1];
    assert_eq!(second.source(), format!("{HEAD}b: 1\n"));
    assert_eq!(second.source_line(), 7);
    assert_edit("# c\na: 1\n", add("/b", json!(2)), "# c\na: 1\nb: 2\n");
    let marker = "--- {apiVersion: v1, kind: A} # why\n";
    assert_eq!(
        edit(marker, add("/a", json!(1))).unwrap(),
        "--- {apiVersion: v1, kind: A, a: 1} # why\n"
    );
}
