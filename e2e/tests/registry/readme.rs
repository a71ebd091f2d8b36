//! Runs the documented commands for published policies, with the registries of the suite. Commands that need
//! GitHub or Sigstore's public instance are not tested.

use std::fs;

use e2e::{code_blocks, workspace};

use crate::fixture::{Fixture, TAG};
use crate::server::{PASSWORD, Server};

/// Returns the shell blocks of a document, with the registries replaced.
pub(crate) fn blocks(document: &str, releases: &str, own: &str) -> Vec<String> {
    let text = fs::read_to_string(workspace::root().join(document)).expect(document);
    let blocks = code_blocks(&text, "sh").into_iter();
    let blocks = blocks.map(|block| block.replace("ghcr.io/k8tre/agnostics", releases));
    blocks
        .map(|block| block.replace("registry.example.org/agnostics", own))
        .collect()
}

pub(crate) const MIRROR: &str = "docs/air-gapped.md";

#[test]
fn a_mirror_has_signatures_and_attestations() {
    let fixture = Fixture::all_published();
    let mirror = Server::secure();
    let own = format!("{}/agnostics", mirror.host());
    let blocks = blocks(MIRROR, &fixture.location(), &own);
    let [save, load, sbom, _] = blocks.as_slice() else {
        panic!("{} blocks", blocks.len());
    };
    // Replaces the keyless verification of a release.
    let (keyless, rest) = save
        .split_once("--certificate-identity")
        .expect("an identity");
    let (_, rest) = rest.split_once("githubusercontent.com").expect("an issuer");
    let key = "--key cosign.pub --insecure-ignore-tlog --trusted-root root.json";
    fixture.ok(&format!("{keyless}{key}{rest}"));

    fixture.log_in(&mirror, PASSWORD);
    let authority = mirror.authority().unwrap().display().to_string();
    let inside = |script: &str| fixture.ok(&format!("export SSL_CERT_FILE={authority}\n{script}"));
    // Another test runs kwctl.
    let (load, _) = load.split_once("kwctl").expect("`kwctl verify`");
    let load = load.replace("--key cosign.key", "--key other.key");
    // Twice: mirroring the same release again must work.
    for _ in 0..2 {
        inside(&load);
        for policy in &fixture.policies {
            let digest = fixture.digest(&fixture.image(policy));
            let name = digest.replace(':', "-");
            let mirrored = inside(&format!(
                "image={own}/{policy}:{TAG}; oras resolve $image; oras repo tags {own}/{policy} | sort
                oras manifest fetch {own}/{policy}:{name}.sig | jq '.layers | length'
                {{
                  verify verify cosign.pub $image; verify verify other.pub $image
                  verify 'verify-attestation --type cyclonedx' cosign.pub $image
                  verify 'verify-attestation --type slsaprovenance1' cosign.pub $image
                }} > /dev/null"
            ));
            assert_eq!(
                mirrored,
                format!("{digest}\n{name}.att\n{name}.sig\n{TAG}\n2\n")
            );
        }
    }
    let name = inside(&format!("{{\n{sbom}\n}} | jq -r .metadata.component.name"));
    assert_eq!(name, "storage-class\n");
    assert_eq!(fixture.external_requests(), 0);
}

#[test]
fn the_script_publishes_your_own_build() {
    let fixture = Fixture::new(Server::plain());
    let blocks = blocks(MIRROR, "?", &fixture.location());
    let (_, publish) = blocks
        .last()
        .unwrap()
        .split_once("describe.sh\n")
        .expect("describe.sh");
    fixture.ok(&format!(
        "key=$PWD/cosign.key; cd $ROOT; {}",
        publish.replace("cosign.key", "$key")
    ));
    for policy in &fixture.policies {
        fixture.assert_signed_once(policy);
    }
}
