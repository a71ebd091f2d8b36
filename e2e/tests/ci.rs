//! Runs the README's examples for CI: the command, the GitHub action and the pre-commit hook. Also checks its
//! example policy for a cluster.

use std::fs;
use std::path::Path;
use std::process::Command;

use e2e::{Error, code_blocks, workspace};
use serde_json::Value;

const CLAIM: &str = "apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: app}
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: gp3
  resources: {requests: {storage: 1Gi}}
";

/// A part of the message about [`CLAIM`].
const MUTATED: &str = "`gp3` is not a K8TRE class";

/// Returns the code blocks of a language in a section of the README.
fn blocks(section: &str, language: &str) -> Result<String, Error> {
    let readme = fs::read_to_string(workspace::root().join("README.md"))?;
    let (_, rest) = readme
        .split_once(&format!("\n## {section}\n"))
        .ok_or_else(|| format!("the README has no section `{section}`"))?;
    let section = rest.split("\n## ").next().unwrap_or(rest);
    Ok(code_blocks(section, language).join("\n"))
}

fn yaml(path: &str) -> Result<Value, Error> {
    let text = fs::read(workspace::root().join(path))?;
    let mut documents = manifest::read(path, &text);
    Ok(documents.next().ok_or("an empty file")??.value()?)
}

/// Runs a script with `agnostics` on PATH, in a directory with a claim and manifests. Returns what it prints to
/// stdout and stderr, and its exit code.
fn shell(script: &str) -> Result<(String, Option<i32>), Error> {
    let dir = tempfile::tempdir()?;
    let file = |name: &str, text: &str| fs::write(dir.path().join(name), text);
    fs::create_dir(dir.path().join("manifests"))?;
    file("claim.yaml", CLAIM)?;
    file("manifests/claim.yaml", CLAIM)?;
    file("policy.yaml", &blocks("Cluster", "yaml")?)?;
    file("ci.yml", "on: push\njobs: {}\n")?;
    file("broken.yaml", "kind: [\n")?;
    let agnostics = workspace::program("agnostics")?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let own = agnostics.parent().map(Path::to_owned);
    let path = std::env::join_paths(own.into_iter().chain(std::env::split_paths(&path)))?;
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &format!("exec 2>&1\n{script}")])
        .current_dir(dir.path())
        .env("PATH", path)
        .env_remove("AGNOSTICS_MODULES")
        .env_remove("AGNOSTICS_PROFILE")
        .output()?;
    Ok((String::from_utf8(output.stdout)?, output.status.code()))
}

/// Runs a script that must succeed, and returns what it prints.
fn succeeds(script: &str) -> Result<String, Error> {
    let (printed, status) = shell(script)?;
    assert_eq!(status, Some(0), "{printed}");
    Ok(printed)
}

#[test]
fn the_readmes_policy_for_a_cluster_works() -> Result<(), Error> {
    let printed = succeeds("agnostics check claim.yaml --policies policy.yaml")?;
    assert!(printed.contains(MUTATED), "{printed}");
    Ok(())
}

#[test]
fn the_readmes_command_for_ci_works() -> Result<(), Error> {
    let command = blocks("CI", "sh")?;
    assert_eq!(command.matches("agnostics check").count(), 1, "{command}");
    let printed = succeeds(&command)?;
    assert!(printed.contains(MUTATED), "{printed}");
    Ok(())
}

#[test]
fn the_action_checks_its_paths() -> Result<(), Error> {
    let action = yaml("action.yml")?;
    let step = &action["runs"]["steps"][1];
    let script = step["run"].as_str().ok_or("no script")?;
    for name in ["PATHS", "PROFILE", "ARGUMENTS"] {
        assert!(step["env"][name].is_string(), "{name}");
    }
    let inputs =
        "export PATHS=$'manifests\\nclaim.yaml\\n' PROFILE=azure ARGUMENTS='--output text'";
    let printed = succeeds(&format!("{inputs}\n{script}"))?;
    assert!(printed.contains("manifests/claim.yaml:1"), "{printed}");
    assert!(printed.contains("\n2 objects: "), "{printed}");
    // The inputs in the README exist.
    let steps = blocks("CI", "yaml")?;
    let with = steps.split_once("with: { ").ok_or("no `with`")?.1;
    let inputs = action["inputs"].as_object().ok_or("no inputs")?;
    for input in with.split(" }").next().unwrap_or_default().split(", ") {
        let name = input.split(':').next().unwrap_or_default();
        assert!(inputs.contains_key(name), "{name}");
    }
    Ok(())
}

#[test]
fn the_pre_commit_hook_checks_its_files() -> Result<(), Error> {
    let hooks = yaml(".pre-commit-hooks.yaml")?;
    let entry = hooks[0]["entry"].as_str().ok_or("no entry")?;
    let printed = succeeds(&format!("{entry} manifests/claim.yaml"))?;
    assert!(printed.contains(MUTATED), "{printed}");
    // pre-commit passes every YAML file that a commit touches.
    succeeds(&format!("{entry} ci.yml"))?;
    let (printed, status) = shell(&format!("{entry} ci.yml broken.yaml"))?;
    assert_eq!(status, Some(2), "{printed}");
    assert!(
        printed.contains("broken.yaml:2:1: not valid YAML"),
        "{printed}"
    );
    let configured = blocks("CI", "yaml")?;
    let id = format!("id: {}", hooks[0]["id"].as_str().ok_or("no id")?);
    assert!(configured.contains(&id), "{configured}");
    Ok(())
}
