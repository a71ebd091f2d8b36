//! `--modules` runs `.wasm` modules instead of the built-in policies.

use std::path::PathBuf;

use kubewarden::Metadata;

use crate::harness::{Dir, Run, claim, only_row, policy, program, root};

/// Returns the path of a file in `target/`, which `cargo xtask build` creates.
fn built(path: &str) -> PathBuf {
    let path = root().join("target").join(path);
    assert!(
        path.exists(),
        "{} is missing: run `cargo xtask build` first",
        path.display()
    );
    path
}

fn check_examples(arguments: &[&str]) -> Run {
    let mut command = program();
    let command = command
        .args(["check", "examples", "--output", "json"])
        .args(arguments);
    Run::of(command.current_dir(root()))
}

#[test]
fn modules_and_built_in_policies_give_the_same_report() {
    let modules = built("modules");
    let modules = modules.to_str().unwrap();
    for profile in ["azure", "aws", "k3s"] {
        let native = check_examples(&["--profile", profile]);
        let wasm = check_examples(&["--profile", profile, "--modules", modules]);
        assert_eq!(native.stdout, wasm.stdout, "{profile}");
        assert_eq!((native.code, wasm.code), (1, 1));
    }
}

/// Returns the module storage-class with another version in its metadata.
fn other_version(version: &str) -> Vec<u8> {
    let wasm = std::fs::read(built("modules/storage-class.wasm")).unwrap();
    let mut metadata = kubewarden::read(&wasm).unwrap().unwrap();
    let key = "io.kubewarden.policy.version".to_owned();
    metadata.annotations.insert(key, version.to_owned());
    kubewarden::write(&wasm, &metadata).unwrap()
}

#[test]
fn warns_if_the_pinned_version_differs_from_the_running_one() {
    let policies = policy("mine", &[]).replace(":v0.1.0", ":v7.0.0");
    let dir = Dir::with(&claim("gp3")).file("policies.yaml", policies);
    let run = dir.check(&["app.yaml", "--policies", "policies.yaml"]);
    assert_eq!(run.code, 0);
    let prefix = "warning: policies.yaml:2: policy `mine`: ";
    assert_eq!(
        run.stderr,
        format!(
            "{prefix}pins storage-class 7.0.0, but storage-class 0.1.0 runs here\n  \
             help: to run its module: `kwctl pull \
             registry://ghcr.io/k8tre/agnostics/storage-class:v7.0.0 --output-path \
             DIR/storage-class.wasm`, then `agnostics check --modules DIR`\n"
        )
    );

    let dir = dir.file("modules/storage-class.wasm", other_version("7.0.0"));
    let arguments = [
        "app.yaml",
        "--policies",
        "policies.yaml",
        "--modules",
        "modules",
    ];
    assert_eq!(dir.check(&arguments).stderr, "");
    let dir = dir.file("modules/storage-class.wasm", other_version("8.0.0"));
    let stderr = dir.check(&arguments).stderr;
    assert!(
        stderr.contains("pins storage-class 7.0.0, but storage-class 8.0.0 runs here"),
        "{stderr}"
    );
}

#[test]
fn an_address_without_a_version_pins_nothing() {
    for address in [
        "storage-class",
        "storage-class:latest",
        "storage-class@sha256:00",
    ] {
        let policies = policy("mine", &[]).replace("storage-class:v0.1.0", address);
        let dir = Dir::with(&claim("gp3")).file("policies.yaml", policies);
        let run = dir.check(&["app.yaml", "--policies", "policies.yaml"]);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{address}");
    }
}

/// Returns a directory with two policies, one of them with an unknown module.
fn with_unknown_module() -> Dir {
    let unknown = policy("theirs", &[]).replace("storage-class:v0.1.0", "approve-all:v1.2.0");
    let policies = policy("mine", &[]) + &unknown;
    Dir::with(&claim("gp3")).file("policies.yaml", policies)
}

#[test]
fn a_policy_without_code_is_reported_as_not_run() {
    let dir = with_unknown_module();
    let arguments = ["app.yaml", "--policies", "policies.yaml"];
    let run = dir.check(&arguments);
    assert_eq!(run.code, 0);
    let not_run = "policy `theirs`: not run: module `approve-all` is not built in";
    let help = "help: to run its module: `kwctl pull \
                registry://ghcr.io/k8tre/agnostics/approve-all:v1.2.0 --output-path DIR/approve-all.wasm`";
    assert!(run.stderr.contains(not_run), "{}", run.stderr);
    assert!(run.stderr.contains(help), "{}", run.stderr);
    assert!(run.stdout.contains(not_run), "{}", run.stdout);

    let report = dir.json(&["--policies", "policies.yaml"]);
    assert_eq!(report["notRun"], serde_json::json!([not_run]));
    assert_eq!(only_row(&report)["verdict"], "mutated");
}

#[test]
fn exits_with_2_if_no_policy_has_code() {
    let policies = policy("mine", &[]).replace("storage-class:v0.1.0", "approve-all");
    let dir = Dir::with(&claim("gp3")).file("policies.yaml", policies);
    let run = dir.check(&["app.yaml", "--policies", "policies.yaml"]);
    assert_eq!(run.code, 2);
    let expected =
        "error: policies.yaml:2: policy `mine`: not run: module `approve-all` is not built in\n";
    assert!(run.stderr.starts_with(expected), "{}", run.stderr);
    assert_eq!(run.stdout, "");
}

#[test]
fn third_party_modules_run() {
    let probe = std::fs::read(built("guests/probe.wasm")).unwrap();
    let probe = kubewarden::write(&probe, &Metadata::default()).unwrap();
    let settings = "settings: {do: {mutate: {apiVersion: v1, kind: PersistentVolumeClaim}}}";
    let policies = policy("theirs", &[settings]).replace("storage-class:v0.1.0", "probe:v1");
    let dir = Dir::with(&claim("gp3"))
        .file("policies.yaml", policies)
        .file("modules/probe.wasm", probe);
    let arguments = ["--policies", "policies.yaml", "--modules", "modules"];
    let row = only_row(&dir.json(&arguments));
    assert_eq!(row["module"], "probe");
    assert_eq!(row["verdict"], "mutated");

    let dir = dir.file("modules/probe.wasm", "not Wasm");
    let run = dir.check(&[
        "app.yaml",
        "--policies",
        "policies.yaml",
        "--modules",
        "modules",
    ]);
    assert_eq!(run.code, 2);
    assert!(
        run.stderr.contains("module `probe` is not WebAssembly"),
        "{}",
        run.stderr
    );
}
