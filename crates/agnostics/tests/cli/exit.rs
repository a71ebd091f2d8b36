//! Exit statuses, which scripts go by.

use crate::run::{Dir, IMPOSSIBLE, claim};

#[test]
fn zero_where_nothing_is_rejected() {
    let run = Dir::with(&claim("gp3")).check(&["app.yaml"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn one_where_something_is_rejected() {
    let run = Dir::with(&format!("{}---\n{IMPOSSIBLE}", claim("gp3"))).check(&["app.yaml"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
}

#[test]
fn two_wins_over_one() {
    for output in ["text", "json"] {
        let run = Dir::with(IMPOSSIBLE).check(&["app.yaml", "missing.yaml", "--output", output]);
        assert_eq!(run.code, 2);
        assert!(run.stdout.contains("rejected"), "{}", run.stdout);
    }
}

#[test]
fn two_where_there_is_no_object() {
    let run = Dir::with("apiVersion: v1\nkind: List\nitems: []\n").check(&["app.yaml"]);
    assert_eq!(run.code, 2);
    assert_eq!(
        run.stderr,
        "error: app.yaml: no Kubernetes objects in here\n  \
         help: name files or directories of rendered manifests\n"
    );
}

#[test]
fn two_for_a_command_line_that_makes_no_sense() {
    let dir = Dir::with(&claim("gp3"));
    for (arguments, said) in [
        (
            &["app.yaml", "--profile", "gke"][..],
            "[possible values: azure, aws, k3s]",
        ),
        (
            &["app.yaml", "--output", "xml"][..],
            "[possible values: text, json, sarif, junit, github]",
        ),
        (&[][..], "<PATH>..."),
        (&["app.yaml", "--unknown"][..], "--unknown"),
    ] {
        let run = dir.check(arguments);
        assert_eq!(run.code, 2, "{arguments:?}");
        assert!(run.stderr.contains(said), "{arguments:?}: {}", run.stderr);
        assert_eq!(run.stdout, "", "{arguments:?}");
    }
}

#[test]
fn two_where_the_directory_of_modules_is_missing() {
    let dir = Dir::with(&claim("gp3"));
    let run = dir.check(&["app.yaml", "--profile", "k3s", "--modules", "nowhere"]);
    assert_eq!(run.code, 2);
    assert_eq!(
        run.stderr,
        "error: --modules: `nowhere` is not a directory\n"
    );
    assert_eq!(run.stdout, "");
}

#[test]
fn the_profile_may_come_from_the_environment() {
    let dir = Dir::with(&claim("rwo-default"));
    let mut command = crate::run::program();
    let command = command.args(["check", "app.yaml"]).current_dir(dir.path());
    let run = crate::run::Run::of(command.env("AGNOSTICS_PROFILE", "aws"));
    assert_eq!(run.code, 0);
    assert!(!run.stdout.contains("profile"), "{}", run.stdout);
    let run = crate::run::Run::of(command.env("AGNOSTICS_PROFILE", "gke"));
    assert_eq!(run.code, 2);
}
