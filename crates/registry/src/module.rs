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
    pull_if(registry, reference, None, find)
}

/// The same, if the owner of `key` has signed it, as the module and the version that `reference` names:
/// nothing is read before that is known.
///
/// # Errors
/// There is none, it did not come whole, its signature is missing or another's, or what was signed is
/// another module or version.
pub fn pull_signed(
    registry: &Registry,
    reference: &Reference,
    key: &PublicKey,
    find: impl FnOnce(&Digest) -> Option<Vec<u8>>,
) -> Result<Pulled, Error> {
    pull_if(registry, reference, Some(key), find)
}

fn pull_if(
    registry: &Registry,
    reference: &Reference,
    key: Option<&PublicKey>,
    find: impl FnOnce(&Digest) -> Option<Vec<u8>>,
) -> Result<Pulled, Error> {
    let repository = registry.repository(&reference.path);
    let latest = || Pin::Tag("latest".to_owned());
    let pin = reference.pin.clone().unwrap_or_else(latest);
    let manifest = repository.manifest(&pin)?.ok_or_else(|| Error::NotFound {
        host: reference.host.clone(),
        what: reference.to_string(),
    })?;
    let digest = Digest::of(&manifest);
    if let Some(key) = key {
        cosign::verify(registry, reference, &digest, key)?;
    }
    let not_a_module = |cause: String| Error::NotAModule {
        reference: reference.to_string(),
        cause,
    };
    let manifest: Manifest = serde_json::from_slice(&manifest)
        .map_err(|error| not_a_module(format!("its manifest: {error}")))?;
    if key.is_some() {
        hold_to_name(reference, &pin, &manifest)?;
    }
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

/// A signature is of bytes and not of the place where they are: whoever has the registry could serve
/// another module of the same owner, or an old version, under this name.
fn hold_to_name(reference: &Reference, pin: &Pin, manifest: &Manifest) -> Result<(), Error> {
    let annotation = |name: &str| {
        let key = format!("io.kubewarden.policy.{name}");
        manifest.annotations.get(&key).map(String::as_str)
    };
    let (title, version) = (annotation("title"), annotation("version"));
    let tag_of_version = match pin {
        Pin::Tag(tag) => tag
            .strip_prefix('v')
            .filter(|rest| rest.starts_with(|first: char| first.is_ascii_digit())),
        Pin::Digest(_) => None,
    };
    let is_named = title == Some(reference.name());
    if is_named && tag_of_version.is_none_or(|wanted| version == Some(wanted)) {
        return Ok(());
    }
    Err(Error::Misplaced {
        reference: reference.to_string(),
        title: title.unwrap_or("without a name").to_owned(),
        version: version.unwrap_or("without a version").to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{Descriptor, WASM_CONFIG};

    fn held(reference: &str, title: &str, version: &str) -> Result<(), String> {
        let mut manifest = Manifest::new(Descriptor::of(WASM_CONFIG, b"{}"), Vec::new());
        for (name, value) in [("title", title), ("version", version)] {
            let key = format!("io.kubewarden.policy.{name}");
            manifest.annotations.insert(key, value.to_owned());
        }
        let reference = Reference::parse(reference).unwrap();
        let pin = reference.pin.clone().unwrap();
        hold_to_name(&reference, &pin, &manifest).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_signed_is_what_is_named() {
        assert_eq!(
            held("h/a/storage-class:v1.2.3", "storage-class", "1.2.3"),
            Ok(())
        );
        assert_eq!(
            held("h/a/storage-class:stable", "storage-class", "1.2.3"),
            Ok(())
        );
        let said = held("h/a/storage-class:v1.2.3", "storage-class", "1.0.0").unwrap_err();
        assert!(
            said.contains("is signed as `storage-class` 1.0.0"),
            "{said}"
        );
        let said = held("h/a/storage-class:v1.2.3", "another", "1.2.3").unwrap_err();
        assert!(said.contains("is signed as `another` 1.2.3"), "{said}");
    }
}
