//! Where a policy has rules that can be switched off, each is in the README, rejects something in a case, and
//! rejects nothing in the case where it is off.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers of tests are tests"
)]

use std::fs;

use e2e::{Case, Expected, workspace};
use simulate::builtin::{BuiltinPolicy, POLICIES};

/// The rules that `disabledRules` takes, in the order of their declaration.
fn rules(policy: &BuiltinPolicy) -> Vec<String> {
    let schema = (policy.settings_schema)().to_value();
    let rules = schema.pointer("/$defs/Rule/oneOf").into_iter();
    let rules = rules.flat_map(|rules| rules.as_array().unwrap());
    rules
        .map(|rule| rule["const"].as_str().unwrap().to_owned())
        .collect()
}

fn policies() -> Vec<(&'static str, Vec<String>)> {
    let policies = POLICIES
        .iter()
        .map(|policy| (policy.name, rules(policy)))
        .filter(|(_, rules)| !rules.is_empty());
    let policies: Vec<_> = policies.collect();
    let names: Vec<_> = policies.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["hostname-ownership", "httproute-attachment"]);
    policies
}

#[test]
fn the_readme_has_a_row_for_each_rule_in_their_order() {
    for (policy, rules) in policies() {
        let readme = workspace::module_dir(policy).join("README.md");
        let readme = fs::read_to_string(readme).unwrap();
        let rows = readme
            .lines()
            .skip_while(|line| !line.starts_with("| rule |"));
        let rows = rows.skip(2).take_while(|line| line.starts_with('|'));
        let rows: Vec<_> = rows.filter_map(|row| row.split('`').nth(1)).collect();
        assert_eq!(rows, rules, "{policy}");
    }
}

#[test]
fn every_rule_rejects_in_a_case_and_not_where_it_is_off() {
    for (policy, rules) in policies() {
        let cases = Case::all_of(policy).unwrap();
        for rule in rules {
            let rejection = format!(" [{rule}]");
            let mut messages = cases.iter().filter_map(|case| case.message.as_deref());
            assert!(
                messages.any(|message| message.contains(&rejection)),
                "{policy}: {rule} rejects nothing"
            );
            let mut off = cases
                .iter()
                .filter(|case| case.name == format!("off-{rule}"));
            let off = off
                .next()
                .unwrap_or_else(|| panic!("{policy}: {rule} is nowhere off"));
            let title = off.title();
            assert_eq!(off.expect, Expected::Accepted, "{title}");
            let disabled = off.settings["disabledRules"].as_array();
            assert!(
                disabled.is_some_and(|rules| rules.iter().any(|it| *it == rule)),
                "{title}: {rule} is not off"
            );
        }
    }
}
