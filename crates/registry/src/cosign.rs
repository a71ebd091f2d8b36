//! Signatures by key pair, as [cosign](https://github.com/sigstore/cosign) keeps them: beside the
//! signed manifest lies another with the tag `sha256-<digest>.sig`; its layers are statements of what is
//! signed, each with the signature in an annotation.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use serde::Deserialize;
use serde_json::json;

use crate::manifest::Manifest;
use crate::{Digest, Error, Pin, Reference, Registry};

/// The media type of a statement.
pub const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";

/// The annotation that holds the statement's signature in base64.
pub const SIGNATURE: &str = "dev.cosignproject.cosign/signature";

/// What every DER-encoded public key for ECDSA on P-256 begins with (RFC 5480); the point follows.
const P256_HEAD: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// An uncompressed point: a byte that says so, and two coordinates.
const POINT: usize = 65;

/// The key that signatures are checked with: what cosign writes as `cosign.pub`.
#[derive(Debug, Clone)]
pub struct PublicKey {
    point: Vec<u8>,
}

impl PublicKey {
    /// Reads a public key for ECDSA on P-256 in PEM.
    ///
    /// # Errors
    /// It is something else.
    pub fn from_pem(pem: &str) -> Result<Self, Error> {
        let wrong = |cause| Error::Key { cause };
        let body = pem
            .trim()
            .strip_prefix("-----BEGIN PUBLIC KEY-----")
            .and_then(|rest| rest.strip_suffix("-----END PUBLIC KEY-----"))
            .ok_or_else(|| wrong("it does not begin with `-----BEGIN PUBLIC KEY-----`"))?;
        let body: String = body.split_whitespace().collect();
        let der = STANDARD
            .decode(body)
            .map_err(|_| wrong("its lines are no base64"))?;
        let point = der
            .strip_prefix(&P256_HEAD)
            .filter(|point| point.len() == POINT)
            .ok_or_else(|| wrong("it is of another kind"))?;
        Ok(Self {
            point: point.to_owned(),
        })
    }

    /// Whether `signature` is this key's owner's of `message`.
    pub fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &self.point);
        key.verify(message, signature).is_ok()
    }
}

/// The tag of the signatures of `digest`.
pub fn tag(digest: &Digest) -> String {
    format!("sha256-{}.sig", digest.hex())
}

/// The statement that the manifest with `digest` in `repository` (HOST/PATH) is what was signed.
pub fn statement(repository: &str, digest: &Digest) -> Vec<u8> {
    let statement = json!({
        "critical": {
            "identity": {"docker-reference": repository},
            "image": {"docker-manifest-digest": digest},
            "type": "cosign container image signature",
        },
        "optional": null,
    });
    statement.to_string().into_bytes()
}

/// Holds that the manifest with `digest` is signed by the owner of `key`.
///
/// # Errors
/// It is not signed, or only by others, or what was signed is another manifest.
pub fn verify(
    registry: &Registry,
    reference: &Reference,
    digest: &Digest,
    key: &PublicKey,
) -> Result<(), Error> {
    let repository = registry.repository(&reference.path);
    let tag = tag(digest);
    let Some(bytes) = repository.manifest(&Pin::Tag(tag.clone()))? else {
        return Err(Error::NotSigned {
            reference: reference.to_string(),
            tag,
        });
    };
    let manifest: Manifest = repository.parse(&bytes, "signatures")?;
    let mut cause = "there is none in cosign's form";
    for layer in &manifest.layers {
        let signature = layer.annotations.get(SIGNATURE);
        let signature = signature.and_then(|text| STANDARD.decode(text).ok());
        let (SIMPLE_SIGNING, Some(signature)) = (layer.media_type.as_str(), signature) else {
            continue;
        };
        let statement = repository.blob(&layer.digest)?;
        if !key.has_signed(&statement, &signature) {
            cause = "it is another key's";
        } else if is_about(&statement, digest) {
            return Ok(());
        } else {
            cause = "what the key has signed is something else";
        }
    }
    Err(Error::WrongSignature {
        reference: reference.to_string(),
        cause: cause.to_owned(),
    })
}

/// Whether a statement is of the manifest with `digest`. Where it was when it was signed may have
/// changed: mirrors keep signatures.
fn is_about(statement: &[u8], digest: &Digest) -> bool {
    #[derive(Deserialize)]
    struct Statement {
        critical: Critical,
    }
    #[derive(Deserialize)]
    struct Critical {
        image: Image,
    }
    #[derive(Deserialize)]
    struct Image {
        #[serde(rename = "docker-manifest-digest")]
        digest: Digest,
    }
    let statement = serde_json::from_slice::<Statement>(statement);
    statement.is_ok_and(|statement| statement.critical.image.digest == *digest)
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};

    use super::*;

    fn key_pair() -> EcdsaKeyPair {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        EcdsaKeyPair::from_pkcs8(algorithm, document.as_ref(), &random).unwrap()
    }

    fn pem(pair: &EcdsaKeyPair) -> String {
        let der = [&P256_HEAD, pair.public_key().as_ref()].concat();
        let body = STANDARD.encode(der);
        let (first, second) = body.split_at(64);
        format!("-----BEGIN PUBLIC KEY-----\n{first}\n{second}\n-----END PUBLIC KEY-----\n")
    }

    #[test]
    fn a_key_knows_its_owners_signatures() {
        let pair = key_pair();
        let key = PublicKey::from_pem(&pem(&pair)).unwrap();
        let signature = pair.sign(&SystemRandom::new(), b"message").unwrap();
        assert!(key.has_signed(b"message", signature.as_ref()));
        assert!(!key.has_signed(b"another", signature.as_ref()));
        let other = PublicKey::from_pem(&pem(&key_pair())).unwrap();
        assert!(!other.has_signed(b"message", signature.as_ref()));
    }

    #[test]
    fn what_is_no_such_key_is_refused() {
        let said = |pem: &str| PublicKey::from_pem(pem).unwrap_err().to_string();
        assert!(said("").contains("BEGIN PUBLIC KEY"));
        let private = "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----";
        assert!(said(private).contains("BEGIN PUBLIC KEY"));
        let other = "-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----";
        assert!(said(other).contains("another kind"));
    }

    #[test]
    fn a_statement_is_about_one_digest() {
        let digest = Digest::of(b"module");
        let statement = statement("registry.example/a", &digest);
        assert!(is_about(&statement, &digest));
        assert!(!is_about(&statement, &Digest::of(b"another")));
        assert!(!is_about(b"{}", &digest));
    }
}
