//! Kubewarden's own programs against the registry.

use std::fs;
use std::path::Path;

use e2e::hosts::{Further, Host, Native, Origin, PolicyServer, on_path};
use e2e::report::{run_all, say, skip};
use e2e::{Case, Error, Expectation, Expected, Outcome, workspace};
use serde_json::{Value, json};

use crate::trial::{Run, TAG, Trial, run};
use crate::with_published;

fn kwctl(trial: &Trial, program: &Path, arguments: &[&str]) -> Result<Run, Error> {
    let mut kwctl = trial.command(program);
    run(kwctl.args(arguments))
}

#[test]
fn kwctl_pulls_inspects_and_verifies_them() -> Result<(), Error> {
    let program = match on_path("kwctl") {
        Ok(program) => program,
        Err(reason) => return skip(&reason),
    };
    with_published(|trial| {
        let kwctl = |arguments: &[&str]| kwctl(trial, &program, arguments);
        for module in Native::modules() {
            let address = format!("registry://{}/{module}:{TAG}", trial.place());
            let copy = trial.path(&format!("{module}.wasm"));
            let path = copy.display().to_string();
            kwctl(&["pull", &address, "--output-path", &path])?.succeeded();
            let same = fs::read(&copy)? == fs::read(trial.module(module))?;
            assert!(same, "{module} came as other bytes than were pushed");

            kwctl(&["pull", &address])?.succeeded();
            let inspect = ["inspect", &address, "--show-signatures"];
            let shown = kwctl(&inspect)?.succeeded().stdout;
            let readme = fs::read_to_string(workspace::module_dir(module).join("README.md"))?;
            let heading = readme.lines().next().unwrap_or_default();
            let parts = [
                module,
                "Apache-2.0",
                "Rules",
                "Usage",
                heading.trim_start_matches("# "),
                "Sigstore signatures",
                "dev.cosignproject.cosign/signature",
            ];
            for part in parts {
                assert!(shown.contains(part), "`{part}` is not in:\n{shown}");
            }
            let trust = trial.path("trust.json").display().to_string();
            let verify = |key: &str| {
                let key = trial.path(key).display().to_string();
                let with_key = [
                    "verify",
                    &address,
                    "-k",
                    &key,
                    "--sigstore-trust-config",
                    &trust,
                ];
                kwctl(&with_key)
            };
            verify("key.pub")?.succeeded();
            verify("other.pub")?.failed(1, &["cannot be validated"]);
        }
        Ok(())
    })
}

#[test]
fn kwctl_runs_them_from_the_registry() -> Result<(), Error> {
    let program = match on_path("kwctl") {
        Ok(program) => program,
        Err(reason) => return skip(&reason),
    };
    with_published(|trial| {
        for module in Native::modules() {
            // One case that needs no cluster shows that what was pulled runs; all of them run in `cases`.
            let cases = Case::all_of(module)?;
            let mut plain = cases.iter().filter(|case| case.cluster.is_empty());
            let case = plain.find(|case| case.request().is_some() && !case.object.is_none());
            let case = case.ok_or_else(|| format!("{module} has no plain case"))?;
            let request = trial.path("request.json");
            fs::write(&request, case.request_or_any().0.to_string())?;
            let address = format!("registry://{}/{module}:{TAG}", trial.place());
            let mut command = trial.command(&program);
            command
                .args([
                    "run",
                    &address,
                    "--settings-json",
                    &case.settings.to_string(),
                ])
                .arg("--request-path")
                .arg(&request);
            let said = run(&mut command)?;
            let answer: Value = serde_json::from_str(&said.stdout)
                .map_err(|cause| format!("{cause}:\n{}\n{}", said.stdout, said.stderr))?;
            let rejected = case.expect == Expected::Rejected;
            assert_eq!(answer["allowed"], !rejected, "{module}/{}", case.name);
        }
        Ok(())
    })
}

/// The policies of `bootstrap/policies`, by profile, with the variables that whoever installs them fills in.
fn policies_of_profiles() -> Result<Vec<Further>, Error> {
    let mut policies = Vec::new();
    for profile in ["azure", "aws", "k3s"] {
        let file =
            workspace::root().join(format!("bootstrap/policies/{profile}/base/policies.yaml"));
        let text = fs::read_to_string(&file)?.replace("${DOMAIN}", "research.example.org");
        assert!(
            !text.contains("${"),
            "{}: a variable is left",
            file.display()
        );
        for document in manifest::read(&file.to_string_lossy(), text.as_bytes()) {
            let policy = document?.value()?;
            let spec = policy["spec"].clone();
            let address = spec["module"].as_str().unwrap_or_default();
            let reference = registry::Reference::parse(address)?;
            policies.push(Further {
                id: format!(
                    "{profile}-{}",
                    policy["metadata"]["name"].as_str().unwrap_or_default()
                ),
                module: reference.name().to_owned(),
                spec,
            });
        }
    }
    Ok(policies)
}

#[test]
fn the_policy_server_loads_them_verified_and_gives_the_verdicts_of_the_corpus() -> Result<(), Error>
{
    let program = match PolicyServer::find() {
        Ok(program) => program,
        Err(reason) => return skip(&reason),
    };
    with_published(|trial| {
        let key = fs::read_to_string(trial.path("key.pub"))?;
        let verification = json!({"apiVersion": "v1", "allOf": [{"kind": "pubKey", "key": key}]});
        let config = trial.path("verification.yml");
        fs::write(&config, verification.to_string())?;
        let (sources, trust) = (trial.path("sources.yml"), trial.path("trust.json"));
        let arguments = [
            "--sources-path".as_ref(),
            sources.as_os_str(),
            "--verification-path".as_ref(),
            config.as_os_str(),
            "--sigstore-trust-config".as_ref(),
            trust.as_os_str(),
        ];
        let origin = Origin::registry(&trial.place(), TAG, &arguments);
        let modules: Vec<&str> = Native::modules().collect();
        let profiles = policies_of_profiles()?;
        let server = PolicyServer::start(&program, &modules, &origin, &profiles)?;
        run_all(&server)?;
        let (mut asked, mut held) = (0, 0);
        for Further { id, module, spec } in &profiles {
            let settings = spec.get("settings").cloned().unwrap_or(Value::Null);
            let before = asked;
            for case in Case::all_of(module)? {
                if case.request().is_none() || server.unfit(&case).is_some() {
                    continue;
                }
                // A policy whose settings are wrong says so, to every request.
                let outcome = server.ask(id, &case)?;
                let is_verdict = matches!(outcome, Outcome::Verdict { .. });
                assert!(is_verdict, "{id}: {outcome:?}");
                asked += 1;
                if case.settings == settings {
                    let complaints = Expectation(&case).complaints(&outcome);
                    assert_eq!(complaints, Vec::<String>::new(), "{id}: {}", case.name);
                    held += 1;
                }
            }
            assert!(asked > before, "{id}: no case to ask about");
        }
        assert!(held > 0, "no case has the settings of a profile");
        say(&format!(
            "policies of the profiles: {asked} cases, {held} of them with its settings"
        ))
    })
}
