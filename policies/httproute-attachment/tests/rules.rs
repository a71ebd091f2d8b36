//! Every rule is in the README, refuses something in a case, and can be switched off.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests"
)]

use std::fs;
use std::path::{Path, PathBuf};

use httproute_attachment::Rule;
use serde_json::Value;

fn module() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The cases of a topic, as they are written.
fn read(topic: &Path) -> Vec<Value> {
    let source = fs::read(topic).expect("it can be read");
    let file = topic.to_string_lossy();
    let mut documents = manifest::read(&file, &source);
    let document = documents.next().expect("a document").expect("YAML");
    let cases = document.value().expect("YAML")["cases"].take();
    serde_json::from_value(cases).expect("a list")
}

fn cases() -> Vec<Value> {
    let entries = fs::read_dir(module().join("cases")).expect("there are cases");
    let topics = entries.map(|entry| entry.expect("it is there").path());
    topics.flat_map(|topic| read(&topic)).collect()
}

#[test]
fn the_readme_has_a_row_for_each_rule_in_their_order() {
    let readme = fs::read_to_string(module().join("README.md")).expect("there is a README");
    let rows = readme
        .lines()
        .skip_while(|line| !line.starts_with("| rule |"));
    let rows = rows.skip(2).take_while(|line| line.starts_with('|'));
    let rows: Vec<_> = rows.filter_map(|row| row.split('`').nth(1)).collect();
    assert_eq!(rows, Rule::ALL.map(Rule::name));
}

#[test]
fn every_rule_refuses_in_a_case_and_not_where_it_is_off() {
    let cases = cases();
    let named = |name: &str| cases.iter().find(|case| case["name"] == name);
    for rule in Rule::ALL {
        let name = rule.name();
        let refusal = format!(" [{name}]");
        let mut messages = cases.iter().filter_map(|case| case["message"].as_str());
        assert!(
            messages.any(|message| message.contains(&refusal)),
            "{name} refuses nothing"
        );
        let off = named(&format!("off-{name}")).expect("there is a case without the rule");
        assert_eq!(off["expect"], "accepted", "{name} is nowhere off");
        let disabled = off["settings"]["disabledRules"].as_array();
        assert!(
            disabled.is_some_and(|rules| rules.iter().any(|rule| rule == name)),
            "{name} is not off in its case"
        );
    }
}
