//! `agnostics render`: what it says where it cannot render. What it renders is held by the tests of `e2e`.

use crate::run::{Dir, Run, program, root};

fn render(dir: &Dir, path: &str, arguments: &[&str]) -> Run {
    let mut command = program();
    let command = command
        .args(["render", "--profile", "k3s", "--env", "dev"])
        .args(arguments)
        .env("PATH", path);
    Run::of(command.current_dir(dir.path()))
}

/// The tree of this repository.
fn tree() -> String {
    root().join("bootstrap").display().to_string()
}

fn assert_refused(run: &Run, said: &str) {
    assert_eq!(run.code, 2);
    assert!(run.stderr.starts_with(said), "{}", run.stderr);
    assert_eq!(run.stdout, "");
}

#[test]
fn without_manifests_it_names_the_places_where_it_looked() {
    let run = render(&Dir::new(), "", &[]);
    assert_refused(&run, "error: there are no manifests in `");
    assert!(
        run.stderr
            .ends_with("` nor in `bootstrap`: name their directory with --tree\n"),
        "{}",
        run.stderr
    );
}

#[test]
fn without_kustomize_it_says_so() {
    let run = render(&Dir::new(), "", &["--tree", &tree()]);
    assert_refused(
        &run,
        "error: neither `kubectl` nor `kustomize` is on PATH: install one of them",
    );
}

#[test]
fn a_component_or_value_that_cannot_be_right() {
    let tree = tree();
    let with = |arguments: &[&str]| {
        let arguments = [&["--tree", &tree], arguments].concat();
        render(&Dir::new(), "", &arguments)
    };
    assert_refused(
        &with(&["--component", "gatewy"]),
        "error: `gatewy` is no component of k3s, which has `external-secrets`, `storage-class`",
    );
    assert_refused(
        &with(&["--var", "DOMAIN=a.b", "--var", "DOMAIN=c.d"]),
        "error: `DOMAIN` is given twice",
    );
    let run = with(&["--var", "DOMAIN"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("write NAME=VALUE"), "{}", run.stderr);
}

#[test]
fn a_directory_that_is_no_tree() {
    let dir = Dir::new();
    let run = render(&dir, "", &["--tree", "."]);
    assert_refused(&run, "error: `.` has no overlay of k3s\n");
}

#[test]
fn help_lists_the_variables() {
    let mut command = program();
    let run = Run::of(command.args(["render", "--help"]));
    assert_eq!(run.code, 0);
    assert!(
        run.stdout
            .contains("DOMAIN                             the domain of the cluster's apps; such as `dev.k8tre.org`"),
        "{}",
        run.stdout
    );
}
