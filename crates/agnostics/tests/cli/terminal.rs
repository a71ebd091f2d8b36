//! Colour, pipes and help.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::harness::{Dir, IMPOSSIBLE, Run, claim, program};

#[test]
fn no_colour_when_piped() {
    let dir = Dir::with(&format!("{}---\n{IMPOSSIBLE}---\nkind: x\n", claim("gp3")));
    let run = dir.check(&["app.yaml"]);
    assert!(run.stdout.contains("rejected") && run.stderr.contains("error"));
    assert!(!run.stdout.contains('\u{1b}'), "{:?}", run.stdout);
    assert!(!run.stderr.contains('\u{1b}'), "{:?}", run.stderr);
}

#[test]
fn colour_when_forced() {
    let dir = Dir::with(&claim("gp3"));
    let run = Run::of(
        program()
            .args(["check", "app.yaml"])
            .env("CLICOLOR_FORCE", "1")
            .current_dir(dir.path()),
    );
    assert!(
        run.stdout
            .contains("\u{1b}[31m-  storageClassName: gp3\u{1b}[0m\n"),
        "{:?}",
        run.stdout
    );
    assert!(
        run.stdout
            .contains("\u{1b}[32m+  storageClassName: rwo-default\u{1b}[0m\n"),
        "{:?}",
        run.stdout
    );
}

/// Control characters could control the terminal.
#[test]
fn control_characters_of_a_manifest_are_escaped() {
    let manifest = claim("\"gp3\\e[2J\"").replace("name: data", "name: \"data\\e[31m\\n\"");
    let dir = Dir::with(&format!("{manifest}---\n{{\"a\\eb\": 1, \"a\\eb\": 2}}\n"));
    let run = Run::of(
        program()
            .args(["check", "app.yaml", "--profile", "aws"])
            .env("CLICOLOR_FORCE", "1")
            .current_dir(dir.path()),
    );
    assert!(
        run.stdout.contains("app/data\\u{1b}[31m\\n"),
        "{:?}",
        run.stdout
    );
    assert!(!run.stdout.contains("\u{1b}[2J"), "{:?}", run.stdout);
    assert!(!run.stderr.contains("a\u{1b}b"), "{:?}", run.stderr);
}

/// `agnostics check … | head -1`.
#[test]
fn a_closed_pipe_is_not_an_error() {
    let stream = format!("{}---\n", claim("gp3")).repeat(500);
    let dir = Dir::with(&stream);
    let mut child = program()
        .args(["check", "app.yaml"])
        .current_dir(dir.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    // Closes the pipe, with everything read ahead.
    let mut pipe = BufReader::new(child.stdout.take().unwrap());
    pipe.read_line(&mut line).unwrap();
    drop(pipe);
    assert!(line.starts_with("mutated "), "{line}");
    let run = Run::from(child.wait_with_output().unwrap());
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
}

#[test]
fn help_documents_options_and_exit_codes() {
    let run = Run::of(program().args(["check", "--help"]));
    assert_eq!(run.code, 0);
    for expected in [
        "--profile",
        "azure",
        "aws",
        "k3s",
        "--policies",
        "--default-storage-class",
        "--output",
        "Exit codes:\n  0: nothing rejected\n  1: something rejected\n  2: usage or input error\n",
    ] {
        assert!(run.stdout.contains(expected), "{expected}: {}", run.stdout);
    }
    let run = Run::of(program().arg("--help"));
    assert_eq!(run.code, 0);
    assert!(run.stdout.contains("check"), "{}", run.stdout);
}

#[test]
fn version() {
    let run = Run::of(program().arg("--version"));
    let expected = format!("agnostics {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!((run.code, run.stdout), (0, expected));
}
