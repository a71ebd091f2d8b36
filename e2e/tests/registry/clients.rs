//! The command line and Kubewarden's own programs with published policies.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use e2e::hosts::{Further, Host, Native, Origin, PolicyServer, on_path};
use e2e::report::{run_all, say, skip};
use e2e::{Case, Error, Expectation, Expected, Outcome, workspace};
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};

use crate::readme::{MIRROR, blocks};
use crate::trial::{TAG, Trial};

const CLAIM: &str = "apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: app}
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: gp3
  resources: {requests: {storage: 1Gi}}
";

#[test]
fn pulled_policies_give_the_verdicts_of_those_that_were_built() -> Result<(), Error> {
    let trial = Trial::all_published();
    for policy in &trial.policies {
        trial.ok(&format!(
            "oras pull --output pulled {}",
            trial.image(policy)
        ));
    }
    let agnostics = workspace::program("agnostics")?;
    let check = |modules: &str| {
        let options = format!("--profile azure --modules {modules}");
        let check = format!("{} check $ROOT/examples {options}", agnostics.display());
        trial.sh(&check).ended(1, "").stdout
    };
    let pulled = check("pulled");
    assert!(pulled.contains("storage-class: "), "{pulled}");
    assert_eq!(pulled, check("modules"));
    Ok(())
}

/// A registry that Kubewarden's programs are told of, and whose policies they may trust by key alone.
fn introduced() -> Result<Trial, Error> {
    let trial = Trial::all_published();
    let sources = json!({"insecure_sources": [trial.server.host()]}).to_string();
    fs::write(trial.path("sources.yml"), &sources)?;
    // Where kwctl looks by itself.
    fs::create_dir_all(trial.path("config/kubewarden"))?;
    fs::write(trial.path("config/kubewarden/sources.yaml"), &sources)?;
    // In place of the roots of Sigstore's public instance, which Kubewarden would fetch. It wants an authority.
    let authority = CertificateParams::default().self_signed(&KeyPair::generate()?)?;
    let trust = json!({
        "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
        "trustedRoot": {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [],
            "certificateAuthorities": [{
                "subject": {"organization": "nobody", "commonName": "nobody"},
                "uri": "https://localhost",
                "certChain": {"certificates": [{"rawBytes": STANDARD.encode(authority.der())}]},
                "validFor": {"start": "2020-01-01T00:00:00Z"},
            }],
            "ctlogs": [],
            "timestampAuthorities": [],
        },
    });
    fs::write(trial.path("trust.json"), trust.to_string())?;
    Ok(trial)
}

#[test]
fn kwctl_pulls_inspects_verifies_and_runs_them() -> Result<(), Error> {
    if let Err(reason) = on_path("kwctl") {
        return skip(&reason);
    }
    let trial = introduced()?;
    for policy in &trial.policies {
        let address = format!("registry://{}", trial.image(policy));
        trial.ok(&format!(
            "kwctl pull {address} --output-path {policy}.wasm
            cmp {policy}.wasm modules/{policy}.wasm; kwctl pull {address}"
        ));
        let shown = trial.ok(&format!("kwctl inspect {address} --show-signatures"));
        let readme = fs::read_to_string(workspace::module_dir(policy).join("README.md"))?;
        let heading = readme.lines().next().unwrap_or_default();
        for part in [
            policy,
            "Apache-2.0",
            "Rules",
            "Usage",
            heading.trim_start_matches("# "),
            "Sigstore signatures",
            "dev.cosignproject.cosign/signature",
        ] {
            assert!(shown.contains(part), "`{part}` is not in:\n{shown}");
        }
        let verify = format!("kwctl verify {address} --sigstore-trust-config trust.json -k");
        trial.ok(&format!("{verify} cosign.pub"));
        let other = trial.sh(&format!("{verify} other.pub"));
        other.ended(1, "cannot be validated");

        // One case that needs no cluster shows that what was pulled runs; all of them run in `cases`.
        let cases = Case::all_of(policy)?;
        let mut plain = cases.iter().filter(|case| case.cluster.is_empty());
        let case = plain.find(|case| case.request().is_some() && !case.object.is_none());
        let case = case.ok_or_else(|| format!("{policy} has no plain case"))?;
        fs::write(
            trial.path("request.json"),
            case.request_or_any().0.to_string(),
        )?;
        fs::write(trial.path("settings.json"), case.settings.to_string())?;
        let options = "--request-path request.json --settings-json \"$(cat settings.json)\"";
        let answer = trial.json(&format!("kwctl run {address} {options} || true"));
        let rejected = case.expect == Expected::Rejected;
        assert_eq!(answer["allowed"], !rejected, "{policy}/{}", case.name);
    }
    Ok(())
}

#[test]
fn the_readme_uses_kwctl() -> Result<(), Error> {
    if let Err(reason) = on_path("kwctl") {
        return skip(&reason);
    }
    let trial = introduced()?;
    fs::write(trial.path("claim.yaml"), CLAIM)?;
    let place = trial.place();
    let printed = trial.ok(&blocks("Use it with kwctl", &place, &place)[0]);
    let audit = "\"storage-class\":\"gp3 -> rwo-default\"";
    assert!(printed.contains(audit), "{printed}");
    let mirror = blocks(MIRROR, &place, &place).concat();
    let verify = mirror.lines().find(|line| line.starts_with("kwctl verify"));
    let verify = verify.ok_or("the README verifies nothing")?;
    trial.ok(&format!("{verify} --sigstore-trust-config trust.json"));
    Ok(())
}

/// The policies of `bootstrap/policies`, by profile, with the variables filled in that whoever installs them
/// sets.
fn policies_of_profiles() -> Result<Vec<Further>, Error> {
    let mut policies = Vec::new();
    for profile in ["azure", "aws", "k3s"] {
        let file = format!("bootstrap/policies/{profile}/base/policies.yaml");
        let text = fs::read_to_string(workspace::root().join(&file))?;
        let text = text.replace("${DOMAIN}", "research.example.org");
        assert!(!text.contains("${"), "{file}: a variable is left");
        for document in manifest::read(&file, text.as_bytes()) {
            let policy = document?.value()?;
            let spec = policy["spec"].clone();
            let name = policy["metadata"]["name"].as_str().unwrap_or_default();
            let image = Path::new(spec["module"].as_str().unwrap_or_default()).file_name();
            let image = image.unwrap_or_default().to_string_lossy();
            let module = image.split(':').next().unwrap_or_default().to_owned();
            let id = format!("{profile}-{name}");
            policies.push(Further { id, module, spec });
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
    let trial = introduced()?;
    let key = fs::read_to_string(trial.path("cosign.pub"))?;
    let verification = json!({"apiVersion": "v1", "allOf": [{"kind": "pubKey", "key": key}]});
    fs::write(trial.path("verification.yml"), verification.to_string())?;
    let files = ["sources.yml", "verification.yml", "trust.json"].map(|file| trial.path(file));
    let options = [
        "--sources-path",
        "--verification-path",
        "--sigstore-trust-config",
    ];
    let options = options.iter().zip(&files);
    let options: Vec<_> = options
        .flat_map(|(name, file)| [name.as_ref(), file.as_os_str()])
        .collect();
    let origin = Origin::registry(&trial.place(), TAG, &options);
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
}
