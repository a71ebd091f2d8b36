//! What the README has people type and write about published modules, with this registry in place of the
//! one that releases go to. What needs Sigstore's public instance or GitHub is not here.

use std::fs;
use std::process::Command;

use e2e::hosts::on_path;
use e2e::report::skip;
use e2e::{Error, workspace};
use serde_json::Value;

use crate::server::Server;
use crate::trial::{Run, Trial, run};
use crate::{with_published, with_registry};

const RELEASES: &str = "ghcr.io/k8tre/agnostics";
const OWN: &str = "registry.example.org/agnostics";

const CLAIM: &str = "apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: app}
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: gp3
  resources: {requests: {storage: 1Gi}}
";

/// The blocks of a language in a section of the README, with this registry.
fn blocks(trial: &Trial, section: &str, language: &str) -> Result<Vec<String>, Error> {
    let readme = fs::read_to_string(workspace::root().join("README.md"))?;
    let heading = format!("\n## {section}\n");
    let (_, rest) = readme
        .split_once(&heading)
        .ok_or_else(|| format!("the README has no section `{section}`"))?;
    let section = rest.split("\n## ").next().unwrap_or(rest);
    let opening = format!("```{language}\n");
    let found = section.split(&opening).skip(1);
    let blocks: Vec<String> = found
        .filter_map(|rest| rest.split_once("\n```"))
        .map(|(block, _)| {
            block
                .replace(RELEASES, &trial.place())
                .replace(OWN, &trial.place())
        })
        .collect();
    match blocks.is_empty() {
        true => Err(format!("no block of `{language}`").into()),
        false => Ok(blocks),
    }
}

/// Runs lines as a reader would, in a directory with a claim, manifests and a key.
fn shell(trial: &Trial, script: &str) -> Result<Run, Error> {
    fs::write(trial.path("claim.yaml"), CLAIM)?;
    fs::copy(trial.path("key.pub"), trial.path("cosign.pub"))?;
    let manifests = trial.path("manifests");
    fs::create_dir_all(&manifests)?;
    fs::write(manifests.join("claim.yaml"), CLAIM)?;
    let own = workspace::program("agnostics")?;
    let own = own.parent().ok_or("no directory")?.to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::iter::once(own).chain(std::env::split_paths(&path)))?;
    let mut bash: Command = trial.command("bash");
    bash.args(["-euo", "pipefail", "-c", script])
        .current_dir(trial.path("."))
        .env("PATH", path);
    run(&mut bash)
}

#[test]
fn use_it_with_kwctl() -> Result<(), Error> {
    if let Err(reason) = on_path("kwctl") {
        return skip(&reason);
    }
    with_published(|trial| {
        let blocks = blocks(trial, "Use it with kwctl", "sh")?;
        let [try_it, .., own] = blocks.as_slice() else {
            return Err("fewer blocks than there are to be".into());
        };
        let said = shell(trial, try_it)?.succeeded().stdout;
        assert!(
            said.contains("\"storage-class\":\"gp3 -> rwo-default\""),
            "{said}"
        );
        let verify = own.lines().filter(|line| line.starts_with("kwctl verify"));
        let verify: Vec<&str> = verify.collect();
        assert_eq!(verify.len(), 1, "{own}");
        let trust = trial.path("trust.json");
        let verify = format!(
            "{} --sigstore-trust-config {}",
            verify.concat(),
            trust.display()
        );
        shell(trial, &verify)?.succeeded();
        Ok(())
    })
}

/// The line that publishes, as `cargo xtask publish` hands it on once it has built the modules.
#[test]
fn a_registry_of_ones_own() -> Result<(), Error> {
    with_registry(|program| {
        let trial = Trial::new(Server::plain(program)?)?;
        let own = blocks(&trial, "Use it with kwctl", "sh")?.join("\n");
        let publish = own
            .lines()
            .find(|line| line.starts_with("cargo xtask publish "));
        let publish = publish.ok_or_else(|| format!("nothing is published:\n{own}"))?;
        let publish = publish.replace("cargo xtask publish", "publish --insecure modules/*.wasm");
        let made_by_cosign = workspace::root().join("crates/publish/tests");
        fs::copy(made_by_cosign.join("cosign.key"), trial.path("cosign.key"))?;
        fs::copy(made_by_cosign.join("cosign.pub"), trial.path("key.pub"))?;
        shell(&trial, &publish)?.failed(1, &["cosign.key", "goes into COSIGN_PASSWORD"]);
        let publish = format!("export COSIGN_PASSWORD='a throw-away password'\n{publish}");
        let said = shell(&trial, &publish)?.succeeded().stdout;
        assert!(
            said.contains("storage-class: pushed module, SBOM, provenance, signature, tag, "),
            "{said}"
        );
        let modules = trial.modules();
        let check =
            format!("agnostics check claim.yaml --insecure {modules} --verify-key cosign.pub");
        shell(&trial, &check)?.succeeded();
        Ok(())
    })
}

#[test]
fn use_it_on_a_cluster() -> Result<(), Error> {
    with_published(|trial| {
        let policy = blocks(trial, "Use it on a cluster", "yaml")?.concat();
        fs::write(trial.path("policy.yaml"), policy)?;
        let modules = trial.modules();
        let check =
            format!("agnostics check claim.yaml --policies policy.yaml --insecure {modules}");
        let said = shell(trial, &check)?.succeeded().stdout;
        assert!(said.contains("`gp3` is not a K8TRE class"), "{said}");
        Ok(())
    })
}

#[test]
fn use_it_in_ci() -> Result<(), Error> {
    with_published(|trial| {
        let commands = blocks(trial, "Use it in CI", "sh")?.concat();
        assert_eq!(commands.matches("agnostics check").count(), 1, "{commands}");
        let commands = commands.replace("agnostics check", "agnostics check --insecure");
        let said = shell(trial, &commands)?.succeeded().stdout;
        assert!(said.contains("`gp3` is not a K8TRE class"), "{said}");
        Ok(())
    })
}

fn yaml(path: &str) -> Result<Value, Error> {
    let path = workspace::root().join(path);
    let text = fs::read(&path)?;
    let name = path.to_string_lossy();
    let mut documents = manifest::read(&name, &text);
    Ok(documents.next().ok_or("an empty file")??.value()?)
}

#[test]
fn the_action_checks_what_it_is_given() -> Result<(), Error> {
    with_published(|trial| {
        let action = yaml("action.yml")?;
        let step = &action["runs"]["steps"][1];
        let script = step["run"].as_str().ok_or("no script")?;
        for name in ["PATHS", "PROFILE", "ARGUMENTS"] {
            assert!(step["env"][name].is_string(), "{name}");
        }
        let modules = trial.modules();
        let given = format!(
            "export PATHS=$'manifests\\nclaim.yaml\\n' PROFILE=azure ARGUMENTS='--insecure {modules}'\n{script}"
        );
        let said = shell(trial, &given)?.succeeded().stdout;
        assert!(said.contains("manifests/claim.yaml:1"), "{said}");
        assert!(said.contains("\n2 objects: "), "{said}");
        // The README names inputs that there are.
        let steps = blocks(trial, "Use it in CI", "yaml")?;
        let inputs = action["inputs"].as_object().ok_or("no inputs")?;
        let with = steps
            .iter()
            .find_map(|block| block.split_once("with: { "))
            .ok_or("no `with`")?
            .1;
        let with = with.split(" }").next().unwrap_or_default();
        for input in with.split(", ") {
            let name = input.split(':').next().unwrap_or_default();
            assert!(inputs.contains_key(name), "{name}");
        }
        Ok(())
    })
}

#[test]
fn the_hook_checks_the_files_it_is_given() -> Result<(), Error> {
    with_published(|trial| {
        let hooks = yaml(".pre-commit-hooks.yaml")?;
        let hook = &hooks[0];
        let entry = hook["entry"].as_str().ok_or("no entry")?;
        let modules = trial.modules();
        let command = format!("{entry} --insecure {modules} manifests/claim.yaml");
        let said = shell(trial, &command)?.succeeded().stdout;
        assert!(said.contains("`gp3` is not a K8TRE class"), "{said}");
        // pre-commit names every YAML file that a commit touches.
        fs::write(trial.path("ci.yml"), "on: push\njobs: {}\n")?;
        fs::write(trial.path("broken.yaml"), "kind: [\n")?;
        let others = format!("{entry} --insecure {modules} ci.yml");
        shell(trial, &others)?.succeeded();
        let broken = format!("{others} broken.yaml");
        shell(trial, &broken)?.failed(2, &["broken.yaml:2:1: not valid YAML"]);
        let configured = blocks(trial, "Use it in CI", "yaml")?.concat();
        let id = format!("id: {}", hook["id"].as_str().ok_or("no id")?);
        assert!(configured.contains(&id), "{configured}");
        Ok(())
    })
}
