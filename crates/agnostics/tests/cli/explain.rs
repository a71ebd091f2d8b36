//! `agnostics explain`.

use crate::harness::{Run, program};

fn explain(arguments: &[&str]) -> Run {
    Run::of(program().arg("explain").args(arguments))
}

#[test]
fn a_rule_is_explained_with_its_policy_and_examples() {
    let run = explain(&["parent-ports"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let start = "# parent-ports\n\nRule of policy httproute-attachment.\n\n";
    assert!(run.stdout.starts_with(start), "{}", run.stdout);
    let headings: Vec<_> = (run.stdout.lines())
        .filter_map(|line| line.strip_prefix("## "))
        .collect();
    assert_eq!(
        headings,
        ["What it checks", "Why", "Example", "Use instead"]
    );
}

#[test]
fn an_id_can_be_copied_from_a_message_with_its_brackets() {
    let bare = explain(&["malformed-input"]);
    let copied = explain(&["[malformed-input]"]);
    assert!(
        bare.stdout.contains("\nRule of every policy.\n"),
        "{}",
        bare.stdout
    );
    assert_eq!(copied.stdout, bare.stdout);
}

#[test]
fn without_an_id_all_rules_are_listed() {
    let run = explain(&[]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let line = |start: &str| run.stdout.lines().find(|line| line.starts_with(start));
    for policy in ["hostname-ownership", "storage-class", "every policy"] {
        assert_eq!(line(policy), Some(policy), "{}", run.stdout);
    }
    let rule = line("  parent-ports ").unwrap_or_default();
    assert!(rule.ends_with("sets `port`."), "{}", run.stdout);
}

#[test]
fn an_unknown_id_is_an_error_with_a_suggestion() {
    for (id, help) in [
        ("unknown-clas", "did you mean `unknown-class`?"),
        ("gp3", "`agnostics explain` lists all rules"),
    ] {
        let run = explain(&[id]);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""));
        let expected = format!("error: {id}: is not the id of a rule\n  help: {help}\n");
        assert_eq!(run.stderr, expected);
    }
}
