//! Selection of the files to read.

use std::os::unix::fs::symlink;
use std::process::Command;

use crate::harness::{Dir, Run, claim, program};

#[test]
fn a_file_reached_by_several_paths_is_read_once() {
    let dir = Dir::new().file("app/claim.yaml", claim("rwo-default"));
    symlink("claim.yaml", dir.path().join("app/link.yaml")).unwrap();
    let run = dir.check(&["app/claim.yaml", "app", "./app/claim.yaml"]);
    assert!(
        run.stdout
            .starts_with("accepted  PersistentVolumeClaim app/data  app/claim.yaml:1\n1 object:"),
        "{}",
        run.stdout
    );
}

#[test]
fn only_manifests_skips_named_files_that_are_not_manifests() {
    let dir = Dir::new()
        .file("claim.yaml", claim("rwo-default"))
        .file("ci.yml", "on: push\njobs: {}\n")
        .file("Chart.yaml", "apiVersion: v2\nname: app\n")
        .file(".pre-commit-config.yaml", "repos: []\n")
        .file("untyped.yaml", "metadata: {name: x}\nspec: {}\n");
    let others = ["ci.yml", "Chart.yaml", ".pre-commit-config.yaml"];
    assert_eq!(dir.check(&others).code, 2);
    let with = |more: &[&str]| dir.check(&[&["--only-manifests"], &others[..], more].concat());
    let none = with(&[]);
    assert_eq!(none.code, 0, "{}", none.stderr);
    assert!(none.stdout.starts_with("0 objects: "), "{}", none.stdout);
    let one = with(&["claim.yaml"]);
    assert_eq!(one.code, 0, "{}", one.stderr);
    assert!(one.stdout.contains("\n1 object: "), "{}", one.stdout);
    // Files that may be broken manifests and missing files are still errors.
    for invalid in ["untyped.yaml", "gone.yaml"] {
        assert_eq!(with(&[invalid]).code, 2, "{invalid}");
    }
}

#[test]
fn directories_are_read_in_alphabetical_order() {
    let dir = Dir::new()
        .file("app/b.yml", claim("rwo-default"))
        .file("app/a/z.json", r#"{"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "z"}, "spec": {"accessModes": ["ReadWriteOnce"], "storageClassName": "rwo-default"}}"#)
        .file("app/notes.txt", "not read")
        .file("app/.hidden.yaml", "not read");
    let run = dir.check(&["app"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let files: Vec<&str> = (run.stdout.lines())
        .filter(|line| line.starts_with("accepted"))
        .filter_map(|line| line.split("  ").last())
        .collect();
    assert_eq!(files, ["app/a/z.json:1", "app/b.yml:1"]);
}

/// As in `agnostics check <(helm template …)`. A pipe can be read only once, but policies that select
/// namespaces by label need two passes over the input.
#[test]
fn a_pipe_can_be_checked() {
    let dir = Dir::new()
        .file("policy.yaml", crate::harness::policy("by-team", &["namespaceSelector: {matchLabels: {team: a}}"]))
        .file("claim.yaml", format!("{}---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: app, labels: {{team: a}}}}\n", claim("gp3")));
    let fifo = dir.path().join("fifo");
    let made = Command::new("mkfifo").arg(&fifo).status().unwrap();
    assert!(made.success());
    let text = std::fs::read(dir.path().join("claim.yaml")).unwrap();
    let writer = std::thread::spawn(move || std::fs::write(fifo, text).unwrap());
    let run = Run::of(
        program()
            .args(["check", "fifo", "--policies", "policy.yaml"])
            .current_dir(dir.path()),
    );
    writer.join().unwrap();
    assert!(
        run.stdout.contains("2 objects: 1 accepted, 1 mutated"),
        "{}{}",
        run.stdout,
        run.stderr
    );
}
