//! Paths are expanded to files, and a problem with one path does not affect the others.

mod trees;

use manifest::Severity;
use manifest::walk::{load, walk};
use trees::{files, problems, skipped, tree};

#[test]
fn the_files_of_a_directory_are_sorted() {
    let root = tree(&[
        "b.yaml",
        "a.yml",
        "c/d.json",
        "c/a.yaml",
        "README.md",
        "x.txt",
        ".git/config.yaml",
        ".hidden.yaml",
    ]);
    let found = walk([root.path()]);
    assert_eq!(
        files(&found, root.path()),
        ["a.yml", "b.yaml", "c/a.yaml", "c/d.json"]
    );
    assert!(found.problems.is_empty());
    assert_eq!(load(&found.files[0]).unwrap(), b"# a.yml\n");
}

#[test]
fn given_files_are_included_whatever_their_name() {
    let root = tree(&["kustomization.yaml", "x.txt", ".hidden.yaml"]);
    let paths = ["x.txt", "kustomization.yaml", ".hidden.yaml"].map(|it| root.path().join(it));
    assert_eq!(walk(&paths).files, paths);
}

#[test]
fn files_of_kustomize_and_helm_are_skipped() {
    let root = tree(&[
        "app/kustomization.yaml",
        "app/app.yaml",
        "chart/Chart.yaml",
        "chart/values.yaml",
        "chart/templates/a.yaml",
        "chart/crds/b.yaml",
        "templates/c.yaml",
    ]);
    let found = walk([root.path()]);
    assert_eq!(
        files(&found, root.path()),
        ["app/app.yaml", "chart/crds/b.yaml", "templates/c.yaml"]
    );
    assert_eq!(
        skipped(&found, root.path()),
        [
            "app/kustomization.yaml",
            "chart/Chart.yaml",
            "chart/values.yaml"
        ]
    );
    assert_eq!(
        problems(&found, root.path()),
        [
            "warning chart/templates: skipped the templates of this Helm chart: they are not manifests until rendered"
        ]
    );
    assert!(
        found.problems[0]
            .help
            .as_ref()
            .unwrap()
            .starts_with("render the chart first: `helm template ")
    );
}

#[test]
fn a_directory_without_manifests_is_an_error() {
    let root = tree(&["a/x.txt", "b/kustomization.yaml", "c/c.yaml"]);
    let found = walk(["a", "b", "c"].map(|it| root.path().join(it)));
    assert_eq!(files(&found, root.path()), ["c/c.yaml"]);
    assert_eq!(
        problems(&found, root.path()),
        [
            "error a: this directory contains no manifests",
            "error b: this directory contains no manifests, only files such as `kustomization.yaml`",
        ]
    );
    assert!(
        found.problems[1]
            .help
            .as_ref()
            .unwrap()
            .contains("kubectl kustomize")
    );
}

#[test]
fn a_missing_path_does_not_affect_the_others() {
    let root = tree(&["a.yaml"]);
    let found = walk(["none.yaml", "a.yaml"].map(|it| root.path().join(it)));
    assert_eq!(files(&found, root.path()), ["a.yaml"]);
    assert_eq!(
        problems(&found, root.path()),
        ["error none.yaml: no such file or directory"]
    );
    let problem = load(&root.path().join("none.yaml")).unwrap_err();
    assert_eq!(
        (problem.severity, problem.message.as_str()),
        (Severity::Error, "no such file or directory")
    );
    // A directory cannot be read as a file.
    let problem = load(root.path()).unwrap_err();
    assert!(problem.message.starts_with("cannot be read: "), "{problem}");
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_broken_links_are_errors() {
    use std::os::unix::fs::symlink;

    let root = tree(&["real/a.yaml", "links/b.yaml"]);
    let links = root.path().join("links");
    symlink(root.path().join("real"), links.join("c")).unwrap();
    symlink("nowhere", links.join("d.yaml")).unwrap();
    symlink("..", links.join("e")).unwrap();
    symlink("f.yaml", links.join("f.yaml")).unwrap();
    let found = walk([&links]);
    assert_eq!(
        files(&found, root.path()),
        ["links/b.yaml", "links/c/a.yaml", "links/e/real/a.yaml"]
    );
    assert_eq!(
        problems(&found, root.path()),
        [
            "error links/d.yaml: this symbolic link is broken: it points to `nowhere`, which does not exist",
            "error links/e/links: this symbolic link points to a directory that contains it",
            "error links/f.yaml: this symbolic link points back to itself",
        ]
    );
}
