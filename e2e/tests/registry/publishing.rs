//! The content of the registry after publishing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::fixture::Fixture;
use crate::server::Server;

const LAYER: &str = "application/vnd.wasm.content.layer.v1+wasm";

/// Changes a policy without changing its name and version: adds an unused section.
const CHANGE: &str = "printf '\\0\\2\\1x' >> modules/storage-class.wasm";

fn sha256(fixture: &Fixture, policy: &str) -> String {
    let printed = fixture.ok(&format!("sha256sum modules/{policy}.wasm"));
    printed.split(' ').next().unwrap().to_owned()
}

#[test]
fn a_policy_has_one_wasm_layer_and_the_date_of_its_commit() {
    let fixture = Fixture::all_published();
    for &policy in &fixture.policies {
        let image = fixture.image(policy);
        let manifest = fixture.json(&format!("oras manifest fetch {image}"));
        let kind = "application/vnd.oci.image.manifest.v1+json";
        assert_eq!(manifest["mediaType"], kind);
        assert_eq!(
            manifest["config"]["mediaType"],
            "application/vnd.wasm.config.v1+json"
        );
        assert_eq!(
            fixture.ok(&format!("oras manifest fetch-config {image}")),
            "{}"
        );
        assert_eq!(manifest["layers"].as_array().unwrap().len(), 1);
        let layer = &manifest["layers"][0];
        assert_eq!(layer["mediaType"], LAYER);
        assert_eq!(
            layer["digest"],
            format!("sha256:{}", sha256(&fixture, policy))
        );
        let annotations = &manifest["annotations"];
        let annotation = |name: &str| &annotations[format!("org.opencontainers.image.{name}")];
        assert_eq!(annotation("title"), policy);
        assert_eq!(annotation("version"), env!("CARGO_PKG_VERSION"));
        assert_eq!(annotation("source"), env!("CARGO_PKG_REPOSITORY"));
        let created = fixture.ok(&format!("date +%s --date {}", annotation("created")));
        assert_eq!(created, fixture.ok("git -C $ROOT log -1 --format=%ct"));
    }
}

#[test]
fn tls_and_passwords_do_not_change_the_result() {
    let mut published = Vec::new();
    for (tls, password) in [(false, false), (false, true), (true, false), (true, true)] {
        let fixture = Fixture::new(Server::start(tls, password));
        fixture.log_in_as_publisher();
        let printed = fixture.ok("publish");
        for policy in &fixture.policies {
            // Prints the digest to pin.
            let image = fixture.image(policy);
            let line = format!(
                "{}/{policy}@{}\n",
                fixture.location(),
                fixture.digest(&image)
            );
            assert!(printed.contains(&line), "{line}{printed}");
            fixture.ok(&format!(
                "oras pull {image}; cmp {policy}.wasm modules/{policy}.wasm"
            ));
        }
        let anonymous = fixture.sh("rm config.json; oras resolve $REGISTRY/storage-class:$TAG");
        anonymous.assert_exit(i32::from(password), "");
        published.push(printed.replace(&fixture.location(), ""));
    }
    published.dedup();
    assert_eq!(published.len(), 1, "{published:?}");
}

#[test]
fn publishing_again_changes_nothing() {
    let fixture = Fixture::published();
    let before = fixture.stored_files();
    assert!(before.lines().count() > 10, "{before}");
    fixture.ok("publish");
    assert_eq!(fixture.stored_files(), before);
    fixture.assert_signed_once("storage-class");
}

#[test]
fn only_the_registry_is_contacted() {
    let fixture = Fixture::published();
    assert_eq!(fixture.external_requests(), 0);
    // Without the script's options, cosign fetches the trust root from Sigstore.
    fixture
        .ok("cosign verify --key cosign.pub --insecure-ignore-tlog $REGISTRY/storage-class:$TAG");
    assert_ne!(fixture.external_requests(), 0);
}

#[test]
fn sbom_and_provenance_are_signed_attestations() {
    let fixture = Fixture::all_published();
    for &policy in &fixture.policies {
        let image = fixture.image(policy);
        let predicate = |kind: &str| {
            let verify = |key| format!("verify 'verify-attestation --type {kind}' {key} {image}");
            fixture
                .sh(&verify("other.pub"))
                .assert_exit(1, "no matching attestations");
            let envelope = fixture.json(&verify("cosign.pub"));
            let statement = STANDARD.decode(envelope["payload"].as_str().unwrap());
            let statement: Value = serde_json::from_slice(&statement.unwrap()).unwrap();
            let subject = statement["subject"][0]["digest"]["sha256"].as_str();
            assert_eq!(
                format!("sha256:{}", subject.unwrap()),
                fixture.digest(&image)
            );
            statement["predicate"].clone()
        };
        assert_sbom(policy, &predicate("cyclonedx"), &sha256(&fixture, policy));
        let build = &predicate("slsaprovenance1")["buildDefinition"];
        assert_eq!(build["externalParameters"]["module"], policy);
        let commit = fixture.ok("git -C $ROOT rev-parse HEAD");
        let source = &build["resolvedDependencies"][0]["digest"];
        assert_eq!(*source, json!({"gitCommit": commit.trim()}));
    }
}

/// Asserts that an SBOM lists exactly what is compiled into the policy.
fn assert_sbom(policy: &str, sbom: &Value, sha256: &str) {
    let subject = &sbom["metadata"]["component"];
    assert_eq!(subject["name"], policy);
    assert_eq!(subject["hashes"][0]["content"], sha256);
    let components = sbom["components"].as_array().unwrap();
    let component = |name: &str| components.iter().find(|it| it["name"] == name);
    assert!(component("rust-std").unwrap()["version"].is_string());
    let own = component("admission").unwrap();
    assert!(own["hashes"].is_null() && own["purl"].is_null());
    let outside = component("serde_json").unwrap();
    assert_eq!(outside["hashes"][0]["content"].as_str().unwrap().len(), 64);
    assert!(outside["licenses"][0]["expression"].is_string());
    for absent in ["proptest", "serde_derive", "wasmtime", "schemars"] {
        assert!(component(absent).is_none(), "{absent}");
    }
    assert!(!sbom.to_string().contains("file:///"), "a local path");
    let dependencies = sbom["dependencies"].as_array().unwrap();
    let of_policy = dependencies
        .iter()
        .find(|it| it["ref"] == subject["bom-ref"]);
    let on = of_policy.unwrap()["dependsOn"].as_array().unwrap();
    assert!(on.contains(&own["bom-ref"]));
    for on in dependencies
        .iter()
        .flat_map(|it| it["dependsOn"].as_array().unwrap())
    {
        assert!(components.iter().any(|it| it["bom-ref"] == *on), "{on}");
    }
}

#[test]
fn a_signature_is_valid_for_one_key_and_one_policy() {
    let fixture = Fixture::published();
    let image = fixture.image("storage-class");
    fixture.ok(&format!("verify verify cosign.pub {image}"));
    let other_key = fixture.sh(&format!("verify verify other.pub {image}"));
    other_key.assert_exit(12, "invalid signature");
    // An attacker with write access copies the signature of another policy.
    let other_policy = fixture.sh("signature() { oras resolve $REGISTRY/$1:$TAG | tr : -; }
        oras cp $REGISTRY/internal-load-balancer:$(signature internal-load-balancer).sig \
          $REGISTRY/storage-class:$(signature storage-class).sig
        verify verify cosign.pub $REGISTRY/storage-class:$TAG");
    other_policy.assert_exit(12, "invalid or missing digest in claim");
}

#[test]
fn a_changed_policy_has_no_signature() {
    let fixture = Fixture::published();
    let changed = fixture.sh(&format!(
        "{CHANGE}; oras push $REGISTRY/storage-class:$TAG modules/storage-class.wasm:{LAYER}
        verify verify cosign.pub $REGISTRY/storage-class:$TAG"
    ));
    changed.assert_exit(10, "no signatures found");
}

#[test]
fn a_policy_that_was_changed_in_the_registry_cannot_be_pulled() {
    let fixture = Fixture::published();
    let hex = sha256(&fixture, "storage-class");
    let blob = format!(
        "{}/blobs/sha256/{}/{hex}/data",
        fixture.server.data(),
        &hex[..2]
    );
    fixture.ok(&format!("{CHANGE}; cp modules/storage-class.wasm {blob}"));
    let pull = fixture.sh("oras pull $REGISTRY/storage-class:$TAG");
    pull.assert_exit(1, "mismatch");
}

#[test]
fn a_tag_is_immutable() {
    let fixture = Fixture::published();
    fixture.ok(CHANGE);
    let before = fixture.stored_files();
    let conflict = format!("{} is sha256:", fixture.image("storage-class"));
    fixture
        .sh("publish")
        .assert_exit(1, &conflict)
        .assert_exit(1, "raise the version");
    assert_eq!(fixture.stored_files(), before);
}

#[test]
fn the_tag_can_be_set_later() {
    let fixture = Fixture::new(Server::plain());
    let untagged = fixture.ok("publish --no-tag");
    for image in untagged.lines() {
        fixture.ok(&format!("verify verify cosign.pub {image}"));
        // Only cosign's tags: no version, and no `latest`.
        let tags = fixture.ok(&format!(
            "oras repo tags {}",
            image.split('@').next().unwrap()
        ));
        assert!(tags.lines().all(|tag| tag.starts_with("sha256-")), "{tags}");
    }
    assert_eq!(fixture.ok("publish"), untagged);
    fixture.digest(&fixture.image("storage-class"));
}
