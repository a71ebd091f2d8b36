//! The fields of a PersistentVolumeClaim that decide its storage class.

use std::borrow::Cow;

use admission::{Malformed, Node, Object};

use crate::settings::AccessMode;

/// Wins over `spec.storageClassName` where both are given (`GetPersistentVolumeClaimClass` in
/// Kubernetes' `component-helpers/storage/volume`).
pub(crate) const BETA_ANNOTATION: &str = "volume.beta.kubernetes.io/storage-class";

/// A claim, borrowed from the request.
pub(crate) struct Claim<'a> {
    pub(crate) spec: Object<'a>,
    pub(crate) annotations: Option<Object<'a>>,
    /// `spec.storageClassName`; `Some("")` asks for a volume made by hand.
    pub(crate) field: Option<Cow<'a, str>>,
    /// The beta annotation.
    pub(crate) annotation: Option<Cow<'a, str>>,
    metadata: Option<Object<'a>>,
}

/// Who named the class that a claim arrives with.
///
/// DefaultStorageClass runs before mutating webhooks, so the field alone does not tell; but the API
/// server works out `metadata.managedFields` from what the client sent, before any admission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The client did.
    Sent,
    /// Nobody did: the cluster's default was filled in.
    Defaulted,
    /// There is no trace of who set which field: an old client, or a file.
    Unknown,
}

impl<'a> Claim<'a> {
    /// # Errors
    /// When a field that decides has the wrong type.
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

    /// The class that Kubernetes goes by.
    pub(crate) fn class(&self) -> Option<&str> {
        self.annotation.as_deref().or(self.field.as_deref())
    }

    /// Where that class stands, or would.
    pub(crate) fn class_path(&self) -> String {
        match self.annotation {
            Some(_) => format!("metadata.annotations[{BETA_ANNOTATION}]"),
            None => "spec.storageClassName".to_owned(),
        }
    }

    /// Who named that class. Nothing fills in the annotation but the client.
    ///
    /// # Errors
    /// When `metadata.managedFields` is malformed.
    pub(crate) fn origin(&self) -> Result<Origin, Malformed> {
        if self.annotation.is_some() {
            return Ok(Origin::Sent);
        }
        let entries = match &self.metadata {
            Some(metadata) => metadata.array("managedFields")?.unwrap_or_default(),
            None => Vec::new(),
        };
        let mut origin = Origin::Unknown;
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
                return Ok(Origin::Sent);
            }
            origin = Origin::Defaulted;
        }
        Ok(origin)
    }

    /// The strongest of the access modes.
    ///
    /// # Errors
    /// When there is none, or one that Kubernetes does not have.
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
            let problem = "must name at least one access mode, such as ReadWriteOnce";
            self.spec.malformed("accessModes", problem)
        })
    }

    /// Whether the claim wants a block device rather than a file system.
    ///
    /// # Errors
    /// When `spec.volumeMode` is not a string.
    pub(crate) fn is_block(&self) -> Result<bool, Malformed> {
        Ok(self
            .spec
            .string("volumeMode")?
            .is_some_and(|mode| mode == "Block"))
    }

    /// The first field that ties the claim to a volume or source of its own.
    ///
    /// # Errors
    /// When the spec has such a field twice.
    pub(crate) fn tie(&self) -> Result<Option<&'static str>, Malformed> {
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
