//! Tests of the command line and of Kubewarden's programs with published policies.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use e2e::hosts::{ExtraPolicy, Host, ModuleSource, Native, PolicyServer, on_path};
use e2e::report::{print_line, print_skipped, run_all};
use e2e::{Case, Error, Expectation, Expected, Outcome, workspace};
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};

use crate::fixture::{Fixture, TAG};
use crate::readme::{MIRROR, blocks};

const CLAIM: &str = "apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: app}
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: gp3
  resources: {requests: {storage: 1Gi}}
";

#[test]
fn pulled_policies_return_the_same_verdicts_as_built_ones() -> Result<(), Error> {
    let fixture = Fixture::all_published();
    for policy in &fixture.policies {
        fixture.ok(&format!(
            "oras pull --output pulled {}",
            fixture.image(policy)
        ));
    }
    let agnostics = workspace::program("agnostics")?;
    let check = |modules: &str| {
        let options = format!("--profile azure --modules {modules}");
        let check = format!("{} check $ROOT/examples {options}", agnostics.display());
        fixture.sh(&check).assert_exit(1, "").stdout
    };
    let pulled = check("pulled");
    assert!(pulled.contains("storage-class: "), "{pulled}");
    assert_eq!(pulled, check("modules"));
    Ok(())
}

/// Publishes all policies, and configures Kubewarden's programs to use the registry and to verify by key only.
fn published_for_kubewarden() -> Result<Fixture, Error> {
    let fixture = Fixture::all_published();
    let sources = json!({"insecure_sources": [fixture.server.host()]}).to_string();
    fs::write(fixture.path("sources.yml"), &sources)?;
    // The default path of kwctl.
    fs::create_dir_all(fixture.path("config/kubewarden"))?;
    fs::write(fixture.path("config/kubewarden/sources.yaml"), &sources)?;
    // Replaces the trust root of Sigstore's public instance, which Kubewarden would fetch. It requires a CA.
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
    fs::write(fixture.path("trust.json"), trust.to_string())?;
    Ok(fixture)
}

#[test]
fn kwctl_pulls_inspects_verifies_and_runs_policies() -> Result<(), Error> {
    if let Err(reason) = on_path("kwctl") {
        return print_skipped(&reason);
    }
    let fixture = published_for_kubewarden()?;
    for policy in &fixture.policies {
        let address = format!("registry://{}", fixture.image(policy));
        fixture.ok(&format!(
            "kwctl pull {address} --output-path {policy}.wasm
            cmp {policy}.wasm modules/{policy}.wasm; kwctl pull {address}"
        ));
        let shown = fixture.ok(&format!("kwctl inspect {address} --show-signatures"));
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
        fixture.ok(&format!("{verify} cosign.pub"));
        let other = fixture.sh(&format!("{verify} other.pub"));
        other.assert_exit(1, "cannot be validated");

        // Runs one case without look-ups. The test `cases` runs all of them.
        let cases = Case::all_of(policy)?;
        let mut plain = cases.iter().filter(|case| case.cluster.is_empty());
        let case = plain.find(|case| case.request().is_some() && !case.object.is_none());
        let case = case.ok_or_else(|| format!("{policy} has no plain case"))?;
        fs::write(
            fixture.path("request.json"),
            case.request_or_any().0.to_string(),
        )?;
        fs::write(fixture.path("settings.json"), case.settings.to_string())?;
        let options = "--request-path request.json --settings-json \"$(cat settings.json)\"";
        let answer = fixture.json(&format!("kwctl run {address} {options} || true"));
        let rejected = case.expect == Expected::Rejected;
        assert_eq!(answer["allowed"], !rejected, "{policy}/{}", case.name);
    }
    Ok(())
}

#[test]
fn documented_kwctl_commands_work() -> Result<(), Error> {
    if let Err(reason) = on_path("kwctl") {
        return print_skipped(&reason);
    }
    let fixture = published_for_kubewarden()?;
    fs::write(fixture.path("claim.yaml"), CLAIM)?;
    let location = fixture.location();
    let blocks_of_readme = blocks("README.md", &location, &location);
    let run = blocks_of_readme.iter().find(|it| it.contains("kwctl run"));
    let printed = fixture.ok(run.ok_or("the README has no `kwctl run`")?);
    let audit = "\"storage-class\":\"gp3 -> rwo-default\"";
    assert!(printed.contains(audit), "{printed}");
    let mirror = blocks(MIRROR, &location, &location).concat();
    let verify = mirror.lines().find(|line| line.starts_with("kwctl verify"));
    let verify = verify.ok_or("docs/air-gapped.md has no `kwctl verify`")?;
    fixture.ok(&format!("{verify} --sigstore-trust-config trust.json"));
    Ok(())
}

/// Returns the policies of `bootstrap/policies` for every profile, with their variables filled in.
fn policies_of_profiles() -> Result<Vec<ExtraPolicy>, Error> {
    let mut policies = Vec::new();
    for profile in ["azure", "aws", "k3s"] {
        let file = format!("bootstrap/policies/{profile}/base/policies.yaml");
        let text = fs::read_to_string(workspace::root().join(&file))?;
        let text = text.replace("${DOMAIN}", "research.example.org");
        assert!(!text.contains("${"), "{file}: unknown variable");
        for document in manifest::read(&file, text.as_bytes()) {
            let policy = document?.value()?;
            let spec = policy["spec"].clone();
            let name = policy["metadata"]["name"].as_str().unwrap_or_default();
            let image = Path::new(spec["module"].as_str().unwrap_or_default()).file_name();
            let image = image.unwrap_or_default().to_string_lossy();
            let module = image.split(':').next().unwrap_or_default().to_owned();
            let id = format!("{profile}-{name}");
            policies.push(ExtraPolicy { id, module, spec });
        }
    }
    Ok(policies)
}

#[test]
fn the_policy_server_verifies_policies_and_returns_the_expected_verdicts() -> Result<(), Error> {
    let program = match PolicyServer::find() {
        Ok(program) => program,
        Err(reason) => return print_skipped(&reason),
    };
    let fixture = published_for_kubewarden()?;
    let key = fs::read_to_string(fixture.path("cosign.pub"))?;
    let verification = json!({"apiVersion": "v1", "allOf": [{"kind": "pubKey", "key": key}]});
    fs::write(fixture.path("verification.yml"), verification.to_string())?;
    let files = ["sources.yml", "verification.yml", "trust.json"].map(|file| fixture.path(file));
    let options = [
        "--sources-path",
        "--verification-path",
        "--sigstore-trust-config",
    ];
    let options = options.iter().zip(&files);
    let options: Vec<_> = options
        .flat_map(|(name, file)| [name.as_ref(), file.as_os_str()])
        .collect();
    let source = ModuleSource::registry(&fixture.location(), TAG, &options);
    let modules: Vec<&str> = Native::modules().collect();
    let profiles = policies_of_profiles()?;
    let server = PolicyServer::start(&program, &modules, &source, &profiles)?;
    run_all(&server)?;
    let (mut evaluated, mut compared) = (0, 0);
    for ExtraPolicy { id, module, spec } in &profiles {
        let settings = spec.get("settings").cloned().unwrap_or(Value::Null);
        let evaluated_before = evaluated;
        for case in Case::all_of(module)? {
            if case.request().is_none() || server.skip_reason(&case).is_some() {
                continue;
            }
            // With invalid settings, a policy returns an error for every request.
            let outcome = server.evaluate(id, &case)?;
            let is_verdict = matches!(outcome, Outcome::Verdict { .. });
            assert!(is_verdict, "{id}: {outcome:?}");
            evaluated += 1;
            if case.settings == settings {
                let mismatches = Expectation(&case).mismatches(&outcome);
                assert_eq!(mismatches, Vec::<String>::new(), "{id}: {}", case.name);
                compared += 1;
            }
        }
        assert!(evaluated > evaluated_before, "{id}: no case was evaluated");
    }
    assert!(compared > 0, "no case has the settings of a profile");
    print_line(&format!(
        "policies of the profiles: {evaluated} cases, {compared} of them with the profile's settings"
    ))
}
