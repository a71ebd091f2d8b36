//! Responses follow Kubewarden's protocol, and findings reach their messages, warnings and audit annotations.
//!
//! Source: `ValidationResponse` in the policy SDK: `accepted`, `message`, `code`, `mutated_object`,
//! `audit_annotations`, `warnings`.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "test helpers may panic"
)]

use std::collections::HashMap;

use admission::{Decision, Finding, Findings, Malformed, Node, Severity, Verdict};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

admission::rule! {
    /// A field has another value.
    CHANGED = "changed-value";
}

admission::rule! {
    /// A host has another owner.
    OWNER = "host-owner";
}

admission::rule! {
    /// A size is too large.
    SIZE = "size";
}

fn response(verdict: &Verdict) -> Value {
    serde_json::from_slice(&verdict.to_response()).expect("the response is JSON")
}

/// Returns the ids, severities and paths of the findings.
fn findings(verdict: &Verdict) -> Vec<(&str, Severity, &str)> {
    let findings = verdict.findings.iter();
    findings
        .map(|it| (it.rule.id, it.severity, it.path.as_str()))
        .collect()
}

#[test]
fn acceptance() {
    assert_eq!(response(&Verdict::accept()), json!({"accepted": true}));
    assert_eq!(
        response(&Verdict::accept().remark("one").remark("two")),
        json!({"accepted": true, "warnings": ["one", "two"]})
    );
}

#[test]
fn acceptance_with_a_warning_names_the_rule() {
    let verdict = Verdict::accept().warn(SIZE.finding("spec.size", "is 7; write 5 or less"));
    assert_eq!(
        response(&verdict),
        json!({
            "accepted": true,
            "warnings": ["spec.size: is 7; write 5 or less [size]"],
            "audit_annotations": {"rules": "size"},
        })
    );
    assert_eq!(
        findings(&verdict),
        [("size", Severity::Warning, "spec.size")]
    );
}

#[test]
fn mutation_has_a_warning_and_the_object_unchanged() {
    let verdict = Verdict::mutate("{ \"n\": 1.0 }".to_owned(), CHANGED.finding("n", "was 2"))
        .audit("n", "2 -> 1")
        .audit("by", "test");
    assert_eq!(
        String::from_utf8(verdict.to_response()).as_deref(),
        Ok(concat!(
            r#"{"accepted":true,"mutated_object":{ "n": 1.0 },"warnings":["n: was 2 [changed-value]"],"#,
            r#""audit_annotations":{"rules":"changed-value","n":"2 -> 1","by":"test"}}"#
        ))
    );
    assert_eq!(
        findings(&verdict),
        [("changed-value", Severity::Warning, "n")]
    );
}

#[test]
fn rejection_warns_with_the_first_line_of_its_message() {
    let finding = OWNER.finding("spec.host", "`a` is taken; choose another host");
    let line = "spec.host: `a` is taken; choose another host [host-owner]";
    assert_eq!(
        response(&Verdict::reject(finding.clone())),
        json!({
            "accepted": false,
            "message": line,
            "warnings": [line],
            "audit_annotations": {"rules": "host-owner"},
        })
    );
    let verdict = Verdict::reject_with(vec![finding], "by:\n  - b/c")
        .warn(SIZE.finding("", "is large"))
        .remark("and more");
    assert_eq!(
        response(&verdict),
        json!({
            "accepted": false,
            "message": format!("{line}\n\nby:\n  - b/c"),
            "warnings": [line, "is large [size]", "and more"],
            "audit_annotations": {"rules": "host-owner,size"},
        })
    );
    assert_eq!(
        findings(&verdict),
        [
            ("host-owner", Severity::Error, "spec.host"),
            ("size", Severity::Warning, ""),
        ]
    );
}

#[test]
fn malformed_input_is_rejected() {
    let malformed = Malformed::new("spec.a[0]", "must be a string, not null");
    let verdict = Verdict::from(malformed);
    let message = "spec.a[0]: must be a string, not null [malformed-input]";
    assert_eq!(verdict.decision, Decision::Reject(message.to_owned()));
    assert_eq!(verdict.warnings, [message]);
    assert_eq!(
        findings(&verdict),
        [("malformed-input", Severity::Error, "spec.a[0]")]
    );
}

/// The API server drops a warning with control characters, and a line break could imitate another finding.
#[test]
fn control_characters_become_spaces() {
    let text = "a\nb\r\n\tc\u{0}\u{1b}[31m\u{7f}\u{85}d";
    let printable = "a b   c  [31m  d";
    let verdict = Verdict::accept().remark(text);
    assert_eq!(verdict.warnings, [printable]);
    let line = format!("{printable}: {printable} [size]");
    assert_eq!(SIZE.finding(text, text).to_string(), line);
    let verdict = Verdict::reject(SIZE.finding(text, text));
    assert_eq!(verdict.decision, Decision::Reject(line.clone()));
    assert_eq!(verdict.warnings, [line]);
    let mut findings = Findings::default();
    findings.reject(SIZE, text, text);
    findings.reject(OWNER, "spec", "b\nspec.c: d [size]");
    assert_eq!(
        findings.verdict().decision,
        Decision::Reject(format!(
            "{printable}: {printable} [size] (and 1 more)\nspec: b spec.c: d [size] [host-owner]"
        ))
    );
}

#[test]
fn findings_are_ordered_by_path() {
    let mut all = Findings::default();
    all.warn(SIZE, "spec.sizes[2]", "is 7");
    all.reject(OWNER, "", "has no owner");
    all.reject(OWNER, "spec.hosts[10]", "is taken");
    all.reject(SIZE, "spec.hosts[9]", "is long");
    all.reject(OWNER, "spec.hosts[9]", "is taken");
    all.warn(CHANGED, "spec.hosts[0]", "was `b`");
    let verdict = all.verdict();
    assert_eq!(
        findings(&verdict),
        [
            ("size", Severity::Error, "spec.hosts[9]"),
            ("host-owner", Severity::Error, "spec.hosts[9]"),
            ("host-owner", Severity::Error, "spec.hosts[10]"),
            ("host-owner", Severity::Error, ""),
            ("changed-value", Severity::Warning, "spec.hosts[0]"),
            ("size", Severity::Warning, "spec.sizes[2]"),
        ]
    );
    let message = "\
        spec.hosts[9]: is long [size] (and 3 more)\n\
        spec.hosts[9]: is taken [host-owner]\n\
        spec.hosts[10]: is taken [host-owner]\n\
        has no owner [host-owner]";
    assert_eq!(
        response(&verdict),
        json!({
            "accepted": false,
            "message": message,
            "warnings": [
                "spec.hosts[9]: is long [size] (and 3 more)",
                "spec.hosts[0]: was `b` [changed-value]",
                "spec.sizes[2]: is 7 [size]",
            ],
            "audit_annotations": {"rules": "size,host-owner,changed-value"},
        })
    );
}

#[test]
fn findings_about_fields_have_the_path_of_the_node() {
    let node = Node::parse(r#"{"spec":{"hosts":["a","b"]}}"#).expect("JSON");
    let root = node.object().expect("an object");
    let spec = root.object("spec").expect("one").expect("present");
    let hosts = spec.array("hosts").expect("one").expect("present");
    let mut all = Findings::without([CHANGED]);
    all.reject_field(OWNER, hosts[1], "", "is taken");
    all.reject_field(SIZE, spec.node(), "a.b/c", "is large");
    all.reject_field(SIZE, node, "kind", "is large");
    all.reject_field(CHANGED, node, "kind", "was `b`");
    assert_eq!(
        findings(&all.verdict()),
        [
            ("size", Severity::Error, "kind"),
            ("size", Severity::Error, "spec[a.b/c]"),
            ("host-owner", Severity::Error, "spec.hosts[1]"),
        ]
    );
}

#[test]
fn findings_without_errors_accept_with_their_warnings() {
    assert_eq!(Findings::default().verdict(), Verdict::accept());
    let mut findings = Findings::default();
    findings.warn(SIZE, "b", "two");
    findings.warn(SIZE, "a", "one");
    assert!(findings.has_no_errors());
    assert_eq!(
        response(&findings.verdict()),
        json!({
            "accepted": true,
            "warnings": ["a: one [size]", "b: two [size]"],
            "audit_annotations": {"rules": "size"},
        })
    );
}

#[test]
fn at_most_a_hundred_errors_are_reported() {
    let mut findings = Findings::default();
    for index in 0..99 {
        findings.reject(SIZE, format!("spec[{index}]"), "is large");
    }
    assert!(!findings.is_full());
    findings.warn(OWNER, "spec", "has no owner");
    for index in 99..150 {
        findings.reject(SIZE, format!("spec[{index}]"), "is large");
        assert!(findings.is_full());
    }
    findings.warn(CHANGED, "spec", "was `b`");
    let verdict = findings.verdict();
    let Decision::Reject(message) = &verdict.decision else {
        panic!("{verdict:?}");
    };
    let lines: Vec<_> = message.lines().collect();
    assert_eq!(lines.len(), 100);
    assert_eq!(lines[0], "spec[0]: is large [size] (and at least 99 more)");
    assert_eq!(lines[99], "spec[99]: is large [size]");
    assert_eq!(
        verdict.warnings[1..],
        [
            "spec: has no owner [host-owner]",
            "spec: was `b` [changed-value]"
        ]
    );
}

#[test]
fn disabled_rules_report_nothing() {
    let mut findings = Findings::without([SIZE, OWNER]);
    assert!(!findings.is_enabled(SIZE));
    assert!(findings.is_enabled(CHANGED));
    findings.reject(SIZE, "spec.size", "is large");
    findings.warn(OWNER, "spec", "has no owner");
    assert!(findings.has_no_errors());
    findings.reject(CHANGED, "spec.name", "was `b`");
    assert!(!findings.has_no_errors());
    assert_eq!(
        self::findings(&findings.verdict()),
        [("changed-value", Severity::Error, "spec.name")]
    );
}

#[test]
fn skipped_checks_are_reported_once() {
    let mut findings = Findings::default();
    findings.not_checked("owners", "no cluster");
    findings.not_checked("owners", "no cluster");
    findings.not_checked("sizes", "no cluster");
    assert_eq!(
        response(&findings.verdict()),
        json!({
            "accepted": true,
            "warnings": [
                "not checked: owners (no cluster) [not-checked]",
                "not checked: sizes (no cluster) [not-checked]",
            ],
            "audit_annotations": {"rules": "not-checked"},
        })
    );
}

proptest! {
    #[test]
    fn any_strings_are_encoded(
        path in any::<String>(),
        text in any::<String>(),
        warnings in vec(any::<String>(), 0..4),
        audit in vec((any::<String>(), any::<String>()), 0..4),
        reject in any::<bool>(),
    ) {
        let finding = SIZE.finding(path.as_str(), text.as_str());
        let first = finding.to_string();
        let verdict = match reject {
            true => Verdict::reject_with(vec![finding], &text),
            false => Verdict::mutate(Value::from(text.as_str()).to_string(), finding),
        };
        let verdict = warnings.iter().fold(verdict, |verdict, warning| verdict.remark(warning.as_str()));
        let verdict = audit.iter().cloned().fold(verdict, |verdict, (key, value)| verdict.audit(key, value));
        let response = response(&verdict);

        prop_assert_eq!(&response["accepted"], &json!(!reject));
        let (key, expected) = match reject {
            true if text.is_empty() => ("message", first.clone()),
            true => ("message", format!("{first}\n\n{text}")),
            false => ("mutated_object", text.clone()),
        };
        prop_assert_eq!(&response[key], &json!(expected));
        let mut expected = HashMap::from([("rules".to_owned(), "size".to_owned())]);
        expected.extend(audit);
        prop_assert_eq!(&response["audit_annotations"], &json!(expected));
        prop_assert_eq!(response.as_object().expect("an object").len(), 4);

        let lines: Vec<String> = serde_json::from_value(response["warnings"].clone()).expect("strings");
        prop_assert!(lines.iter().all(|line| !line.contains(char::is_control)));
        let finding: Finding = SIZE.finding(path.clone(), text.clone());
        let first = match path.is_empty() {
            true => format!("{} [size]", finding.message),
            false => format!("{path}: {} [size]", finding.message),
        };
        let expected: Vec<_> = std::iter::once(first).chain(warnings).collect();
        prop_assert_eq!(lines.len(), expected.len());
        for (line, expected) in lines.iter().zip(&expected) {
            prop_assert_eq!(line.chars().count(), expected.chars().count());
            let is_kept = line.chars().zip(expected.chars()).all(|(a, b)| a == b || (b.is_control() && a == ' '));
            prop_assert!(is_kept, "{} became {}", expected, line);
        }
    }
}
