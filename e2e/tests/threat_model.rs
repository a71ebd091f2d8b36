//! Checks the tables below `Doors` in docs/threat-model.md: what a rule closes there is closed in every profile.
//!
//! The first column has the kinds in backticks, as `resource.group`. The column `closed by` links to rules by
//! their ids, or states who else closes the door, or why it stays open. The column `shown by` has the cases in
//! backticks.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests are tests"
)]

use std::collections::BTreeMap;

use e2e::hosts::Native;
use e2e::{Case, code_spans, table_rows, workspace};
use serde_json::Value;
use simulate::builtin;
use simulate::kubewarden::{NAMESPACE_NAME_LABEL, kinds};
use simulate::{Builtin, Policies, Policy, Profile};

const PAGE: &str = "docs/threat-model.md";
const COLUMNS: [&str; 5] = ["kinds", "door", "who", "closed by", "shown by"];

/// The namespace of a project.
const NAMESPACE: &str = "project-a";

/// A row of the table.
struct Door {
    kinds: Vec<String>,
    name: String,
    closed_by: String,
    /// The links in `closed by`: ids of rules.
    rules: Vec<String>,
    cases: Vec<String>,
}

fn doors() -> Vec<Door> {
    let text = std::fs::read_to_string(workspace::root().join(PAGE)).expect(PAGE);
    let mut rows = table_rows(&text, "Doors");
    rows.retain(|cells| *cells != COLUMNS);
    let doors: Vec<_> = rows
        .into_iter()
        .map(|cells| {
            let [kinds, name, who, closed_by, shown_by] = cells.as_slice() else {
                panic!("{PAGE}: {} cells: {cells:?}", cells.len());
            };
            assert!(!who.is_empty(), "door `{name}`: `who` is empty");
            let rules = closed_by.split('[').skip(1);
            let rules = rules.filter_map(|it| it.split_once("](rules"));
            Door {
                kinds: code_spans(kinds),
                name: (*name).to_owned(),
                closed_by: (*closed_by).to_owned(),
                rules: rules
                    .map(|(id, _)| id.trim_matches('`').to_owned())
                    .collect(),
                cases: code_spans(shown_by),
            }
        })
        .collect();
    assert!(!doors.is_empty(), "{PAGE} has no doors");
    doors
}

#[test]
fn every_door_has_kinds_and_is_closed_or_has_a_reason() {
    for door in doors() {
        assert!(!door.kinds.is_empty(), "door `{}`: no kinds", door.name);
        let reason = door.closed_by.split_whitespace().count();
        assert!(
            !door.rules.is_empty() || reason >= 2,
            "door `{}`: `closed by` needs a link to a rule, or a reason",
            door.name
        );
    }
}

#[test]
fn the_rules_of_doors_exist_and_their_cases_report_them() {
    for door in doors() {
        let policies = door.policies();
        if policies.is_empty() {
            continue;
        }
        assert!(!door.cases.is_empty(), "door `{}`: no case", door.name);
        let mut reported = Vec::new();
        for name in &door.cases {
            let found = policies.iter().find_map(|policy| {
                let case = cases(policy).into_iter().find(|it| it.name == *name)?;
                Some((*policy, case))
            });
            let Some((policy, case)) = found else {
                panic!("door `{}`: no case `{name}` of {policies:?}", door.name);
            };
            let verdict = Native::verdict(policy, &case).expect("a verdict");
            let rules: Vec<_> = verdict
                .findings
                .iter()
                .map(|it| it.rule.id.to_owned())
                .collect();
            assert!(
                rules.iter().any(|rule| door.rules.contains(rule)),
                "door `{}`: case `{name}` of {policy} reports {rules:?}, not {:?}",
                door.name,
                door.rules
            );
            reported.extend(rules);
        }
        for rule in &door.rules {
            assert!(
                reported.contains(rule),
                "door `{}`: none of its cases reports `{rule}`",
                door.name
            );
        }
    }
}

#[test]
fn the_policies_of_every_profile_match_the_kinds_of_doors() {
    let name = (NAMESPACE_NAME_LABEL.to_owned(), NAMESPACE.to_owned());
    let labels = BTreeMap::from([name]);
    for profile in Profile::ALL {
        let (file, text) = profile.policies();
        let (policies, problems) = Policy::read_all(file, text);
        assert_eq!(problems, [], "{file}");
        let policies = Policies::load(policies, &mut Builtin).expect(file);
        for door in doors() {
            let expected = door.policies();
            if expected.is_empty() {
                continue;
            }
            for kind in &door.kinds {
                let row = format!(
                    "door `{}`, kind `{kind}`, profile {}",
                    door.name,
                    profile.name()
                );
                let object = door.object(kind).unwrap_or_else(|| {
                    panic!("{row}: no case of {expected:?} has an object of that kind")
                });
                for (operation, old) in [("CREATE", None), ("UPDATE", Some(&object))] {
                    let matching = policies.matching(&object, old, &labels);
                    let matching = matching.unwrap_or_else(|error| panic!("{row}: {error}"));
                    let matching: Vec<_> = matching.iter().map(|it| it.module_name()).collect();
                    assert!(
                        expected.iter().any(|policy| matching.contains(policy)),
                        "{row}: {operation} matches {matching:?}, none of {expected:?}"
                    );
                }
            }
        }
    }
}

impl Door {
    /// Returns the policies of the rules.
    fn policies(&self) -> Vec<&'static str> {
        let mut policies: Vec<_> = self.rules.iter().map(|id| self.policy_of(id)).collect();
        policies.sort_unstable();
        policies.dedup();
        policies
    }

    fn policy_of(&self, id: &str) -> &'static str {
        let (policy, _) = builtin::rules()
            .find(|(_, rule)| rule.id == id)
            .unwrap_or_else(|| panic!("door `{}`: no rule `{id}`", self.name));
        policy.unwrap_or_else(|| panic!("door `{}`: all policies share `{id}`", self.name))
    }

    /// Returns an object of a kind in a project's namespace: that of a case of the row, or of another case of
    /// its policies.
    fn object(&self, kind: &str) -> Option<Value> {
        let cases: Vec<Case> = self.policies().into_iter().flat_map(cases).collect();
        let (own, other): (Vec<_>, Vec<_>) = cases
            .into_iter()
            .partition(|it| self.cases.contains(&it.name));
        let objects = own.into_iter().chain(other).filter_map(|it| it.object);
        let mut objects = objects.filter(|object| resource(object).as_deref() == Some(kind));
        let mut object = objects.next()?;
        let (group, _) = kinds::group_version(object["apiVersion"].as_str()?);
        if !kinds::is_cluster_scoped(group, object["kind"].as_str()?) {
            object["metadata"]["namespace"] = NAMESPACE.into();
        }
        Some(object)
    }
}

/// Returns an object's `resource.group`, or `resource` in the core group.
fn resource(object: &Value) -> Option<String> {
    let (group, _) = kinds::group_version(object["apiVersion"].as_str()?);
    let resource = kinds::plural(object["kind"].as_str()?);
    Some(match group {
        "" => resource,
        group => format!("{resource}.{group}"),
    })
}

fn cases(policy: &str) -> Vec<Case> {
    Case::all_of(policy).expect(policy)
}
