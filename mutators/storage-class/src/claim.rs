//! The fields of a PersistentVolumeClaim that its storage class depends on.

use std::borrow::Cow;

use admission::{Malformed, Node, Object};

use crate::settings::AccessMode;

/// Takes precedence over `spec.storageClassName` (`GetPersistentVolumeClaimClass` in Kubernetes'
/// `component-helpers/storage/volume`).
pub(crate) const BETA_ANNOTATION: &str = "volume.beta.kubernetes.io/storage-class";

/// A claim, borrowed from the request.
pub(crate) struct Claim<'a> {
    pub(crate) spec: Object<'a>,
    pub(crate) annotations: Option<Object<'a>>,
    /// `spec.storageClassName`. `Some("")` disables dynamic provisioning.
    pub(crate) field: Option<Cow<'a, str>>,
    /// The beta annotation.
    pub(crate) annotation: Option<Cow<'a, str>>,
    metadata: Option<Object<'a>>,
}

/// Who set the class of a claim.
///
/// The admission plugin DefaultStorageClass runs before mutating webhooks, so the field may contain the
/// cluster's default. The API server computes `metadata.managedFields` before admission, from what the client
/// sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClassSource {
    /// The client.
    Client,
    /// The admission plugin DefaultStorageClass.
    ClusterDefault,
    /// There are no `managedFields` for the spec: the claim comes from an old client or from a file.
    Unknown,
}

impl<'a> Claim<'a> {
    /// Reads a claim.
    ///
    /// # Errors
    /// Returns an error if a field that the class depends on has the wrong type.
    pub(crate) fn read(object: Node<'a>) -> Result<Self, Malformed> {
        let root = object.object()?;
        let metadata = root.object("metadata")?;
        let annotations = match &metadata {
            Some(metadata) => metadata.object("annotations")?,
            None => None,
        };
        let annotation = match &annotations {
            Some(annotations) => annotations.string(BETA_ANNOTATION)?,
            None => None,
        };
        let spec = root
            .object("spec")?
            .ok_or_else(|| root.malformed("spec", "is missing"))?;
        let field = spec.string("storageClassName")?;
        Ok(Self {
            spec,
            annotations,
            field,
            annotation,
            metadata,
        })
    }

    /// Returns the class that Kubernetes uses.
    pub(crate) fn class(&self) -> Option<&str> {
        self.annotation.as_deref().or(self.field.as_deref())
    }

    /// Returns the path of the field or annotation that sets [`Claim::class`].
    pub(crate) fn class_path(&self) -> String {
        match self.annotation {
            Some(_) => format!("metadata.annotations[{BETA_ANNOTATION}]"),
            None => "spec.storageClassName".to_owned(),
        }
    }

    /// Returns who set [`Claim::class`]. Only clients set the annotation.
    ///
    /// # Errors
    /// Returns an error if `metadata.managedFields` is malformed.
    pub(crate) fn class_source(&self) -> Result<ClassSource, Malformed> {
        if self.annotation.is_some() {
            return Ok(ClassSource::Client);
        }
        let entries = match &self.metadata {
            Some(metadata) => metadata.array("managedFields")?.unwrap_or_default(),
            None => Vec::new(),
        };
        let mut source = ClassSource::Unknown;
        for entry in entries {
            let fields = entry.object()?.object("fieldsV1")?;
            let Some(spec) = fields
                .map(|fields| fields.object("f:spec"))
                .transpose()?
                .flatten()
            else {
                continue;
            };
            if spec.get("f:storageClassName")?.is_some() {
                return Ok(ClassSource::Client);
            }
            source = ClassSource::ClusterDefault;
        }
        Ok(source)
    }

    /// Returns the access mode that demands most of the volume.
    ///
    /// # Errors
    /// Returns an error if there is no access mode, or one that Kubernetes does not have.
    pub(crate) fn access_mode(&self) -> Result<AccessMode, Malformed> {
        let mut strongest = None;
        for node in self.spec.array("accessModes")?.unwrap_or_default() {
            let name = node.string()?;
            let mode = AccessMode::ALL.into_iter().find(|mode| mode.name() == name);
            let Some(mode) = mode else {
                return Err(node.malformed(format!(
                    "must be ReadWriteOnce, ReadOnlyMany, ReadWriteMany or ReadWriteOncePod, not `{name}`"
                )));
            };
            strongest = strongest.max(Some(mode));
        }
        strongest.ok_or_else(|| {
            let problem = "must contain at least one access mode, such as ReadWriteOnce";
            self.spec.malformed("accessModes", problem)
        })
    }

    /// Returns whether the claim asks for a block device instead of a file system.
    ///
    /// # Errors
    /// Returns an error if `spec.volumeMode` is not a string.
    pub(crate) fn is_block(&self) -> Result<bool, Malformed> {
        Ok(self
            .spec
            .string("volumeMode")?
            .is_some_and(|mode| mode == "Block"))
    }

    /// Returns the name of the first field that binds the claim to an existing volume or fills it from an
    /// existing snapshot or claim. Such a claim needs the class of what exists.
    ///
    /// # Errors
    /// Returns an error if the spec has such a field twice.
    pub(crate) fn existing_volume_field(&self) -> Result<Option<&'static str>, Malformed> {
        for field in ["volumeName", "selector", "dataSource", "dataSourceRef"] {
            if self
                .spec
                .get(field)?
                .is_some_and(|node| node.text() != "\"\"")
            {
                return Ok(Some(field));
            }
        }
        Ok(None)
    }
}
