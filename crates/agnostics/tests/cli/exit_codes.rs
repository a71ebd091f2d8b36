//! Exit codes, on which scripts depend.

use crate::harness::{Dir, IMPOSSIBLE, claim};

#[test]
fn exits_with_0_if_nothing_is_rejected() {
    let run = Dir::with(&claim("gp3")).check(&["app.yaml"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
}

#[test]
fn exits_with_1_if_something_is_rejected() {
    let run = Dir::with(&format!("{}---\n{IMPOSSIBLE}", claim("gp3"))).check(&["app.yaml"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
}

#[test]
fn exits_with_2_for_errors_and_rejections() {
    for output in ["text", "json"] {
        let run = Dir::with(IMPOSSIBLE).check(&["app.yaml", "missing.yaml", "--output", output]);
        assert_eq!(run.code, 2);
        assert!(run.stdout.contains("rejected"), "{}", run.stdout);
    }
}

#[test]
fn exits_with_2_without_objects() {
    let run = Dir::with("apiVersion: v1\nkind: List\nitems: []\n").check(&["app.yaml"]);
    assert_eq!(run.code, 2);
    assert_eq!(
        run.stderr,
        "error: app.yaml: no Kubernetes objects found\n  \
         help: pass files or directories with rendered manifests\n"
    );
}

#[test]
fn exits_with_2_for_usage_errors() {
    let dir = Dir::with(&claim("gp3"));
    for (arguments, expected) in [
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
        assert!(
            run.stderr.contains(expected),
            "{arguments:?}: {}",
            run.stderr
        );
        assert_eq!(run.stdout, "", "{arguments:?}");
    }
}

#[test]
fn exits_with_2_if_the_modules_directory_is_missing() {
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
fn an_environment_variable_sets_the_profile() {
    let dir = Dir::with(&claim("rwo-default"));
    let mut command = crate::harness::program();
    let command = command.args(["check", "app.yaml"]).current_dir(dir.path());
    let run = crate::harness::Run::of(command.env("AGNOSTICS_PROFILE", "aws"));
    assert_eq!(run.code, 0);
    assert!(!run.stdout.contains("profile"), "{}", run.stdout);
    let run = crate::harness::Run::of(command.env("AGNOSTICS_PROFILE", "gke"));
    assert_eq!(run.code, 2);
}
