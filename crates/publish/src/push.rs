//! The order in which things are pushed: whatever is named before what names it, and the tag last, so
//! that a push that breaks off leaves nothing that anybody would pull, and one that is run again goes on
//! from there.

use std::fmt;

use anyhow::{Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use registry::cosign::{self, SIGNATURE, SIMPLE_SIGNING};
use registry::manifest::{Descriptor, INDEX, Index, MANIFEST, Manifest};
use registry::{Digest, Pin, Reference, Registry, Repository};

use crate::artifact::{Artifact, CONFIG};
use crate::key::SigningKey;
use crate::papers::Paper;

/// A push of modules to one place.
pub(crate) struct Push<'a> {
    pub(crate) registry: &'a Registry,
    /// The place that the modules are under.
    pub(crate) place: &'a Reference,
    pub(crate) key: Option<&'a SigningKey>,
    pub(crate) move_tags: bool,
    /// Leave the tag for a later push, when whoever signs has signed.
    pub(crate) no_tag: bool,
}

/// What was pushed.
pub(crate) struct Pushed {
    name: String,
    reference: String,
    digest: Digest,
    /// What was not there before.
    new: Vec<&'static str>,
}

impl Push<'_> {
    /// Pushes one module with its papers.
    ///
    /// # Errors
    /// The registry did not take something, or the tag names other content.
    pub(crate) fn run(&self, artifact: &Artifact) -> Result<Pushed> {
        let path = format!("{}/{}", self.place.path, artifact.name);
        let repository = self.registry.writable(&path);
        let tag = format!("v{}", artifact.version);
        let manifest = serde_json::to_vec(&artifact.manifest())?;
        let subject = Descriptor::of(MANIFEST, &manifest);
        let name = format!("{}/{path}", self.place.host);

        let tagged = repository.resolve(&tag)?;
        let is_tagged = tagged.as_ref() == Some(&subject.digest);
        if let Some(other) = tagged.filter(|_| !is_tagged && !self.move_tags) {
            bail!(
                "`{name}:{tag}` is there and names {other}, not {}: raise the version in Cargo.toml, or move \
                 the tag with --move-tags",
                subject.digest
            );
        }

        let mut new = Vec::new();
        repository.put_blob(CONFIG)?;
        repository.put_blob(&artifact.wasm)?;
        let pin = Pin::Digest(subject.digest.clone());
        if repository.manifest(&pin)?.is_none() {
            repository.put_manifest(&pin, MANIFEST, &manifest)?;
            new.push("module");
        }
        let papers = [
            Paper::sbom(artifact),
            Paper::provenance(artifact, &name, &subject.digest, self.key),
        ];
        for paper in papers {
            if attach(&repository, &paper, &subject)? {
                new.push(paper.name);
            }
        }
        if let Some(key) = self.key
            && sign(&repository, &name, &subject.digest, key)?
        {
            new.push("signature");
        }
        if !is_tagged && !self.no_tag {
            repository.put_manifest(&Pin::Tag(tag.clone()), MANIFEST, &manifest)?;
            new.push("tag");
        }
        Ok(Pushed {
            name: artifact.name.clone(),
            reference: format!("{name}:{tag}"),
            digest: subject.digest,
            new,
        })
    }
}

/// Pushes a paper that refers to the manifest `subject`. True if it was not there before.
fn attach(repository: &Repository<'_>, paper: &Paper, subject: &Descriptor) -> Result<bool> {
    let manifest = paper.manifest(subject.clone());
    let bytes = serde_json::to_vec(&manifest)?;
    let mut descriptor = Descriptor::of(MANIFEST, &bytes);
    descriptor.artifact_type = manifest.artifact_type.clone();
    let pin = Pin::Digest(descriptor.digest.clone());
    repository.put_blob(CONFIG)?;
    repository.put_blob(&paper.content)?;
    let is_new = repository.manifest(&pin)?.is_none();
    if is_new {
        repository.put_manifest(&pin, MANIFEST, &bytes)?;
    }
    // A push that broke off may have left the manifest and not the list.
    if repository.referrers(&subject.digest)?.is_some() {
        return Ok(is_new);
    }
    let tag = Pin::Tag(Repository::referrers_tag(&subject.digest));
    let mut index = match repository.manifest(&tag)? {
        Some(bytes) => repository.parse(&bytes, "a list of referrers")?,
        None => Index::default(),
    };
    let listed = |known: &Descriptor| known.digest == descriptor.digest;
    if index.manifests.iter().any(listed) {
        return Ok(is_new);
    }
    index.manifests.push(descriptor);
    repository.put_manifest(&tag, INDEX, &serde_json::to_vec(&index)?)?;
    Ok(true)
}

/// Signs the manifest with `digest`. True if there was no signature of this key before.
fn sign(
    repository: &Repository<'_>,
    name: &str,
    digest: &Digest,
    key: &SigningKey,
) -> Result<bool> {
    let tag = Pin::Tag(cosign::tag(digest));
    let statement = cosign::statement(name, digest);
    let mut layer = Descriptor::of(SIMPLE_SIGNING, &statement);
    let signature = STANDARD.encode(key.sign(&statement));
    layer.annotations.insert(SIGNATURE.to_owned(), signature);
    let mut layers = match repository.manifest(&tag)? {
        Some(bytes) => {
            let signatures: Manifest = repository.parse(&bytes, "signatures")?;
            signatures.layers
        }
        None => Vec::new(),
    };
    if layers.iter().any(|known| is_by(key, known, &statement)) {
        return Ok(false);
    }
    repository.put_blob(&statement)?;
    layers.push(layer);
    let config = config(&layers)?;
    repository.put_blob(&config)?;
    let config = Descriptor::of("application/vnd.oci.image.config.v1+json", &config);
    let manifest = serde_json::to_vec(&Manifest::new(config, layers))?;
    repository.put_manifest(&tag, MANIFEST, &manifest)?;
    Ok(true)
}

/// Whether a layer is this key's signature of `statement`.
fn is_by(key: &SigningKey, layer: &Descriptor, statement: &[u8]) -> bool {
    let signature = layer.annotations.get(SIGNATURE);
    let signature = signature.and_then(|text| STANDARD.decode(text).ok());
    layer.digest == Digest::of(statement)
        && signature.is_some_and(|signature| key.public().has_signed(statement, &signature))
}

/// The config that cosign gives to signatures: an image's, of no system and no time.
fn config(layers: &[Descriptor]) -> Result<Vec<u8>> {
    let layers: Vec<&Digest> = layers.iter().map(|layer| &layer.digest).collect();
    let config = serde_json::json!({
        "architecture": "",
        "config": {},
        "created": "0001-01-01T00:00:00Z",
        "history": [{"created": "0001-01-01T00:00:00Z"}],
        "os": "",
        "rootfs": {"type": "layers", "diff_ids": layers},
    });
    Ok(serde_json::to_vec(&config)?)
}

impl fmt::Display for Pushed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            reference,
            digest,
            new,
        } = self;
        match new.as_slice() {
            [] => write!(f, "{name}: unchanged, {reference}@{digest}"),
            new => write!(f, "{name}: pushed {}, {reference}@{digest}", new.join(", ")),
        }
    }
}
