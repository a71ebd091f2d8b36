//! What is in the registry once it is published.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use e2e::Error;
use e2e::hosts::Native;
use oci_client::client::{Certificate, CertificateEncoding, ClientConfig, ClientProtocol};
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, Reference};
use registry::cosign::PublicKey;
use registry::manifest::{Index, Manifest, WASM_LAYER};
use registry::{Digest, Pin, Registry, Repository};
use serde_json::{Value, json};

use crate::server::{PASSWORD, Server, USER};
use crate::trial::{TAG, Trial, run};
use crate::{with_published, with_registry};

/// oci-client, which is what Kubewarden pulls with, for a registry.
fn other_client(server: &Server) -> Result<Client, Error> {
    let mut config = ClientConfig {
        protocol: ClientProtocol::Http,
        ..ClientConfig::default()
    };
    if server.is_secure() {
        // Whoever is second finds the same one installed.
        let _ = rustls::crypto::ring::default_provider().install_default();
        config.protocol = ClientProtocol::Https;
        config.extra_root_certificates.push(Certificate {
            encoding: CertificateEncoding::Pem,
            data: fs::read(server.authority())?,
        });
    }
    Ok(Client::try_from(config)?)
}

#[test]
fn another_client_lists_and_pulls_the_very_bytes() -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let look = |server: Server, auth: &RegistryAuth| -> Result<(), Error> {
        let trial = Trial::new(server)?;
        trial.log_in_rightly()?;
        let published = trial.publish(&[])?.succeeded().stdout;
        let client = other_client(&trial.server)?;
        for module in Native::modules() {
            let named = format!("{}/{module}:{TAG}", trial.place());
            let reference: Reference = named.parse()?;
            let tags = client.list_tags(&reference, auth, None, None);
            let tags = runtime.block_on(tags)?.tags;
            assert!(tags.iter().any(|tag| tag == TAG), "{tags:?}");
            let pulled = client.pull(&reference, auth, vec![WASM_LAYER]);
            let pulled = runtime.block_on(pulled)?;
            let [layer] = pulled.layers.as_slice() else {
                panic!("{} layers", pulled.layers.len());
            };
            assert_eq!(layer.data, fs::read(trial.module(module))?, "{module}");
            assert_eq!(pulled.config.data.as_ref(), b"{}");
            // The digest that a policy is pinned to is that of the manifest, wherever it is read.
            let digest = client.fetch_manifest_digest(&reference, auth);
            let digest = runtime.block_on(digest)?;
            let line = format!(", {named}@{digest}\n");
            assert!(published.contains(&line), "{line}{published}");
        }
        // Who has no password gets nothing where one is wanted.
        let locked = *auth != RegistryAuth::Anonymous;
        let named = format!("{}/storage-class:{TAG}", trial.place()).parse()?;
        let stranger = other_client(&trial.server)?;
        let tags = stranger.list_tags(&named, &RegistryAuth::Anonymous, None, None);
        assert_eq!(runtime.block_on(tags).is_err(), locked);
        Ok(())
    };
    with_registry(|program| {
        for secure in [false, true] {
            let everybody = Server::start(program, secure, false)?;
            look(everybody, &RegistryAuth::Anonymous)?;
            let publisher = RegistryAuth::Basic(USER.to_owned(), PASSWORD.to_owned());
            look(Server::start(program, secure, true)?, &publisher)?;
        }
        Ok(())
    })
}

#[test]
fn publishing_again_changes_nothing() -> Result<(), Error> {
    with_published(|trial| {
        let before = trial.stored()?;
        assert!(before.len() > 10, "{} files", before.len());
        let again = trial.publish(&[])?.succeeded();
        let all = Native::modules().count();
        let unchanged = again
            .stdout
            .lines()
            .filter(|line| line.contains(": unchanged, "));
        assert_eq!(unchanged.count(), all, "{}", again.stdout);
        assert!(
            trial.stored()? == before,
            "the registry stores something else"
        );
        Ok(())
    })
}

#[test]
fn papers_refer_to_the_module_and_say_what_it_is() -> Result<(), Error> {
    with_published(|trial| {
        let registry = Registry::anonymous(&trial.server.host(), true);
        let key = PublicKey::from_pem(&fs::read_to_string(trial.path("key.pub"))?)?;
        for module in Native::modules() {
            let repository = registry.repository(&Trial::repository(module));
            let digest = repository.resolve(TAG)?.ok_or("no tag")?;
            let paper = |media_type| paper(&repository, &digest, media_type);

            let sbom = paper("application/vnd.cyclonedx+json")?;
            let file = trial.module(module);
            assert_eq!(sbom, fs::read(file.with_extension("cdx.json"))?);
            let sbom: Value = serde_json::from_slice(&sbom)?;
            let wasm = Digest::of(&fs::read(&file)?);
            let of_file = &sbom["metadata"]["component"]["hashes"][0]["content"];
            assert_eq!(of_file, wasm.hex());

            let envelope = paper("application/vnd.dsse.envelope.v1+json")?;
            let envelope: Value = serde_json::from_slice(&envelope)?;
            let text = |value: &Value| STANDARD.decode(value.as_str().unwrap_or_default());
            let statement = text(&envelope["payload"])?;
            let kind = "application/vnd.in-toto+json";
            let head = format!("DSSEv1 {} {kind} {} ", kind.len(), statement.len());
            let signed = [head.as_bytes(), &statement].concat();
            let signature = text(&envelope["signatures"][0]["sig"])?;
            assert!(key.has_signed(&signed, &signature));
            let statement: Value = serde_json::from_slice(&statement)?;
            let subjects = [digest.hex(), wasm.hex()].map(|hex| json!({"sha256": hex}));
            for (subject, expected) in [0, 1]
                .map(|n| &statement["subject"][n])
                .iter()
                .zip(subjects)
            {
                assert_eq!(subject["digest"], expected);
            }
            let parameters = &statement["predicate"]["buildDefinition"]["externalParameters"];
            assert_eq!(parameters["module"], module);
        }
        Ok(())
    })
}

/// The paper of this media type that refers to `digest`; Debian's registry keeps no list of them, so that
/// it is where clients keep it.
fn paper(repository: &Repository<'_>, digest: &Digest, media_type: &str) -> Result<Vec<u8>, Error> {
    assert_eq!(repository.referrers(digest)?, None);
    let list = Pin::Tag(Repository::referrers_tag(digest));
    let list: Index = serde_json::from_slice(&repository.manifest(&list)?.ok_or("no list")?)?;
    let mut of_type = list
        .manifests
        .iter()
        .filter(|paper| paper.artifact_type.as_deref() == Some(media_type));
    let (Some(paper), None) = (of_type.next(), of_type.next()) else {
        return Err(format!("not one {media_type}: {list:?}").into());
    };
    let manifest = repository.manifest(&Pin::Digest(paper.digest.clone()))?;
    let manifest: Manifest = serde_json::from_slice(&manifest.ok_or("no manifest")?)?;
    assert_eq!(manifest.subject.map(|it| it.digest).as_ref(), Some(digest));
    let layer = manifest.layers.first().ok_or("no layer")?;
    Ok(repository.blob(&layer.digest)?)
}

#[test]
fn with_tls_and_a_password_it_is_the_same() -> Result<(), Error> {
    with_registry(|program| {
        let trial = Trial::new(Server::secure(program)?)?;
        trial.log_in_rightly()?;
        let first = trial.publish(&[])?.succeeded();
        assert_eq!(
            first
                .stdout
                .matches(": pushed module, SBOM, provenance, signature, tag, ")
                .count(),
            Native::modules().count()
        );
        let again = trial.publish(&[])?.succeeded();
        assert!(!again.stdout.contains("pushed"), "{}", again.stdout);
        // Credentials from the environment, where there is no docker.
        fs::remove_file(trial.path("config.json"))?;
        let with_host = |host: Option<&str>| {
            let mut publish = trial.publisher()?;
            publish
                .env("AGNOSTICS_REGISTRY_USER", USER)
                .env("AGNOSTICS_REGISTRY_PASSWORD", PASSWORD);
            if let Some(host) = host {
                publish.env("AGNOSTICS_REGISTRY_HOST", host);
            }
            run(&mut publish)
        };
        with_host(Some(&trial.server.host()))?.succeeded();
        // Which are for that host alone.
        with_host(Some("ghcr.io"))?.failed(1, &["those of the environment are for `ghcr.io`"]);
        with_host(None)?.failed(1, &["is set without AGNOSTICS_REGISTRY_HOST"]);
        Ok(())
    })
}

#[test]
fn a_tag_does_not_move_by_itself() -> Result<(), Error> {
    with_published(|trial| {
        let module = Native::modules().next().ok_or("no module")?;
        let path = trial.module(module);
        // A section that nothing reads: another module with the same name and version.
        let mut wasm = fs::read(&path)?;
        wasm.extend([0, 2, 1, b'x']);
        fs::write(&path, wasm)?;
        let before = trial.stored()?;
        trial.publish(&[])?.failed(
            1,
            &[
                &format!("/{module}:{TAG}` is there"),
                "raise the version",
                "--move-tags",
            ],
        );
        assert!(trial.stored()? == before, "something was pushed");
        let moved = trial.publish(&["--move-tags"])?.succeeded();
        assert!(
            moved
                .stdout
                .starts_with(&format!("{module}: pushed module, ")),
            "{}",
            moved.stdout
        );
        Ok(())
    })
}

#[test]
fn the_tag_can_wait_for_a_signature_from_elsewhere() -> Result<(), Error> {
    with_registry(|program| {
        let trial = Trial::new(Server::plain(program)?)?;
        let registry = Registry::anonymous(&trial.server.host(), true);
        trial.publish(&["--no-tag"])?.succeeded();
        for module in Native::modules() {
            let repository = registry.repository(&Trial::repository(module));
            assert_eq!(repository.resolve(TAG)?, None, "{module}");
        }
        let tagged = trial.publish(&[])?.succeeded().stdout;
        let all = Native::modules().count();
        assert_eq!(tagged.matches(": pushed tag, ").count(), all, "{tagged}");
        Ok(())
    })
}
