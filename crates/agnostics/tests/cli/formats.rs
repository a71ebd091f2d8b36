//! The SARIF, JUnit and GitHub Actions reports.

use serde_json::json;

use crate::harness::{Dir, IMPOSSIBLE, Run, claim};

/// Reports a rejection, a mutation and an unreadable document, in a file whose name needs escaping.
fn report(format: &str) -> Run {
    let manifests = format!("{IMPOSSIBLE}---\n{}---\na: [\n", claim("gp3"));
    let dir = Dir::new().file("apps, 100%/a<b>.yaml", manifests);
    let run = dir.check(&["apps, 100%", "--profile", "k3s", "--output", format]);
    assert_eq!(run.code, 2, "{}", run.stderr);
    run
}

const REJECTION: &str = "spec.volumeMode: `rwx-default` is a file share, which cannot provide \
                       ReadWriteMany block volumes; use `Filesystem`, `ReadWriteOnce` or a class that \
                       can [shared-block-volume]";
const WARNING: &str = "spec.storageClassName: `gp3` is not a K8TRE class; replaced with `rwo-default` [unknown-class]";
const UNREADABLE: &str = "not valid YAML: while parsing a node, did not find expected node content";

/// In SARIF, results have their rule in a field of its own.
fn without_rule(line: &str) -> &str {
    line.rsplit_once(" [").unwrap().0
}

#[test]
fn sarif_has_a_result_for_each_rejection_warning_and_error() {
    let log = report("sarif").json();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert_eq!(run["tool"]["driver"]["name"], "agnostics");
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let ids: Vec<_> = rules.iter().map(|rule| &rule["id"]).collect();
    assert_eq!(ids, ["input", "shared-block-volume", "unknown-class"]);
    let rule = &rules[2];
    let summary = "The storage class is not a K8TRE class.";
    assert_eq!(rule["shortDescription"]["text"], summary);
    for text in [&rule["help"]["text"], &rule["help"]["markdown"]] {
        let text = text.as_str().unwrap();
        assert!(
            text.starts_with(summary) && text.contains("\n## Use instead\n"),
            "{text}"
        );
    }
    let page = "https://k8tre.github.io/agnostics/rules/unknown-class.html";
    assert_eq!(rule["helpUri"], page);
    assert_eq!(rule["properties"]["tags"], json!(["storage-class"]));
    let result = |rule: &str, level: &str, text: String, line: usize| {
        json!({
            "ruleId": rule,
            "level": level,
            "message": {"text": text},
            "locations": [{"physicalLocation": {
                "artifactLocation": {"uri": "apps%2C%20100%25/a%3Cb%3E.yaml"},
                "region": {"startLine": line},
            }}],
        })
    };
    let claim = "PersistentVolumeClaim app";
    let expected = json!([
        result(
            "shared-block-volume",
            "error",
            format!("{claim}/raw: {}", without_rule(REJECTION)),
            1
        ),
        result(
            "unknown-class",
            "warning",
            format!("{claim}/data: {}", without_rule(WARNING)),
            9
        ),
        result("input", "error", UNREADABLE.to_owned(), 18),
    ]);
    assert_eq!(run["results"], expected, "{run:#}");
}

#[test]
fn junit_has_a_test_case_for_each_object_and_policy() {
    let file = "apps, 100%/a&lt;b&gt;.yaml";
    let expected = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="agnostics check" tests="3" skipped="0" failures="1" errors="1">
    <testsuite name="{file}" tests="3" skipped="0" errors="1" failures="1">
        <testcase name="storage-class: PersistentVolumeClaim app/raw" classname="{file}" file="{file}" line="1">
            <failure message="{REJECTION}">{REJECTION}</failure>
        </testcase>
        <testcase name="storage-class: PersistentVolumeClaim app/data" classname="{file}" file="{file}" line="9">
            <system-out>{WARNING}</system-out>
        </testcase>
        <testcase name="input" classname="{file}" file="{file}" line="18">
            <error message="{UNREADABLE}">{UNREADABLE}</error>
        </testcase>
    </testsuite>
</testsuites>
"#
    );
    assert_eq!(report("junit").stdout, expected);
}

#[test]
fn junit_replaces_control_characters() {
    let manifest = claim("gp3").replace("name: data", "name: \"a\\u0007<&\\\"\"");
    let run = Dir::with(&manifest).check(&["app.yaml", "--profile", "k3s", "--output", "junit"]);
    assert!(
        run.stdout.contains("app/a\u{fffd}&lt;&amp;&quot;"),
        "{}",
        run.stdout
    );
}

#[test]
fn github_annotates_each_message_at_its_line() {
    let location = |line| format!("file=apps%2C 100%25/a<b>.yaml,line={line}");
    let title = "title=storage-class%3A PersistentVolumeClaim app";
    let expected = format!(
        "::error {},{title}/raw::{REJECTION}\n\
         ::warning {},{title}/data::{WARNING}\n\
         ::error {},title=input::{UNREADABLE}\n\
         2 objects: 0 accepted, 1 mutated, 1 rejected, 1 error; 1 with warnings\n",
        location(1),
        location(9),
        location(18),
    );
    assert_eq!(report("github").stdout, expected);
}

#[test]
fn a_message_cannot_inject_github_commands() {
    let manifest = claim("\"a\\n::add-mask::b\"");
    let run = Dir::with(&manifest).check(&["app.yaml", "--profile", "k3s", "--output", "github"]);
    assert!(run.stdout.contains("::add-mask::"), "{}", run.stdout);
    let mut lines = run.stdout.lines();
    assert!(
        !lines.any(|line| line.starts_with("::add-mask")),
        "{}",
        run.stdout
    );
}
