//! What is in the registry once the policies are published.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::server::Server;
use crate::trial::Trial;

const LAYER: &str = "application/vnd.wasm.content.layer.v1+wasm";

/// Makes another policy of the same name and version: adds a section that nothing reads.
const CHANGE: &str = "printf '\\0\\2\\1x' >> modules/storage-class.wasm";

fn sha256(trial: &Trial, policy: &str) -> String {
    let printed = trial.ok(&format!("sha256sum modules/{policy}.wasm"));
    printed.split(' ').next().unwrap().to_owned()
}

#[test]
fn a_policy_is_one_wasm_layer_with_the_time_of_its_commit() {
    let trial = Trial::all_published();
    for &policy in &trial.policies {
        let image = trial.image(policy);
        let manifest = trial.json(&format!("oras manifest fetch {image}"));
        let kind = "application/vnd.oci.image.manifest.v1+json";
        assert_eq!(manifest["mediaType"], kind);
        assert_eq!(
            manifest["config"]["mediaType"],
            "application/vnd.wasm.config.v1+json"
        );
        assert_eq!(
            trial.ok(&format!("oras manifest fetch-config {image}")),
            "{}"
        );
        assert_eq!(manifest["layers"].as_array().unwrap().len(), 1);
        let layer = &manifest["layers"][0];
        assert_eq!(layer["mediaType"], LAYER);
        assert_eq!(
            layer["digest"],
            format!("sha256:{}", sha256(&trial, policy))
        );
        let annotations = &manifest["annotations"];
        let annotation = |name: &str| &annotations[format!("org.opencontainers.image.{name}")];
        assert_eq!(annotation("title"), policy);
        assert_eq!(annotation("version"), env!("CARGO_PKG_VERSION"));
        assert_eq!(annotation("source"), env!("CARGO_PKG_REPOSITORY"));
        let created = trial.ok(&format!("date +%s --date {}", annotation("created")));
        assert_eq!(created, trial.ok("git -C $ROOT log -1 --format=%ct"));
    }
}

#[test]
fn with_tls_and_a_password_it_is_the_same() {
    let mut published = Vec::new();
    for (secure, locked) in [(false, false), (false, true), (true, false), (true, true)] {
        let trial = Trial::new(Server::start(secure, locked));
        trial.log_in_rightly();
        let printed = trial.ok("publish");
        for policy in &trial.policies {
            // The digest that is printed is the one to pin.
            let image = trial.image(policy);
            let line = format!("{}/{policy}@{}\n", trial.place(), trial.digest(&image));
            assert!(printed.contains(&line), "{line}{printed}");
            trial.ok(&format!(
                "oras pull {image}; cmp {policy}.wasm modules/{policy}.wasm"
            ));
        }
        let stranger = trial.sh("rm config.json; oras resolve $PLACE/storage-class:$TAG");
        stranger.ended(i32::from(locked), "");
        published.push(printed.replace(&trial.place(), ""));
    }
    published.dedup();
    assert_eq!(published.len(), 1, "{published:?}");
}

#[test]
fn publishing_again_changes_nothing() {
    let trial = Trial::published();
    let before = trial.stored();
    assert!(before.lines().count() > 10, "{before}");
    trial.ok("publish");
    assert_eq!(trial.stored(), before);
    trial.is_signed_once("storage-class");
}

#[test]
fn nothing_but_the_registry_is_contacted() {
    let trial = Trial::published();
    assert_eq!(trial.requests_elsewhere(), 0);
    // Unlike the publisher, cosign alone asks Sigstore for its root.
    trial.ok("cosign verify --key cosign.pub --insecure-ignore-tlog $PLACE/storage-class:$TAG");
    assert_ne!(trial.requests_elsewhere(), 0);
}

#[test]
fn sbom_and_provenance_are_found_again_and_are_signed() {
    let trial = Trial::all_published();
    for &policy in &trial.policies {
        let image = trial.image(policy);
        let predicate = |kind: &str| {
            let verify = |key| format!("verify 'verify-attestation --type {kind}' {key} {image}");
            trial
                .sh(&verify("other.pub"))
                .ended(1, "no matching attestations");
            let envelope = trial.json(&verify("cosign.pub"));
            let statement = STANDARD.decode(envelope["payload"].as_str().unwrap());
            let statement: Value = serde_json::from_slice(&statement.unwrap()).unwrap();
            let subject = statement["subject"][0]["digest"]["sha256"].as_str();
            assert_eq!(format!("sha256:{}", subject.unwrap()), trial.digest(&image));
            statement["predicate"].clone()
        };
        sbom_names_what_is_compiled_in(policy, &predicate("cyclonedx"), &sha256(&trial, policy));
        let build = &predicate("slsaprovenance1")["buildDefinition"];
        assert_eq!(build["externalParameters"]["module"], policy);
        let commit = trial.ok("git -C $ROOT rev-parse HEAD");
        let source = &build["resolvedDependencies"][0]["digest"];
        assert_eq!(*source, json!({"gitCommit": commit.trim()}));
    }
}

fn sbom_names_what_is_compiled_in(policy: &str, sbom: &Value, sha256: &str) {
    let subject = &sbom["metadata"]["component"];
    assert_eq!(subject["name"], policy);
    assert_eq!(subject["hashes"][0]["content"], sha256);
    let components = sbom["components"].as_array().unwrap();
    let named = |name: &str| components.iter().find(|it| it["name"] == name);
    assert!(named("rust-std").unwrap()["version"].is_string());
    let own = named("admission").unwrap();
    assert!(own["hashes"].is_null() && own["purl"].is_null());
    let outside = named("wapc-guest").unwrap();
    assert_eq!(outside["hashes"][0]["content"].as_str().unwrap().len(), 64);
    assert!(outside["licenses"][0]["expression"].is_string());
    for absent in ["proptest", "serde_derive", "wasmtime", "schemars"] {
        assert!(named(absent).is_none(), "{absent}");
    }
    assert!(
        !sbom.to_string().contains("file:///"),
        "a path of this machine"
    );
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
fn a_signature_is_of_one_key_and_one_policy() {
    let trial = Trial::published();
    let image = trial.image("storage-class");
    trial.ok(&format!("verify verify cosign.pub {image}"));
    let other_key = trial.sh(&format!("verify verify other.pub {image}"));
    other_key.ended(12, "invalid signature");
    // Whoever can write to the registry gives a policy the signature of another.
    let other_policy = trial.sh("signature() { oras resolve $PLACE/$1:$TAG | tr : -; }
        oras cp $PLACE/internal-load-balancer:$(signature internal-load-balancer).sig \
          $PLACE/storage-class:$(signature storage-class).sig
        verify verify cosign.pub $PLACE/storage-class:$TAG");
    other_policy.ended(12, "invalid or missing digest in claim");
}

#[test]
fn a_changed_policy_has_no_signature() {
    let trial = Trial::published();
    let changed = trial.sh(&format!(
        "{CHANGE}; oras push $PLACE/storage-class:$TAG modules/storage-class.wasm:{LAYER}
        verify verify cosign.pub $PLACE/storage-class:$TAG"
    ));
    changed.ended(10, "no signatures found");
}

#[test]
fn a_policy_that_was_changed_in_the_registry_is_not_pulled() {
    let trial = Trial::published();
    let hex = sha256(&trial, "storage-class");
    let blob = format!(
        "{}/blobs/sha256/{}/{hex}/data",
        trial.server.data(),
        &hex[..2]
    );
    trial.ok(&format!("{CHANGE}; cp modules/storage-class.wasm {blob}"));
    let pull = trial.sh("oras pull $PLACE/storage-class:$TAG");
    pull.ended(1, "mismatch");
}

#[test]
fn a_tag_does_not_move() {
    let trial = Trial::published();
    trial.ok(CHANGE);
    let before = trial.stored();
    let taken = format!("{} is sha256:", trial.image("storage-class"));
    trial
        .sh("publish")
        .ended(1, &taken)
        .ended(1, "raise the version");
    assert_eq!(trial.stored(), before);
}

#[test]
fn the_tag_can_wait_for_another_check() {
    let trial = Trial::new(Server::plain());
    let untagged = trial.ok("publish --no-tag");
    for image in untagged.lines() {
        trial.ok(&format!("verify verify cosign.pub {image}"));
        // No tag of its own, and no `latest`: cosign's alone.
        let tags = trial.ok(&format!(
            "oras repo tags {}",
            image.split('@').next().unwrap()
        ));
        assert!(tags.lines().all(|tag| tag.starts_with("sha256-")), "{tags}");
    }
    assert_eq!(trial.ok("publish"), untagged);
    trial.digest(&trial.image("storage-class"));
}
