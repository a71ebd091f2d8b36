//! Modules from a registry.

use std::fs;
use std::path::{Path, PathBuf};

use plane::Policy;
use registry::cosign::PublicKey;
use registry::{Digest, Pin, Reference, Registry, pull, pull_signed};

/// The version of the policies that this program carries.
const OWN_TAG: &str = concat!("v", env!("CARGO_PKG_VERSION"));

/// Holds that `place` is not one of the modules itself: what stands in a policy as `module:` is easily taken
/// for it. With a digest it is to be one.
pub(super) fn hold_above(place: &Reference, policies: &[Policy]) -> Result<(), String> {
    let is_module = |policy: &Policy| policy.module_name() == place.name();
    if matches!(place.pin, Some(Pin::Digest(_))) || !policies.iter().any(is_module) {
        return Ok(());
    }
    let (above, _) = place.path.rsplit_once('/').unwrap_or(("PATH", ""));
    let above = Reference {
        path: above.to_owned(),
        ..place.clone()
    };
    Err(format!(
        "`registry://{place}` is one module; name the place above it, where all of them are: \
         --modules registry://{above}"
    ))
}

/// A registry's modules, kept on this machine by their digests once they are here.
pub(super) struct Published {
    registry: Registry,
    place: Reference,
    key: Option<PublicKey>,
    kept: Option<PathBuf>,
}

impl Published {
    pub(super) fn open(
        place: &Reference,
        key: Option<&Path>,
        insecure: bool,
    ) -> Result<Self, String> {
        let read = |path: &Path| {
            let about = |cause: String| format!("--verify-key `{}`: {cause}", path.display());
            let pem = fs::read_to_string(path).map_err(|error| about(error.to_string()))?;
            PublicKey::from_pem(&pem).map_err(|error| about(error.to_string()))
        };
        Ok(Self {
            registry: Registry::open(&place.host, insecure),
            place: place.clone(),
            key: key.map(read).transpose()?,
            kept: super::cache_dir().map(|dir| dir.join("published")),
        })
    }

    /// Where the module called `name` is: under the place, in the version that the place names, else in
    /// that of the policy, which names the module by `address`.
    pub(super) fn reference(&self, name: &str, address: &str) -> Result<Reference, String> {
        if let Some(Pin::Digest(_)) = self.place.pin {
            if self.place.name() == name {
                return Ok(self.place.clone());
            }
            return Err(format!(
                "it wants `{name}`, and --modules `{}` is one version of `{}`; name the path above it, with \
                 a tag or without",
                self.place,
                self.place.name()
            ));
        }
        let of_policy = Reference::parse(address).ok().and_then(|it| it.pin);
        let own = || Pin::Tag(OWN_TAG.to_owned());
        Ok(Reference {
            host: self.place.host.clone(),
            path: format!("{}/{name}", self.place.path),
            pin: Some(self.place.pin.clone().or(of_policy).unwrap_or_else(own)),
        })
    }

    pub(super) fn pull(&self, name: &str, address: &str) -> Result<Vec<u8>, String> {
        let reference = self.reference(name, address)?;
        // What is here is held to its digest again before it is run.
        let find = |digest: &Digest| fs::read(self.path(digest)?).ok();
        let pulled = match &self.key {
            Some(key) => pull_signed(&self.registry, &reference, key, find),
            None => pull(&self.registry, &reference, find),
        };
        let wasm = pulled.map_err(|error| error.to_string())?.wasm;
        self.keep(&wasm);
        Ok(wasm)
    }

    fn path(&self, digest: &Digest) -> Option<PathBuf> {
        Some(self.kept.as_ref()?.join(format!("{}.wasm", digest.hex())))
    }

    /// Keeps a module for the next time. Where that cannot be, it is pulled again.
    fn keep(&self, wasm: &[u8]) {
        let Some(path) = self.path(&Digest::of(wasm)) else {
            return;
        };
        if path.exists() {
            return;
        }
        let part = path.with_extension(format!("{}.part", std::process::id()));
        let whole = path.parent().is_some_and(|dir| {
            fs::create_dir_all(dir).is_ok()
                && fs::write(&part, wasm).is_ok()
                && fs::rename(&part, &path).is_ok()
        });
        if !whole {
            let _ = fs::remove_file(&part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(place: &str, address: &str) -> Result<String, String> {
        let published = Published {
            registry: Registry::anonymous("h", true),
            place: Reference::parse(place).unwrap(),
            key: None,
            kept: None,
        };
        let reference = published.reference("storage-class", address);
        reference.map(|reference| reference.to_string())
    }

    #[test]
    fn the_version_is_the_places_else_the_policys_else_the_programs() {
        let of_policy = "registry://ghcr.io/k8tre/agnostics/storage-class:v9.9.9";
        let expect = |place: &str, address: &str, expected: &str| {
            assert_eq!(reference(place, address).unwrap(), expected);
        };
        expect("h/a:v2", of_policy, "h/a/storage-class:v2");
        expect("h/a", of_policy, "h/a/storage-class:v9.9.9");
        let own = format!("h/a/storage-class:{OWN_TAG}");
        expect("h/a", "storage-class", &own);
    }

    #[test]
    fn a_digest_is_one_modules() {
        let digest = Digest::of(b"");
        let place = format!("h/a/storage-class@{digest}");
        assert_eq!(reference(&place, "").unwrap(), place);
        let said = reference(&format!("h/a/other@{digest}"), "").unwrap_err();
        assert!(said.contains("is one version of `other`"), "{said}");
    }
}
