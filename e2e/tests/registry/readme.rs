//! What the README has people type about published policies, with the registries of the suite in place of its
//! own. What needs GitHub or Sigstore's public instance is not here.

use std::fs;

use e2e::workspace;

use crate::server::{PASSWORD, Server};
use crate::trial::{TAG, Trial};

/// The shell blocks of a section, with other registries than the README's.
pub(crate) fn blocks(section: &str, releases: &str, own: &str) -> Vec<String> {
    let readme = fs::read_to_string(workspace::root().join("README.md")).unwrap();
    let (_, rest) = readme
        .split_once(&format!("\n## {section}\n"))
        .expect(section);
    let section = rest.split("\n## ").next().unwrap();
    let blocks = section.split("```sh\n").skip(1);
    let blocks = blocks.map(|rest| rest.split_once("\n```").unwrap().0);
    let blocks = blocks.map(|block| block.replace("ghcr.io/k8tre/agnostics", releases));
    blocks
        .map(|block| block.replace("registry.example.org/agnostics", own))
        .collect()
}

pub(crate) const MIRROR: &str = "Mirror it to an air-gapped registry";

#[test]
fn a_mirror_has_everything_that_belongs_to_a_release() {
    let trial = Trial::all_published();
    let mirror = Server::secure();
    let own = format!("{}/agnostics", mirror.host());
    let blocks = blocks(MIRROR, &trial.place(), &own);
    let [save, load, sbom, _] = blocks.as_slice() else {
        panic!("{} blocks", blocks.len());
    };
    // In place of the keyless signature of a release.
    let (keyless, rest) = save
        .split_once("--certificate-identity")
        .expect("an identity");
    let (_, rest) = rest.split_once("githubusercontent.com").expect("an issuer");
    let key = "--key cosign.pub --insecure-ignore-tlog --trusted-root root.json";
    trial.ok(&format!("{keyless}{key}{rest}"));

    trial.log_in(&mirror, PASSWORD);
    let authority = mirror.authority().unwrap().display().to_string();
    let inside = |script: &str| trial.ok(&format!("export SSL_CERT_FILE={authority}\n{script}"));
    // kwctl is another test's.
    let (load, _) = load.split_once("kwctl").expect("`kwctl verify`");
    let load = load.replace("--key cosign.key", "--key other.key");
    // Twice, as when somebody mirrors the same release again.
    for _ in 0..2 {
        inside(&load);
        for policy in &trial.policies {
            let digest = trial.digest(&trial.image(policy));
            let name = digest.replace(':', "-");
            let there = inside(&format!(
                "image={own}/{policy}:{TAG}; oras resolve $image; oras repo tags {own}/{policy} | sort
                oras manifest fetch {own}/{policy}:{name}.sig | jq '.layers | length'
                {{
                  verify verify cosign.pub $image; verify verify other.pub $image
                  verify 'verify-attestation --type cyclonedx' cosign.pub $image
                  verify 'verify-attestation --type slsaprovenance1' cosign.pub $image
                }} > /dev/null"
            ));
            assert_eq!(
                there,
                format!("{digest}\n{name}.att\n{name}.sig\n{TAG}\n2\n")
            );
        }
    }
    let name = inside(&format!("{{\n{sbom}\n}} | jq -r .metadata.component.name"));
    assert_eq!(name, "storage-class\n");
    assert_eq!(trial.requests_elsewhere(), 0);
}

#[test]
fn a_build_of_ones_own_is_published_by_the_script() {
    let trial = Trial::new(Server::plain());
    let blocks = blocks(MIRROR, "?", &trial.place());
    let (_, publish) = blocks
        .last()
        .unwrap()
        .split_once("describe.sh\n")
        .expect("describe.sh");
    trial.ok(&format!(
        "key=$PWD/cosign.key; cd $ROOT; {}",
        publish.replace("cosign.key", "$key")
    ));
    for policy in &trial.policies {
        trial.is_signed_once(policy);
    }
}
