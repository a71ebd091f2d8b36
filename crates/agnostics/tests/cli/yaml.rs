//! YAML is parsed like in kubectl.

use serde_json::json;

use crate::harness::{Dir, claim, only_row};

/// Returns the class that the claim gets on aws, which has no default class.
fn class_of(manifest: &str) -> String {
    let row = only_row(&Dir::with(manifest).json(&["--profile", "aws"]));
    row["patch"][0]["value"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn booleans_of_yaml_1_1_have_a_hint() {
    let manifest = claim("yes");
    let row = only_row(&Dir::with(&manifest).json(&["--profile", "aws"]));
    assert_eq!(row["verdict"], "rejected");
    let message = row["message"].as_str().unwrap();
    let (reason, hint) = message
        .split_once('\n')
        .expect("a hint is below the message");
    assert!(reason.starts_with("spec.storageClassName"), "{reason}");
    assert!(hint.contains("`yes`") && hint.contains("boolean"), "{hint}");
}

#[test]
fn every_claim_of_an_object_has_its_hint() {
    let volume = "{ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], storageClassName: on}}}}";
    let pod = format!("apiVersion: v1\nkind: Pod\nspec:\n  volumes:\n  - {volume}\n  - {volume}\n");
    let row = only_row(&Dir::with(&pod).json(&["--profile", "aws"]));
    let message = row["message"].as_str().unwrap();
    assert_eq!(message.matches("`on`").count(), 2, "{message}");
}

#[test]
fn anchors() {
    let manifest = claim("*class").replace("name: data", "name: &class gp3");
    assert_eq!(class_of(&manifest), "rwo-default");
}

#[test]
fn merge_keys() {
    let manifest = "\
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec:
  <<: {accessModes: [ReadWriteMany], storageClassName: gp3}
";
    assert_eq!(class_of(manifest), "rwx-default");
}

#[test]
fn windows_line_endings_and_byte_order_marks() {
    let manifest = format!("\u{feff}{}", claim("gp3").replace('\n', "\r\n"));
    let dir = Dir::with(&manifest);
    let row = only_row(&dir.json(&["--profile", "aws"]));
    assert_eq!(
        (&row["line"], &row["verdict"]),
        (&json!(1), &json!("mutated"))
    );
    let text = dir.check(&["app.yaml", "--profile", "aws"]).stdout;
    assert!(
        text.contains("\n-  storageClassName: gp3\n+  storageClassName: rwo-default\n"),
        "{text}"
    );
}

#[test]
fn several_documents() {
    let stream = format!(
        "---\n# nothing\n---\n{}...\n---\n{}",
        claim("gp3"),
        claim("longhorn")
    );
    let report = Dir::with(&stream).json(&["--profile", "aws"]);
    let rows = report["results"].as_array().unwrap();
    let lines: Vec<_> = rows.iter().map(|row| &row["line"]).collect();
    assert_eq!(lines, [4, 13]);
}

#[test]
fn json_input() {
    let manifest = json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "gp3"},
    });
    let dir = Dir::new().file("app.json", manifest.to_string());
    let row = dir
        .check(&["app.json", "--profile", "aws", "--output", "json"])
        .row();
    assert_eq!(row["patch"][0]["value"], "rwo-default");
}

#[test]
fn standard_input() {
    let manifest = claim("gp3");
    let run = Dir::new().check_stdin(
        &["-", "--profile", "aws", "--output", "json"],
        manifest.as_bytes(),
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    let row = run.row();
    assert_eq!(
        (&row["file"], &row["verdict"]),
        (&json!("<stdin>"), &json!("mutated"))
    );
}

#[test]
fn empty_standard_input() {
    let run = Dir::new().check_stdin(&["-"], b"");
    assert_eq!(
        run.stderr,
        "error: <stdin>:1: empty, or contains only comments\n"
    );
    assert_eq!(run.code, 2);
}
