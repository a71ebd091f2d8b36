//! The fields of a PersistentVolumeClaim that its storage class depends on.

use std::borrow::Cow;

use admission::{Malformed, Node, Object};

use crate::settings::AccessMode;

/// Takes precedence over `spec.storageClassName` (`GetPersistentVolumeClaimClass` in Kubernetes'
/// `component-helpers/storage/volume`).
pub(crate) const BETA_ANNOTATION: &str = "volume.beta.kubernetes.io/storage-class";

/// The label in the selector of a claim that Velero's data mover restores (`DynamicPVRestoreLabel` in velero's
/// `pkg/apis/velero/v1/labels_annotations.go`).
const DATA_MOVER_LABEL: &str = "velero.io/dynamic-pv-restore";

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

    /// Returns the field that binds the claim to an existing volume. Kubernetes provisions no volume for such a
    /// claim: `syncUnboundClaim` in its `pv_controller.go` waits for the volume in `volumeName`, and provisioners
    /// do not support `selector` (external-provisioner, `pkg/controller/controller.go`, `prepareProvision`).
    ///
    /// Velero's data mover is different: it adds its own label to the selector of a claim that it restores
    /// (`restoreFromDataUploadResult` in velero's `pkg/restore/actions/csi/pvc_action.go`), provisions a volume
    /// with the class of that claim, and binds the claim to it (`pkg/exposer/generic_restore.go`).
    ///
    /// # Errors
    /// Returns an error if one of the fields has the wrong type.
    pub(crate) fn static_binding_field(&self) -> Result<Option<&'static str>, Malformed> {
        let volume_name = self.spec.string("volumeName")?;
        if volume_name.is_some_and(|name| !name.is_empty()) {
            return Ok(Some("volumeName"));
        }
        let Some(selector) = self.spec.object("selector")? else {
            return Ok(None);
        };
        if let Some(labels) = selector.object("matchLabels")?
            && labels.get(DATA_MOVER_LABEL)?.is_some()
        {
            return Ok(None);
        }
        Ok(Some("selector"))
    }

    /// Returns the field with the snapshot or claim that fills the volume.
    ///
    /// Only what the API server keeps counts. It drops every other kind in `dataSource`, and a `dataSourceRef`
    /// with a namespace unless the alpha gate CrossNamespaceVolumeDataSource is on
    /// (`EnforceDataSourceBackwardsCompatibility` and `DropDisabledFields` in Kubernetes'
    /// `pkg/api/persistentvolumeclaim/util.go`, after webhooks). It rejects references without a name, and
    /// fields that differ (`ValidatePersistentVolumeClaimSpec`).
    ///
    /// It keeps other kinds in `dataSourceRef`, but those do not need a certain class: a volume populator
    /// provisions a second claim with the class of this one (`syncPvc` in lib-volume-populator's
    /// `populator-machinery/controller.go`).
    ///
    /// # Errors
    /// Returns an error if a part of a reference has the wrong type.
    pub(crate) fn data_source_field(&self) -> Result<Option<&'static str>, Malformed> {
        let mut source = self.spec.object("dataSourceRef")?;
        let mut field = "dataSourceRef";
        let namespace = match &source {
            Some(source) => source.string("namespace")?,
            None => None,
        };
        if source.is_none() || namespace.is_some_and(|namespace| !namespace.is_empty()) {
            source = self.spec.object("dataSource")?;
            field = "dataSource";
        }
        let Some(source) = source else {
            return Ok(None);
        };
        let group = source.string("apiGroup")?.unwrap_or_default();
        let kind = source.string("kind")?.unwrap_or_default();
        let is_kept = matches!(
            (group.as_ref(), kind.as_ref()),
            ("", "PersistentVolumeClaim") | ("snapshot.storage.k8s.io", "VolumeSnapshot")
        );
        Ok(is_kept.then_some(field))
    }
}
