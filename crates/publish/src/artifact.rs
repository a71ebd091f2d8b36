//! A built module and the papers beside it.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use registry::manifest::{Descriptor, Manifest, WASM_CONFIG, WASM_LAYER};
use serde_json::Value;

/// The config of a module: nothing.
pub(crate) const CONFIG: &[u8] = b"{}";

/// A module as it is pushed.
pub(crate) struct Artifact {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) wasm: Vec<u8>,
    /// What it is made of, in CycloneDX's JSON.
    pub(crate) sbom: Vec<u8>,
    /// How it was built: the predicate of SLSA's provenance.
    pub(crate) provenance: Value,
    annotations: BTreeMap<String, String>,
}

impl Artifact {
    /// Reads a built module and the papers beside it.
    ///
    /// # Errors
    /// One is missing, or the module says nothing of itself.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let read = |path: &Path| {
            std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))
        };
        let beside = |ending: &str| read(&path.with_extension(ending));
        let wasm = read(path)?;
        let of_module = || format!("`{}`", path.display());
        let Some(metadata) = kubewarden::read(&wasm).with_context(of_module)? else {
            bail!(
                "{} has no metadata; `cargo xtask build` writes it",
                of_module()
            );
        };
        let annotation = |name: &str| {
            let key = format!("io.kubewarden.policy.{name}");
            let value = metadata.annotations.get(&key).cloned();
            value.with_context(|| format!("{} has no annotation `{key}`", of_module()))
        };
        let provenance = beside("provenance.json")?;
        Ok(Self {
            name: annotation("title")?,
            version: annotation("version")?,
            sbom: beside("cdx.json")?,
            provenance: serde_json::from_slice(&provenance)
                .with_context(|| format!("the provenance of {}", of_module()))?,
            annotations: for_manifest(&metadata.annotations),
            wasm,
        })
    }

    /// The module's manifest, the same bytes for the same module.
    pub(crate) fn manifest(&self) -> Manifest {
        let config = Descriptor::of(WASM_CONFIG, CONFIG);
        let layer = Descriptor::of(WASM_LAYER, &self.wasm);
        let mut manifest = Manifest::new(config, vec![layer]);
        manifest.annotations = self.annotations.clone();
        manifest
    }
}

/// Those that kwctl puts into a manifest: all of one line, and where the sources are once more under the
/// name that registries show.
fn for_manifest(annotations: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut kept: BTreeMap<String, String> = annotations
        .iter()
        .filter(|(_, value)| value.lines().count() <= 1)
        .map(|(key, value)| (key.clone(), value.trim().to_owned()))
        .collect();
    if let Some(source) = kept.get("io.kubewarden.policy.source").cloned() {
        let name = "org.opencontainers.image.source".to_owned();
        kept.entry(name).or_insert(source);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_are_those_that_kwctl_keeps() {
        let given = [
            ("io.kubewarden.policy.title", "a"),
            ("io.kubewarden.policy.description", "one line\n"),
            ("io.kubewarden.policy.usage", "# Many\n\nlines"),
            ("io.kubewarden.policy.source", "https://example.org/a"),
        ];
        let given = given.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let kept = for_manifest(&given.into_iter().collect());
        assert!(!kept.contains_key("io.kubewarden.policy.usage"));
        assert_eq!(kept["io.kubewarden.policy.description"], "one line");
        assert_eq!(
            kept["org.opencontainers.image.source"],
            "https://example.org/a"
        );
    }
}
