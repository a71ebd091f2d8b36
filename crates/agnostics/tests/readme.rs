//! Runs the commands in the `console` blocks of README files and compares their output with the README.
//! `TRYCMD=overwrite cargo test --test readme` updates the READMEs.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use trycmd::cargo::cargo_bin;

#[test]
fn readme_commands_print_the_documented_output() {
    // READMEs assume the root of the repository.
    std::env::set_current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")).unwrap();
    let agnostics = cargo_bin!("agnostics");
    let tests = trycmd::TestCases::new();
    tests.register_bin("target/release/agnostics", agnostics);
    tests.case("README.md");
    tests.case("docs/ingress-nginx.md");

    let path = std::env::var("PATH").unwrap_or_default();
    let dir = tempfile::tempdir().unwrap();
    if std::env::split_paths(&path).any(|dir| dir.join("kubectl").is_file()) {
        // trycmd does not support pipelines. The READMEs' pipelines start with kubectl, so this wrapper passes
        // the whole line to a shell.
        let kubectl = dir.path().join("kubectl");
        let programs = agnostics.parent().unwrap().display();
        let script = format!("#!/bin/sh\nPATH='{programs}:{path}' exec sh -c \"kubectl $*\"\n");
        fs::write(&kubectl, script).unwrap();
        fs::set_permissions(&kubectl, fs::Permissions::from_mode(0o755)).unwrap();
        tests.register_bin("kubectl", &kubectl);
        tests.case("bootstrap/README.md");
    } else {
        // The test runner would capture `println!`.
        let skipped = "skipped: bootstrap/README.md needs `kubectl`, which is not on PATH";
        writeln!(std::io::stdout(), "{skipped}").unwrap();
    }
    tests.run();
}
