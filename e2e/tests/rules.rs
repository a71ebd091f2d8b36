//! Checks the rules of all policies: each is declared once, documented, reported in a case, and has correct
//! examples.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests are tests"
)]

use std::collections::BTreeSet;

use admission::{Rule, Severity, Verdict};
use e2e::hosts::Native;
use e2e::{Case, Expected, code_blocks};
use serde_json::{Value, json};
use simulate::Finding;
use simulate::builtin::{self, POLICIES};

/// Returns the verdicts of a policy on its cases.
fn verdicts(policy: &str) -> Vec<(Case, Verdict)> {
    let cases = Case::all_of(policy).unwrap().into_iter();
    let cases = cases.filter(|case| case.request().is_some());
    cases
        .map(|case| {
            let verdict = Native::verdict(policy, &case).unwrap();
            (case, verdict)
        })
        .collect()
}

#[test]
fn ids_are_kebab_case_and_unique() {
    let mut ids = BTreeSet::new();
    for (_, rule) in builtin::rules() {
        let words: Vec<_> = rule.id.split('-').collect();
        let is_word = |word: &&str| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        assert!(words.iter().all(is_word), "{rule}");
        assert!(ids.insert(rule.id), "`{rule}` is declared twice");
    }
}

#[test]
fn every_rule_is_documented() {
    for (_, rule) in builtin::rules() {
        let summary = rule.summary();
        assert!(
            summary.ends_with('.') && summary.len() <= 120,
            "{rule}: {summary}"
        );
        let titles = ["What it checks", "Why", "Example", "Use instead"];
        for title in titles {
            let section = rule.section(title).unwrap_or_default();
            assert!(!section.is_empty(), "{rule}: no section `{title}`");
        }
        let documentation = rule.documentation();
        let headings = documentation
            .lines()
            .filter_map(|line| line.strip_prefix("## "));
        assert_eq!(headings.collect::<Vec<_>>(), titles, "{rule}");
    }
}

#[test]
fn every_rule_is_reported_in_a_case_and_every_report_has_a_declared_rule() {
    let mut reported = BTreeSet::new();
    for policy in POLICIES {
        let declared = || policy.rules.iter().chain(admission::SHARED_RULES);
        for (case, verdict) in verdicts(policy.name) {
            for finding in &verdict.findings {
                let rule = finding.rule;
                assert!(
                    declared().any(|it| *it == rule),
                    "{}: {rule} is not declared",
                    case.title()
                );
                reported.insert(rule.id);
            }
            let is_rejected = matches!(verdict.decision, admission::Decision::Reject(_));
            let has_error = verdict
                .findings
                .iter()
                .any(|it| it.severity == Severity::Error);
            assert_eq!(is_rejected, has_error, "{}", case.title());
        }
    }
    let declared: BTreeSet<_> = builtin::rules().map(|(_, rule)| rule.id).collect();
    assert_eq!(reported, declared);
}

/// Tools parse the findings from the lines of a response, and the audit annotation lists their rules.
#[test]
fn responses_carry_the_findings() {
    for policy in POLICIES {
        for (case, verdict) in verdicts(policy.name) {
            let response: Value = serde_json::from_slice(&verdict.to_response()).unwrap();
            let lines = |text: &str| {
                text.lines()
                    .take_while(|it| !it.is_empty())
                    .map(str::to_owned)
                    .collect()
            };
            let errors: Vec<String> = response["message"].as_str().map(lines).unwrap_or_default();
            let warnings = response["warnings"].as_array().into_iter().flatten();
            let warnings = warnings.map(|it| it.as_str().unwrap());
            // A rejection repeats its first line as a warning.
            let warnings = warnings.skip(usize::from(!errors.is_empty()));
            let read: Vec<_> = errors
                .iter()
                .filter_map(|line| Finding::parse(line, Severity::Error))
                .chain(warnings.filter_map(|line| Finding::parse(line, Severity::Warning)))
                .collect();
            let reported: Vec<_> = verdict.findings.iter().map(finding).collect();
            assert_eq!(read, reported, "{}", case.title());

            let mut ids: Vec<&str> = Vec::new();
            for it in &reported {
                if !ids.contains(&it.rule.as_str()) {
                    ids.push(&it.rule);
                }
            }
            let annotation = response["audit_annotations"]["rules"]
                .as_str()
                .unwrap_or_default();
            assert_eq!(annotation, ids.join(","), "{}", case.title());
        }
    }
}

fn finding(finding: &admission::Finding) -> Finding {
    Finding {
        rule: finding.rule.to_string(),
        severity: finding.severity,
        message: finding.message.replace(char::is_control, " "),
        path: finding.path.replace(char::is_control, " "),
    }
}

#[test]
fn every_example_breaks_its_rule_and_its_replacement_does_not() {
    for (policy, rule) in builtin::rules() {
        let reported = |title| {
            let example = Example::read(rule, title);
            let policies = POLICIES.iter().map(|it| it.name);
            let policies = policies.filter(|name| policy.is_none_or(|policy| policy == *name));
            let findings = policies.flat_map(|name| example.findings(name));
            findings.collect::<Vec<_>>()
        };
        let before = reported("Example");
        assert!(
            before.iter().any(|it| it.rule == rule),
            "{rule}: the example does not break it: {before:?}"
        );
        let after = reported("Use instead");
        assert!(
            after.iter().all(|it| it.rule != rule),
            "{rule}: the replacement breaks it: {after:?}"
        );
        let after_is_accepted = after.iter().all(|it| it.severity != Severity::Error);
        assert!(
            policy.is_none() || after_is_accepted,
            "{rule}: the replacement is rejected: {after:?}"
        );
    }
}

/// The manifests of an example in a rule's documentation.
struct Example {
    /// The settings of policies, from comments such as `# settings of POLICY: {…}`.
    settings: Vec<(String, Value)>,
    objects: Vec<Value>,
    /// The objects below the comment `# stored object`. An update replaces each with the object of the same
    /// name.
    stored: Vec<Value>,
}

impl Example {
    fn read(rule: Rule, title: &str) -> Self {
        let section = rule.section(title).unwrap();
        let blocks = code_blocks(&section, "yaml");
        let yaml = blocks.first().unwrap_or_else(|| panic!("{rule}: no YAML"));
        let mut example = Self {
            settings: Vec::new(),
            objects: Vec::new(),
            stored: Vec::new(),
        };
        for text in yaml.split("---\n") {
            for line in text.lines() {
                if let Some((policy, settings)) = line
                    .strip_prefix("# settings of ")
                    .and_then(|settings| settings.split_once(": "))
                {
                    let settings = value(rule, settings).unwrap();
                    example.settings.push((policy.to_owned(), settings));
                }
            }
            let objects = match text.lines().any(|line| line == "# stored object") {
                true => &mut example.stored,
                false => &mut example.objects,
            };
            objects.extend(value(rule, text));
        }
        example
    }

    /// Returns the findings of a policy about each object, while the other objects exist in the cluster.
    fn findings(&self, policy: &str) -> Vec<admission::Finding> {
        let settings = self.settings.iter().find(|(name, _)| name == policy);
        let settings = settings.map_or(json!({}), |(_, settings)| settings.clone());
        let valid =
            (builtin::policy(policy).unwrap().validate_settings)(settings.to_string().as_bytes());
        if valid != br#"{"valid":true}"# {
            // A policy with required settings, which an example of a rule of all policies does not have.
            return Vec::new();
        }
        let mut findings = Vec::new();
        for object in &self.objects {
            let same = |it: &&Value| {
                ["/kind", "/metadata/name"]
                    .iter()
                    .all(|at| it.pointer(at) == object.pointer(at))
            };
            let stored = self.stored.iter().find(same);
            let others = self.objects.iter().filter(|it| *it != object);
            let case = json!({
                "name": "example", "description": "", "expect": "accepted",
                "settings": settings,
                "cluster": others.collect::<Vec<_>>(),
                "operation": if stored.is_some() { "UPDATE" } else { "CREATE" },
                "object": object,
                "oldObject": stored,
            });
            let case: Case = serde_json::from_value(case).unwrap();
            findings.extend(Native::verdict(policy, &case).unwrap().findings);
        }
        findings
    }
}

fn value(rule: Rule, yaml: &str) -> Option<Value> {
    let documents: Result<Vec<_>, _> = manifest::read(rule.id, yaml.as_bytes()).collect();
    let documents = documents.unwrap_or_else(|error| panic!("{rule}: {error:?}"));
    documents.first().map(|document| document.value().unwrap())
}

/// Returns the rules that `disabledRules` accepts.
fn disableable(policy: &str) -> Vec<String> {
    let schema = (builtin::policy(policy).unwrap().settings_schema)().to_value();
    let rules = schema.pointer("/$defs/Rule/oneOf").into_iter();
    let rules = rules.flat_map(|rules| rules.as_array().unwrap());
    rules
        .map(|rule| rule["const"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_disabled_rule_reports_nothing() {
    let policies: Vec<_> = POLICIES
        .iter()
        .filter(|it| !disableable(it.name).is_empty())
        .collect();
    let names: Vec<_> = policies.iter().map(|policy| policy.name).collect();
    assert_eq!(names, ["hostname-ownership", "httproute-attachment"]);
    for policy in policies {
        let ids: Vec<_> = policy.rules.iter().map(|rule| rule.id).collect();
        assert_eq!(disableable(policy.name), ids);
        let cases = Case::all_of(policy.name).unwrap();
        for id in ids {
            let name = format!("off-{id}");
            let case = cases.iter().find(|case| case.name == name);
            let case = case.unwrap_or_else(|| panic!("{}: no case disables {id}", policy.name));
            let title = case.title();
            assert_eq!(case.expect, Expected::Accepted, "{title}");
            let disabled = case.settings["disabledRules"].as_array();
            assert!(
                disabled.is_some_and(|rules| rules.iter().any(|it| it == id)),
                "{title}: {id} is enabled"
            );
        }
    }
}
