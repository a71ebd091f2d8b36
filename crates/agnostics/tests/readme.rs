//! The commands in README files: what a reader types in a `console` block is run, and what the README shows of
//! its output is compared. `TRYCMD=overwrite cargo test --test readme` writes what it has become.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use trycmd::cargo::cargo_bin;

#[test]
fn the_commands_in_the_readmes_do_what_is_shown() {
    // Where the reader is.
    std::env::set_current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")).unwrap();
    let agnostics = cargo_bin!("agnostics");
    let tests = trycmd::TestCases::new();
    tests.register_bin("target/release/agnostics", agnostics);
    tests.case("README.md");

    let path = std::env::var("PATH").unwrap_or_default();
    let dir = tempfile::tempdir().unwrap();
    if std::env::split_paths(&path).any(|dir| dir.join("kubectl").is_file()) {
        // trycmd runs no pipelines, of which kubectl is the start: the shell gets the line as it is.
        let kubectl = dir.path().join("kubectl");
        let programs = agnostics.parent().unwrap().display();
        let script = format!("#!/bin/sh\nPATH='{programs}:{path}' exec sh -c \"kubectl $*\"\n");
        fs::write(&kubectl, script).unwrap();
        fs::set_permissions(&kubectl, fs::Permissions::from_mode(0o755)).unwrap();
        tests.register_bin("kubectl", &kubectl);
        tests.case("bootstrap/README.md");
    } else {
        // Not by `println!`, which the test runner keeps to itself.
        let skipped = "skipped: `kubectl` is not on PATH, which bootstrap/README.md shows";
        writeln!(std::io::stdout(), "{skipped}").unwrap();
    }
    tests.run();
}
