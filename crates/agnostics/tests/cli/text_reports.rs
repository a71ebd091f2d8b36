//! The text report, word for word.

use std::path::Path;

use crate::harness::{Dir, Run, program, root};

/// Compares a report with `tests/reports/<name>.txt`.
fn assert_report(name: &str, run: &Run) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/reports")
        .join(name)
        .with_extension("txt");
    let found = format!("{}exit code {}\n", run.stdout, run.code);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, found).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "{} differs from the report:\n{found}\nto accept the change, run \
         `UPDATE_EXPECT=1 cargo test --release -p agnostics --test cli text_reports`",
        path.display()
    );
}

fn examples(arguments: &[&str]) -> Run {
    let run = Run::of(
        program()
            .args(["check", "examples"])
            .args(arguments)
            .current_dir(root()),
    );
    assert_eq!(run.stderr, "");
    run
}

#[test]
fn examples_on_azure() {
    assert_report("examples-azure", &examples(&["--profile", "azure"]));
}

#[test]
fn examples_on_aws() {
    assert_report("examples-aws", &examples(&["--profile", "aws"]));
}

#[test]
fn examples_on_k3s() {
    assert_report("examples-k3s", &examples(&["--profile", "k3s"]));
}

#[test]
fn without_profile_the_report_ends_with_the_default() {
    assert_report("examples-no-profile", &examples(&[]));
}

#[test]
fn diffs_of_lists_json_aliases_and_several_claims() {
    let dir = Dir::new()
        .file(
            "list.yaml",
            "# Two claims.\n\
             apiVersion: v1\n\
             kind: List\n\
             items:\n  \
               - apiVersion: v1\n    \
                 kind: PersistentVolumeClaim\n    \
                 metadata: {name: first}\n    \
                 spec: {accessModes: [ReadWriteOnce], storageClassName: gp3} # AWS\n  \
               - spec:\n      \
                   accessModes:\n        \
                     - ReadWriteMany\n    \
                 apiVersion: v1\n    \
                 kind: PersistentVolumeClaim\n    \
                 metadata: {generateName: second-}\n",
        )
        .file(
            "list.json",
            r#"{
    "apiVersion": "v1",
    "kind": "List",
    "items": [
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {
                "name": "of-json"
            },
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": "gp3"
            }
        }
    ]
}
"#,
        )
        .file(
            "anchor.yaml",
            "apiVersion: v1\n\
             kind: PersistentVolumeClaim\n\
             metadata: &meta {name: by-alias, annotations: {class: &class gp3}}\n\
             spec: {accessModes: [ReadWriteOnce], storageClassName: *class}\n",
        )
        .file(
            "merge.yaml",
            "apiVersion: v1\n\
             kind: List\n\
             shared: &shared\n  \
               apiVersion: v1\n  \
               kind: PersistentVolumeClaim\n  \
               metadata: {name: by-merge}\n  \
               spec: {accessModes: [ReadWriteOnce], storageClassName: gp3}\n\
             items:\n  \
               - *shared\n  \
               - {<<: *shared, metadata: {name: merged}}\n",
        )
        .file(
            "several.yaml",
            "apiVersion: v1\n\
             kind: Pod\n\
             spec:\n  \
               volumes:\n    \
                 - ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], storageClassName: gp3}}}\n    \
                 - ephemeral: {volumeClaimTemplate: {spec: {accessModes: [yes], storageClassName: gp3}}}\n    \
                 - ephemeral: {volumeClaimTemplate: {}}\n",
        );
    let files = [
        "list.yaml",
        "list.json",
        "anchor.yaml",
        "merge.yaml",
        "several.yaml",
    ];
    let run = dir.check(&[&files[..], &["--profile", "aws"]].concat());
    assert_eq!(run.stderr, "");
    assert_report("diffs", &run);
}
