//! Errors of `agnostics render`. The tests of `e2e` verify the rendered manifests.

use crate::harness::{Dir, Run, program, root};

fn render(dir: &Dir, path: &str, arguments: &[&str]) -> Run {
    let mut command = program();
    let command = command
        .args(["render", "--profile", "k3s", "--env", "dev"])
        .args(arguments)
        .env("PATH", path);
    Run::of(command.current_dir(dir.path()))
}

/// Returns the manifests of this repository.
fn tree() -> String {
    root().join("bootstrap").display().to_string()
}

fn assert_error(run: &Run, expected: &str) {
    assert_eq!(run.code, 2);
    assert!(run.stderr.starts_with(expected), "{}", run.stderr);
    assert_eq!(run.stdout, "");
}

#[test]
fn without_manifests_it_lists_the_searched_directories() {
    let run = render(&Dir::new(), "", &[]);
    assert_error(&run, "error: no manifests found in `");
    assert!(
        run.stderr
            .ends_with("` or `bootstrap`; set their directory with --tree\n"),
        "{}",
        run.stderr
    );
}

#[test]
fn without_kustomize_it_is_an_error() {
    let run = render(&Dir::new(), "", &["--tree", &tree()]);
    assert_error(
        &run,
        "error: neither `kubectl` nor `kustomize` is on PATH; install one of them",
    );
}

#[test]
fn unknown_components_and_malformed_variables_are_errors() {
    let tree = tree();
    let with = |arguments: &[&str]| {
        let arguments = [&["--tree", &tree], arguments].concat();
        render(&Dir::new(), "", &arguments)
    };
    assert_error(
        &with(&["--component", "gatewy"]),
        "error: k3s has no component `gatewy`; use one of `external-secrets`, `storage-class`",
    );
    assert_error(
        &with(&["--var", "DOMAIN=a.b", "--var", "DOMAIN=c.d"]),
        "error: `DOMAIN` is set twice",
    );
    let run = with(&["--var", "DOMAIN"]);
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("expected NAME=VALUE"), "{}", run.stderr);
}

#[test]
fn a_directory_without_overlays_is_an_error() {
    let dir = Dir::new();
    let run = render(&dir, "", &["--tree", "."]);
    assert_error(&run, "error: `.` has no overlays for k3s\n");
}

#[test]
fn help_lists_variables() {
    let mut command = program();
    let run = Run::of(command.args(["render", "--help"]));
    assert_eq!(run.code, 0);
    assert!(
        run.stdout
            .contains("  DOMAIN\n          the domain of the cluster's apps\n          [example: dev.k8tre.org]\n"),
        "{}",
        run.stdout
    );
}
