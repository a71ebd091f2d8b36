//! What goes along with a module and refers to it: what it is made of, and how it was built.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use registry::Digest;
use registry::manifest::{Descriptor, EMPTY, Manifest};
use serde_json::json;

use crate::artifact::{Artifact, CONFIG};
use crate::key::SigningKey;

const SBOM: &str = "application/vnd.cyclonedx+json";
const STATEMENT: &str = "application/vnd.in-toto+json";
const ENVELOPE: &str = "application/vnd.dsse.envelope.v1+json";

/// A document about a module.
pub(crate) struct Paper {
    /// What reports call it.
    pub(crate) name: &'static str,
    pub(crate) media_type: &'static str,
    pub(crate) content: Vec<u8>,
}

impl Paper {
    /// The bill of materials, in CycloneDX.
    pub(crate) fn sbom(artifact: &Artifact) -> Self {
        Self {
            name: "SBOM",
            media_type: SBOM,
            content: artifact.sbom.clone(),
        }
    }

    /// How the module was built: an [in-toto statement](https://in-toto.io/Statement/v1) with [SLSA's
    /// predicate](https://slsa.dev/spec/v1.0/provenance), in an envelope that is signed where there is a
    /// key.
    pub(crate) fn provenance(
        artifact: &Artifact,
        repository: &str,
        manifest: &Digest,
        key: Option<&SigningKey>,
    ) -> Self {
        let subject = |name: String, digest: &Digest| json!({"name": name, "digest": {"sha256": digest.hex()}});
        let statement = json!({
            "_type": "https://in-toto.io/Statement/v1",
            // What is in the registry, and the file in it.
            "subject": [
                subject(repository.to_owned(), manifest),
                subject(format!("{}.wasm", artifact.name), &Digest::of(&artifact.wasm)),
            ],
            "predicateType": "https://slsa.dev/provenance/v1",
            "predicate": artifact.provenance,
        });
        let statement = statement.to_string().into_bytes();
        let (media_type, content) = match key {
            None => (STATEMENT, statement),
            Some(key) => (ENVELOPE, envelope(&statement, key)),
        };
        Self {
            name: "provenance",
            media_type,
            content,
        }
    }

    /// The manifest by which the paper refers to the module with the manifest `subject`.
    pub(crate) fn manifest(&self, subject: Descriptor) -> Manifest {
        let config = Descriptor::of(EMPTY, CONFIG);
        let layer = Descriptor::of(self.media_type, &self.content);
        let mut manifest = Manifest::new(config, vec![layer]);
        manifest.artifact_type = Some(self.media_type.to_owned());
        manifest.subject = Some(subject);
        manifest
    }
}

/// A [DSSE](https://github.com/secure-systems-lab/dsse) envelope.
fn envelope(statement: &[u8], key: &SigningKey) -> Vec<u8> {
    let mut signed = format!(
        "DSSEv1 {} {STATEMENT} {} ",
        STATEMENT.len(),
        statement.len()
    )
    .into_bytes();
    signed.extend_from_slice(statement);
    let envelope = json!({
        "payloadType": STATEMENT,
        "payload": STANDARD.encode(statement),
        "signatures": [{"sig": STANDARD.encode(key.sign(&signed))}],
    });
    envelope.to_string().into_bytes()
}
