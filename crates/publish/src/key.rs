//! The key that modules are signed with.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_secretbox::aead::{Aead, KeyInit};
use crypto_secretbox::{Nonce, XSalsa20Poly1305};
use p256::SecretKey;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{DerSignature, SigningKey as Ecdsa};
use p256::pkcs8::{DecodePrivateKey as _, EncodePublicKey as _, LineEnding};
use registry::cosign::PublicKey;
use scrypt::{Params, scrypt};
use serde::Deserialize;

/// Has cosign's password, as for cosign itself.
const PASSWORD: &str = "COSIGN_PASSWORD";

/// Signs, and tells its own signatures.
pub(crate) struct SigningKey {
    ecdsa: Ecdsa,
    public: PublicKey,
}

impl SigningKey {
    /// Reads a key: PKCS #8 or SEC 1 in PEM, or cosign's, which is encrypted.
    ///
    /// # Errors
    /// It cannot be read, is of another kind, or the password is missing or wrong.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let named = || format!("--sign-key `{}`", path.display());
        let pem = std::fs::read_to_string(path).with_context(named)?;
        let password = std::env::var(PASSWORD).ok();
        Self::from_pem(pem.trim(), password.as_deref()).with_context(named)
    }

    fn from_pem(pem: &str, password: Option<&str>) -> Result<Self> {
        let label = pem
            .strip_prefix("-----BEGIN ")
            .and_then(|rest| rest.split_once("-----"))
            .map(|(label, _)| label);
        let wrong = |_| anyhow!("it is no key for ECDSA on P-256");
        let secret = match label {
            Some("PRIVATE KEY") => SecretKey::from_pkcs8_pem(pem).map_err(wrong)?,
            Some("EC PRIVATE KEY") => {
                SecretKey::from_sec1_pem(pem).map_err(|_| anyhow!("it is no key on P-256"))?
            }
            Some("ENCRYPTED SIGSTORE PRIVATE KEY" | "ENCRYPTED COSIGN PRIVATE KEY") => {
                let password = password.with_context(|| {
                    format!("it is encrypted; its password goes into {PASSWORD}")
                })?;
                let der = decrypt(pem, password)?;
                SecretKey::from_pkcs8_der(&der).map_err(wrong)?
            }
            Some(label) => bail!("it is a `{label}`; a key is a `PRIVATE KEY`, or made by cosign"),
            None => bail!(
                "it is not in PEM; `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256` or \
                 `cosign generate-key-pair` makes a key"
            ),
        };
        let public = secret.public_key().to_public_key_pem(LineEnding::LF)?;
        Ok(Self {
            ecdsa: Ecdsa::from(secret),
            public: PublicKey::from_pem(&public)?,
        })
    }

    /// The signature of `message` in DER: the same for the same message (RFC 6979), so that signing twice
    /// changes nothing.
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature: DerSignature = self.ecdsa.sign(message);
        signature.as_bytes().to_vec()
    }

    /// Checks signatures.
    pub(crate) fn public(&self) -> &PublicKey {
        &self.public
    }
}

/// What is in the PEM that cosign writes: JSON, as Go's `encrypted` package of The Update Framework has
/// it.
#[derive(Deserialize)]
struct Encrypted {
    kdf: Derivation,
    cipher: Cipher,
    ciphertext: String,
}

#[derive(Deserialize)]
struct Derivation {
    name: String,
    params: Costs,
    salt: String,
}

#[derive(Deserialize)]
struct Costs {
    #[serde(rename = "N")]
    n: u64,
    r: u32,
    p: u32,
}

#[derive(Deserialize)]
struct Cipher {
    name: String,
    nonce: String,
}

/// No cost parameters are near these; a file that names greater ones would occupy all memory.
const GREATEST_COST: u32 = 20;
const GREATEST_FACTOR: u32 = 64;

fn decrypt(pem: &str, password: &str) -> Result<Vec<u8>> {
    let body: String = pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .map(str::trim)
        .collect();
    let broken = "it is not as cosign writes it";
    let json = STANDARD.decode(body).context(broken)?;
    let key: Encrypted = serde_json::from_slice(&json).context(broken)?;
    ensure!(
        key.kdf.name == "scrypt" && key.cipher.name == "nacl/secretbox",
        "it is encrypted with `{}` and `{}`, which cosign does not use",
        key.kdf.name,
        key.cipher.name
    );
    let Costs { n, r, p } = key.kdf.params;
    // Before its logarithm: nothing has none.
    ensure!(n.is_power_of_two(), broken);
    let cost = n.ilog2();
    ensure!(
        cost <= GREATEST_COST && r <= GREATEST_FACTOR && p <= GREATEST_FACTOR,
        broken
    );
    let decode = |text: &str| STANDARD.decode(text).context(broken);
    let (salt, nonce) = (decode(&key.kdf.salt)?, decode(&key.cipher.nonce)?);
    let nonce: [u8; 24] = nonce.try_into().map_err(|_| anyhow!(broken))?;
    let params = Params::new(u8::try_from(cost)?, r, p, 32);
    let mut derived = [0; 32];
    scrypt(
        password.as_bytes(),
        &salt,
        &params.context(broken)?,
        &mut derived,
    )?;
    let cipher = XSalsa20Poly1305::new(&derived.into());
    let plain = cipher.decrypt(&Nonce::from(nonce), decode(&key.ciphertext)?.as_slice());
    plain.map_err(|_| anyhow!("the password in {PASSWORD} is wrong"))
}

#[cfg(test)]
mod tests {
    use p256::pkcs8::EncodePrivateKey as _;
    use serde_json::json;

    use super::*;

    fn secret() -> SecretKey {
        SecretKey::from_slice(&[7; 32]).unwrap()
    }

    fn said(pem: &str, password: Option<&str>) -> String {
        let error = SigningKey::from_pem(pem, password).err().unwrap();
        error.to_string()
    }

    fn encrypted(password: &str) -> String {
        encrypted_at(password, 16)
    }

    /// As cosign encrypts, at a cost that a test can bear; what the file says of the cost may be wrong.
    fn encrypted_at(password: &str, told: u64) -> String {
        let der = secret().to_pkcs8_der().unwrap();
        let mut derived = [0; 32];
        let params = Params::new(4, 8, 1, 32).unwrap();
        scrypt(password.as_bytes(), b"salt", &params, &mut derived).unwrap();
        let nonce = [1; 24];
        let cipher = XSalsa20Poly1305::new(&derived.into());
        let ciphertext = cipher.encrypt(&Nonce::from(nonce), der.as_bytes()).unwrap();
        let json = json!({
            "kdf": {"name": "scrypt", "params": {"N": told, "r": 8, "p": 1}, "salt": STANDARD.encode("salt")},
            "cipher": {"name": "nacl/secretbox", "nonce": STANDARD.encode(nonce)},
            "ciphertext": STANDARD.encode(ciphertext),
        });
        let body = STANDARD.encode(json.to_string());
        let (first, rest) = body.split_at(64);
        let label = "ENCRYPTED SIGSTORE PRIVATE KEY";
        format!("-----BEGIN {label}-----\n{first}\n{rest}\n-----END {label}-----")
    }

    #[test]
    fn every_form_of_a_key_is_the_same_key() {
        let pkcs8 = secret().to_pkcs8_pem(LineEnding::LF).unwrap();
        let sec1 = secret().to_sec1_pem(LineEnding::LF).unwrap();
        let expected = SigningKey::from_pem(pkcs8.trim(), None).unwrap();
        let signature = expected.sign(b"message");
        for (pem, password) in [
            (sec1.to_string(), None),
            (encrypted("secret"), Some("secret")),
        ] {
            let key = SigningKey::from_pem(pem.trim(), password).unwrap();
            assert_eq!(key.sign(b"message"), signature);
            assert!(key.public().has_signed(b"message", &signature));
        }
    }

    /// Made for this test by `cosign generate-key-pair` of cosign 2.6.1; nothing else is signed with it.
    #[test]
    fn a_key_that_cosign_made_is_read() {
        let pem = include_str!("../tests/cosign.key").trim();
        let key = SigningKey::from_pem(pem, Some("a throw-away password")).unwrap();
        let public = PublicKey::from_pem(include_str!("../tests/cosign.pub")).unwrap();
        assert!(public.has_signed(b"message", &key.sign(b"message")));
        assert!(said(pem, Some("another")).contains("COSIGN_PASSWORD is wrong"));
    }

    #[test]
    fn what_cannot_be_used_is_told_with_the_way_out() {
        assert!(said("key", None).contains("not in PEM"));
        let rsa = "-----BEGIN RSA PRIVATE KEY-----\n";
        assert!(said(rsa, None).contains("it is a `RSA PRIVATE KEY`"));
        let public = "-----BEGIN PUBLIC KEY-----\n";
        assert!(said(public, None).contains("a key is a `PRIVATE KEY`"));
        assert!(said(&encrypted("secret"), None).contains("goes into COSIGN_PASSWORD"));
        for cost in [0, 17, 1 << 40] {
            let pem = encrypted_at("secret", cost);
            assert!(said(&pem, Some("secret")).contains("not as cosign writes it"));
        }
        assert!(said(&encrypted("secret"), Some("guess")).contains("COSIGN_PASSWORD is wrong"));
    }
}
