//! Every rule is in the README, refuses something in a case, and can be switched off.
#![allow(clippy::expect_used, reason = "helpers of tests are tests")]

use std::fs;
use std::path::{Path, PathBuf};

use httproute_attachment::Rule;

fn module() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

#[test]
fn the_readme_has_a_row_for_each_rule_in_their_order() {
    let readme = read(&module().join("README.md"));
    let rows = readme
        .lines()
        .skip_while(|line| !line.starts_with("| rule |"));
    let rows = rows.skip(2).take_while(|line| line.starts_with('|'));
    let rows: Vec<_> = rows.filter_map(|row| row.split('`').nth(1)).collect();
    assert_eq!(rows, Rule::ALL.map(Rule::name));
}

#[test]
fn every_rule_refuses_in_a_case_and_not_where_it_is_off() {
    let entries = fs::read_dir(module().join("cases")).expect("there are cases");
    let cases: Vec<_> = entries
        .filter_map(|entry| entry.ok())
        .map(|entry| read(&entry.path().join("case.yaml")))
        .collect();
    for rule in Rule::ALL {
        let name = rule.name();
        let refusal = format!(" [{name}]");
        assert!(
            cases.iter().any(|case| case.contains(&refusal)),
            "{name} refuses nothing"
        );
        let off = read(&module().join(format!("cases/off-{name}/case.yaml")));
        assert!(off.contains("expect: accepted"), "{name} is nowhere off");
        assert!(
            off.contains(&format!("- {name}\n")),
            "{name} is not off in its case"
        );
    }
}
