//! The choice of a claim's storage class.

use admission::{Finding, Malformed};

use crate::claim::{Claim, ClassSource};
use crate::settings::{AccessMode, Settings, UnknownClass};

admission::rule! {
    /// The storage class is not a K8TRE class.
    ///
    /// # What it checks
    /// The class of a claim must be one of the settings `classes` and `allowedClasses`. By default the policy
    /// replaces any other class with the K8TRE class for the claim's access mode; the setting `unknownClass`
    /// can reject or allow it instead. A claim that names a volume (`volumeName`, `selector`), or the snapshot or
    /// claim that fills it (`dataSource`, `dataSourceRef`), keeps its class, with a warning.
    ///
    /// # Why
    /// Classes such as `gp3` or `managed-csi` exist on one vendor only. Elsewhere the claim never binds. K8TRE
    /// has the same classes on azure, aws and k3s. A class that only existing volumes have, such as `manual`,
    /// cannot be told from a vendor's: name the volume in the claim, or list the class in `allowedClasses`.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: research}
    /// spec:
    ///   accessModes: [ReadWriteOnce]
    ///   storageClassName: gp3
    ///   resources: {requests: {storage: 8Gi}}
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: research}
    /// spec:
    ///   accessModes: [ReadWriteOnce]
    ///   storageClassName: rwo-default
    ///   resources: {requests: {storage: 8Gi}}
    /// ```
    pub UNKNOWN_CLASS = "unknown-class";
}

admission::rule! {
    /// The K8TRE class does not support the access mode or the volume mode of the claim.
    ///
    /// # What it checks
    /// A class from the setting `classes` must be for the claim's access mode, or for a more demanding one.
    /// The class for a shared access mode is a file share, so it does not support `volumeMode: Block`. The
    /// policy replaces an unsuitable class with the class for the claim's access mode.
    ///
    /// # Why
    /// Such a claim never binds, so the Pod that mounts it stays `Pending`.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: shared, namespace: research}
    /// spec:
    ///   accessModes: [ReadWriteMany]
    ///   storageClassName: rwo-default
    ///   resources: {requests: {storage: 8Gi}}
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: shared, namespace: research}
    /// spec:
    ///   accessModes: [ReadWriteMany]
    ///   storageClassName: rwx-default
    ///   resources: {requests: {storage: 8Gi}}
    /// ```
    pub UNSUITABLE_CLASS = "unsuitable-class";
}

admission::rule! {
    /// The claim does not set a storage class.
    ///
    /// # What it checks
    /// A claim without a class gets the K8TRE class for its access mode. The API server sets the cluster's
    /// default class before it calls webhooks, so the policy reads from `metadata.managedFields` whether the
    /// client set the class. If there are no `managedFields`, the class counts as the default only if the
    /// setting `clusterDefaultClass` names it.
    ///
    /// # Why
    /// K8TRE's default class is a file share on azure and k3s, which databases cannot use. The default class of
    /// other clusters is a vendor's.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: research}
    /// spec:
    ///   accessModes: [ReadWriteOnce]
    ///   resources: {requests: {storage: 8Gi}}
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: research}
    /// spec:
    ///   accessModes: [ReadWriteOnce]
    ///   storageClassName: rwo-default
    ///   resources: {requests: {storage: 8Gi}}
    /// ```
    pub CLASS_NOT_SET = "class-not-set";
}

admission::rule! {
    /// The claim asks for a block volume that several nodes share, which no K8TRE class supports.
    ///
    /// # What it checks
    /// A claim with `volumeMode: Block` and the access mode ReadWriteMany or ReadOnlyMany must name its class.
    /// The policy rejects the claim if it does not, and otherwise keeps the class with a warning.
    ///
    /// # Why
    /// K8TRE's class for shared access modes is a file share, which cannot provide block devices, so the claim
    /// would never bind.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: shared, namespace: research}
    /// spec:
    ///   accessModes: [ReadWriteMany]
    ///   volumeMode: Block
    ///   resources: {requests: {storage: 8Gi}}
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: shared, namespace: research}
    /// spec:
    ///   accessModes: [ReadWriteMany]
    ///   volumeMode: Filesystem
    ///   storageClassName: rwx-default
    ///   resources: {requests: {storage: 8Gi}}
    /// ```
    pub SHARED_BLOCK_VOLUME = "shared-block-volume";
}

/// The decision on the class of a new claim.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Choice<'a> {
    /// The claim is accepted as it is.
    Accept { warning: Option<Finding> },
    /// The claim gets this class, or keeps it.
    Class {
        class: &'a str,
        warning: Option<Finding>,
    },
    /// The claim is rejected.
    Reject { error: Finding },
}

impl<'a> Choice<'a> {
    fn with_warning(class: &'a str, warning: Finding) -> Self {
        Self::Class {
            class,
            warning: Some(warning),
        }
    }
}

/// Whether a class that the client set can provide the volume.
enum Suitability {
    /// It can, or the settings allow it for every claim.
    Suitable,
    /// It is a K8TRE class that does not support the access mode or volume mode `what`.
    Unsuitable { what: &'static str },
    /// It is neither a K8TRE class nor allowed.
    Unknown,
}

/// Chooses the class of a new claim.
///
/// # Errors
/// Returns an error if a field that the choice depends on cannot be read.
pub(crate) fn choose<'a>(
    settings: &'a Settings,
    claim: &'a Claim<'_>,
) -> Result<Choice<'a>, Malformed> {
    let class = claim.class();
    if class == Some("") {
        // The API server lets a client remove an empty annotation later, and then the class in the field counts
        // (`ValidateImmutableAnnotation` in Kubernetes' `pkg/apis/core/validation/validation.go`).
        return Ok(Choice::Class {
            class: "",
            warning: None,
        });
    }
    let path = claim.class_path();
    if let Some(field) = claim.static_binding_field()? {
        let warning = class.and_then(|class| kept_unknown(settings, class, path, field));
        return Ok(Choice::Accept { warning });
    }
    let mode = claim.access_mode()?;
    let mode_class = settings.classes.for_mode(mode);
    let is_block = claim.is_block()?;
    let is_shared_block = is_block && mode.is_shared();
    if class == Some(mode_class) && !is_shared_block {
        // Most claims end here, without a look at their `managedFields`.
        return Ok(Choice::Class {
            class: mode_class,
            warning: None,
        });
    }
    let Some(requested) = requested_class(settings, claim)? else {
        if is_shared_block {
            let message = format!(
                "`{mode_class}` is a file share, which cannot provide {mode} block volumes; use \
                 `Filesystem`, `ReadWriteOnce` or a class that can"
            );
            let error = SHARED_BLOCK_VOLUME.finding("spec.volumeMode", message);
            return Ok(Choice::Reject { error });
        }
        let message = match class {
            None => format!("not set; uses `{mode_class}` for {mode}"),
            Some(class) => {
                format!("not set; uses `{mode_class}` for {mode}, not the default `{class}`")
            }
        };
        let warning = CLASS_NOT_SET.finding(path, message);
        return Ok(Choice::with_warning(mode_class, warning));
    };
    if let Some(field) = claim.data_source_field()? {
        // The class must have the driver of the snapshot or claim.
        return Ok(Choice::Class {
            class: requested,
            warning: kept_unknown(settings, requested, path, field),
        });
    }
    Ok(match suitability(settings, mode, is_block, requested) {
        Suitability::Unknown if settings.unknown_class == UnknownClass::Reject => {
            let message =
                format!("`{requested}` is not a K8TRE class; use `{mode_class}` for {mode}");
            let error = UNKNOWN_CLASS.finding(path, message);
            Choice::Reject { error }
        }
        _ if is_shared_block => {
            let message = format!("no K8TRE class supports {mode} Block; kept `{requested}`");
            let warning = SHARED_BLOCK_VOLUME.finding(path, message);
            Choice::with_warning(requested, warning)
        }
        Suitability::Suitable => Choice::Class {
            class: requested,
            warning: None,
        },
        Suitability::Unknown => {
            let message =
                format!("`{requested}` is not a K8TRE class; replaced with `{mode_class}`");
            let warning = UNKNOWN_CLASS.finding(path, message);
            Choice::with_warning(mode_class, warning)
        }
        Suitability::Unsuitable { what } => {
            let message =
                format!("`{requested}` does not support {what}; replaced with `{mode_class}`");
            let warning = UNSUITABLE_CLASS.finding(path, message);
            Choice::with_warning(mode_class, warning)
        }
    })
}

/// Returns the warning about an unknown class that a claim keeps because `field` is set.
fn kept_unknown(settings: &Settings, class: &str, path: String, field: &str) -> Option<Finding> {
    if settings.knows(class) {
        return None;
    }
    let message = format!("`{class}` is not a K8TRE class; kept because {field} is set");
    Some(UNKNOWN_CLASS.finding(path, message))
}

/// Returns whether an update may come from a manifest whose class this policy replaced with `stored` at
/// creation. The settings may have been different then, so any class may have been replaced that is not a K8TRE
/// class now. If both are K8TRE classes, the client changes the class on purpose. Fields that refer to a volume
/// do not matter: every bound claim has a `volumeName`.
///
/// # Errors
/// Returns an error if a field that the choice depends on cannot be read.
pub(crate) fn may_have_been_replaced(
    settings: &Settings,
    claim: &Claim<'_>,
    stored: &str,
) -> Result<bool, Malformed> {
    if claim.class() == Some("") {
        return Ok(false);
    }
    let Some(requested) = requested_class(settings, claim)? else {
        return Ok(true);
    };
    if requested == stored {
        // Only the field or the annotation differs.
        return Ok(true);
    }
    let mode = claim.access_mode()?;
    let is_block = claim.is_block()?;
    if is_block && mode.is_shared() {
        // The class of a shared block volume is never replaced.
        return Ok(false);
    }
    let is_k8tre = |class| settings.classes.strongest_mode(class).is_some();
    Ok(match suitability(settings, mode, is_block, requested) {
        Suitability::Suitable => !(is_k8tre(requested) && is_k8tre(stored)),
        Suitability::Unsuitable { .. } | Suitability::Unknown => true,
    })
}

/// Returns the class that the client set.
fn requested_class<'a>(
    settings: &Settings,
    claim: &'a Claim<'_>,
) -> Result<Option<&'a str>, Malformed> {
    let class = claim.class();
    Ok(match claim.class_source()? {
        ClassSource::Client => class,
        ClassSource::ClusterDefault => None,
        ClassSource::Unknown => class.filter(|&class| !settings.is_cluster_default(class)),
    })
}

fn suitability(settings: &Settings, mode: AccessMode, is_block: bool, class: &str) -> Suitability {
    match settings.classes.strongest_mode(class) {
        // If one class is for all modes, no other class supports more.
        Some(_) if class == settings.classes.for_mode(mode) => Suitability::Suitable,
        Some(strongest) if strongest < mode => Suitability::Unsuitable { what: mode.name() },
        // Shared classes are file shares on azure and aws.
        Some(strongest) if is_block && strongest.is_shared() => Suitability::Unsuitable {
            what: "block volumes",
        },
        None if !settings.allows(class) => Suitability::Unknown,
        _ => Suitability::Suitable,
    }
}
