use crate::cosign::{self, PublicKey};
use crate::manifest::{Manifest, WASM_LAYER};
use crate::{Digest, Error, Pin, Reference, Registry};

/// A module as it came from a registry.
#[derive(Debug)]
pub struct Pulled {
    /// The digest by which it is signed and pinned.
    pub digest: Digest,
    /// The module.
    pub wasm: Vec<u8>,
}

/// Pulls the module that `reference` names. `find` may have its bytes by their digest from before.
///
/// # Errors
/// There is none, or it did not come whole.
pub fn pull(
    registry: &Registry,
    reference: &Reference,
    find: impl FnOnce(&Digest) -> Option<Vec<u8>>,
) -> Result<Pulled, Error> {
    pull_if(registry, reference, find, |_| Ok(()))
}

/// The same, if the owner of `key` has signed it: nothing is read before that is known.
///
/// # Errors
/// There is none, it did not come whole, or its signature is missing or another's.
pub fn pull_signed(
    registry: &Registry,
    reference: &Reference,
    key: &PublicKey,
    find: impl FnOnce(&Digest) -> Option<Vec<u8>>,
) -> Result<Pulled, Error> {
    pull_if(registry, reference, find, |digest| {
        cosign::verify(registry, reference, digest, key)
    })
}

fn pull_if(
    registry: &Registry,
    reference: &Reference,
    find: impl FnOnce(&Digest) -> Option<Vec<u8>>,
    permit: impl FnOnce(&Digest) -> Result<(), Error>,
) -> Result<Pulled, Error> {
    let repository = registry.repository(&reference.path);
    let latest = || Pin::Tag("latest".to_owned());
    let pin = reference.pin.clone().unwrap_or_else(latest);
    let manifest = repository.manifest(&pin)?.ok_or_else(|| Error::NotFound {
        host: reference.host.clone(),
        what: reference.to_string(),
    })?;
    let digest = Digest::of(&manifest);
    permit(&digest)?;
    let not_a_module = |cause: String| Error::NotAModule {
        reference: reference.to_string(),
        cause,
    };
    let manifest: Manifest = serde_json::from_slice(&manifest)
        .map_err(|error| not_a_module(format!("its manifest: {error}")))?;
    let mut layers = manifest
        .layers
        .iter()
        .filter(|layer| layer.media_type == WASM_LAYER);
    let (Some(layer), None) = (layers.next(), layers.next()) else {
        return Err(not_a_module(format!(
            "it has not exactly one layer of the type {WASM_LAYER}"
        )));
    };
    let known = find(&layer.digest).filter(|bytes| Digest::of(bytes) == layer.digest);
    let wasm = match known {
        Some(wasm) => wasm,
        None => repository.blob(&layer.digest)?,
    };
    Ok(Pulled { digest, wasm })
}
