//! Input that cannot be read is reported with its location and does not affect other input.

use std::os::unix::fs::symlink;

use crate::harness::{Dir, claim};

/// Checks `path` and a valid file. Asserts standard error and the number of accepted objects.
fn assert_reported(dir: Dir, path: &str, stderr: &str, expected: usize) {
    let dir = dir.file("good.yaml", claim("rwo-default"));
    let run = dir.check(&[path, "good.yaml", "--profile", "k3s"]);
    assert_eq!(run.stderr, stderr);
    assert_eq!(run.code, 2, "{path}");
    let accepted = run
        .stdout
        .lines()
        .filter(|line| line.starts_with("accepted "))
        .count();
    assert_eq!(accepted, expected, "{path}: {}", run.stdout);
    assert!(run.stdout.contains("1 error"), "{path}: {}", run.stdout);
}

/// Checks a broken document followed by a valid one in the same file.
fn assert_document_reported(broken: &str, stderr: &str) {
    let dir = Dir::with(&format!("{broken}---\n{}", claim("rwo-default")));
    assert_reported(dir, "app.yaml", stderr, 2);
}

#[test]
fn not_yaml() {
    assert_document_reported(
        "apiVersion: v1\nkind: [\n",
        "error: app.yaml:3:1: not valid YAML: while parsing a node, did not find expected node content\n",
    );
}

#[test]
fn tabs() {
    assert_document_reported(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n\tname: x\n",
        "error: app.yaml:4:1: a tab is used for indentation, which YAML forbids\n  \
         help: replace the tab with spaces\n",
    );
}

#[test]
fn binary() {
    assert_reported(
        Dir::new().file("app.yaml", b"\x7fELF\x02\x01\x01\x00\x00"),
        "app.yaml",
        "error: app.yaml:1: this is a binary file, not YAML: it contains a NUL byte\n",
        1,
    );
}

#[test]
fn an_empty_file() {
    for text in ["", "\n", "# nothing\n---\n# here\n"] {
        assert_reported(
            Dir::with(text),
            "app.yaml",
            "error: app.yaml:1: empty, or contains only comments\n",
            1,
        );
    }
}

#[test]
fn an_empty_file_in_a_directory_is_only_a_warning() {
    let dir = Dir::new()
        .file("app/off.yaml", "# a: b\n")
        .file("app/on.yaml", claim("rwo-default"));
    let run = dir.check(&["app"]);
    assert_eq!(
        run.stderr,
        "warning: app/off.yaml:1: empty, or contains only comments\n"
    );
    assert_eq!(run.code, 0);
}

#[test]
fn a_directory_without_manifests() {
    assert_reported(
        Dir::new().file("docs/readme.txt", "text"),
        "docs",
        "error: docs: this directory contains no manifests\n  \
         help: manifests are files that end in `.yaml`, `.yml` or `.json`\n",
        1,
    );
}

#[test]
fn a_document_without_kind() {
    assert_document_reported(
        "apiVersion: v1\nmetadata: {name: x}\n",
        "error: app.yaml:1: this object has no `kind`\n  \
         help: every object needs `apiVersion` and `kind`\n",
    );
}

#[test]
fn duplicate_keys() {
    assert_document_reported(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  name: y\n",
        "error: app.yaml:5:3: duplicate key `name`, first defined on line 4\n",
    );
}

#[test]
fn unresolved_placeholders_are_a_warning() {
    let manifest =
        claim("rwo-default").replace("name: data", "name: data, labels: {d: '${DOMAIN}'}");
    let run = Dir::with(&manifest).check(&["app.yaml"]);
    assert_eq!(
        run.stderr,
        "warning: app.yaml:3: unresolved placeholder: `${DOMAIN}` (line 3)\n  \
         help: substitute it first, for example with `envsubst`; otherwise it is read as text\n"
    );
    assert_eq!(run.code, 0);
    assert!(run.stdout.contains("1 accepted"), "{}", run.stdout);
}

#[test]
fn a_list_with_a_broken_item() {
    let item = "- apiVersion: v1\n  kind: PersistentVolumeClaim\n  metadata: {name: x}\n  \
                spec: {accessModes: [ReadWriteOnce], storageClassName: rwo-default}\n";
    let list = format!("apiVersion: v1\nkind: List\nitems:\n{item}- metadata: {{name: y}}\n{item}");
    assert_reported(
        Dir::with(&list),
        "app.yaml",
        "error: app.yaml:8: item 1 of the list: this object has no `apiVersion`\n  \
         help: every object needs `apiVersion` and `kind`\n",
        3,
    );
}

/// Root can read every file, so this uses one that the kernel fails to read: nothing is mapped at the start
/// of a process's memory.
#[cfg(target_os = "linux")]
#[test]
fn an_unreadable_file() {
    let dir = Dir::new();
    symlink("/proc/self/mem", dir.path().join("app.yaml")).unwrap();
    assert_reported(
        dir,
        "app.yaml",
        "error: app.yaml: cannot be read: Input/output error (os error 5)\n",
        1,
    );
}

#[test]
fn a_missing_path() {
    assert_reported(
        Dir::new(),
        "app.yaml",
        "error: app.yaml: no such file or directory\n",
        1,
    );
}

#[test]
fn a_broken_symlink() {
    let dir = Dir::new();
    symlink("nowhere.yaml", dir.path().join("app.yaml")).unwrap();
    assert_reported(
        dir,
        "app.yaml",
        "error: app.yaml: this symbolic link is broken: it points to `nowhere.yaml`, which does not exist\n",
        1,
    );
}

#[test]
fn a_document_that_is_too_large() {
    let text = "x".repeat(3 * 1024 * 1024);
    let broken = format!("apiVersion: v1\nkind: ConfigMap\ndata:\n  a: {text}\n");
    assert_document_reported(
        &broken,
        "error: app.yaml:1: this document is too large: 3.0 MiB (3145771 bytes)\n  \
         help: the API server accepts requests of up to 3 MiB, so it cannot be applied\n",
    );
}

#[test]
fn an_alias_bomb() {
    let mut bomb =
        "apiVersion: v1\nkind: ConfigMap\ndata:\n  a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..12 {
        let alias = format!("*a{}", level - 1);
        let aliases = [alias.as_str(); 9].join(",");
        bomb.push_str(&format!("  a{level}: &a{level} [{aliases}]\n"));
    }
    let dir = Dir::with(&format!("{bomb}---\n{}", claim("rwo-default")))
        .file("good.yaml", claim("rwo-default"));
    let run = dir.check(&["app.yaml", "good.yaml"]);
    assert!(run.stderr.starts_with("error: app.yaml:"), "{}", run.stderr);
    assert!(
        run.stderr
            .contains(": aliases make this document expand too far\n"),
        "{}",
        run.stderr
    );
    assert_eq!(run.code, 2);
    assert!(
        run.stdout.contains("2 objects: 2 accepted"),
        "{}",
        run.stdout
    );
}

/// Reads 50 MB in 25,000 documents and reports the last one.
#[test]
fn a_very_long_stream() {
    let filler = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: filler}}\ndata:\n  text: {}\n---\n",
        "lorem ipsum ".repeat(167)
    );
    let mut stream = filler.repeat(25_000);
    assert!(stream.len() > 50_000_000);
    stream.push_str(&claim("gp3"));
    let run = Dir::with(&stream).check(&["app.yaml", "--output", "json"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let report = run.json();
    assert_eq!(report["summary"]["objects"], 25_001);
    assert_eq!(report["summary"]["mutated"], 1);
    assert_eq!(run.row()["line"], 150_001);
}

#[test]
fn an_unknown_kind_is_accepted() {
    let run = Dir::with("apiVersion: example.org/v1\nkind: Widget\n").check(&["app.yaml"]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    assert!(
        run.stdout.starts_with("1 object: 1 accepted"),
        "{}",
        run.stdout
    );
}
