//! **storage-class**: sets the storage class of claims to the K8TRE class for their access mode.
//!
//! The policy only needs to see PersistentVolumeClaims: StatefulSets, ephemeral volumes and operators all
//! create them.

mod choice;
mod claim;
mod settings;

pub use settings::{AccessMode, Classes, Settings, UnknownClass};

use admission::{AdmissionRequest, Cluster, Edits, Finding, Malformed, Node, Rule, Verdict};

use choice::Choice;
use claim::{BETA_ANNOTATION, Claim};

admission::export!(Settings, evaluate);

/// The rules of this policy.
pub const RULES: &[Rule] = &[
    choice::UNKNOWN_CLASS,
    choice::UNSUITABLE_CLASS,
    choice::CLASS_NOT_SET,
    choice::SHARED_BLOCK_VOLUME,
    CLASS_ANNOTATION,
    CLASS_CHANGED,
];

admission::rule! {
    /// The annotation `volume.beta.kubernetes.io/storage-class` and `spec.storageClassName` differ.
    ///
    /// # What it checks
    /// If a claim has the annotation, `spec.storageClassName` must have the same value. The policy sets the
    /// field to the class of the annotation.
    ///
    /// # Why
    /// Kubernetes uses the deprecated annotation and ignores the field, but people and tools read the field.
    ///
    /// # Example
    /// ```yaml
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata:
    ///   name: shared
    ///   namespace: research
    ///   annotations: {volume.beta.kubernetes.io/storage-class: rwx-default}
    /// spec:
    ///   accessModes: [ReadWriteMany]
    ///   storageClassName: gp3
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
    pub CLASS_ANNOTATION = "class-annotation";
}

admission::rule! {
    /// A manifest is applied again with its original class, but the policy replaced that class at creation.
    ///
    /// # What it checks
    /// The class of a claim is immutable. If the policy may have replaced the class at creation, under these
    /// settings or earlier ones, it restores the class when the same manifest is applied again. It leaves the
    /// change from one K8TRE class to another for the API server to reject.
    ///
    /// # Why
    /// Without this, the API server would reject each `kubectl apply` and each GitOps sync of the manifest.
    ///
    /// # Example
    /// ```yaml
    /// # stored object
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: research}
    /// spec:
    ///   accessModes: [ReadWriteOnce]
    ///   storageClassName: rwo-default
    ///   resources: {requests: {storage: 8Gi}}
    /// ---
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: research}
    /// spec:
    ///   accessModes: [ReadWriteOnce]
    ///   storageClassName: gp3
    ///   resources: {requests: {storage: 16Gi}}
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// # stored object
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: research}
    /// spec:
    ///   accessModes: [ReadWriteOnce]
    ///   storageClassName: rwo-default
    ///   resources: {requests: {storage: 8Gi}}
    /// ---
    /// apiVersion: v1
    /// kind: PersistentVolumeClaim
    /// metadata: {name: data, namespace: research}
    /// spec:
    ///   accessModes: [ReadWriteOnce]
    ///   storageClassName: rwo-default
    ///   resources: {requests: {storage: 16Gi}}
    /// ```
    pub CLASS_CHANGED = "class-changed";
}

/// Evaluates one request. Accepts everything except the creation or update of a PersistentVolumeClaim.
///
/// # Errors
/// Returns an error if a field that the class depends on cannot be read.
pub fn evaluate(
    settings: &Settings,
    request: &AdmissionRequest<'_>,
    _: &dyn Cluster,
) -> Result<Verdict, Malformed> {
    let Some(object) = request.object_of("", "PersistentVolumeClaim")? else {
        return Ok(Verdict::accept());
    };
    let claim = Claim::read(object)?;
    match request.old_object()? {
        Some(old) => restore_class(settings, object, &claim, &Claim::read(old)?),
        None => set_class(settings, object, &claim),
    }
}

/// Sets the class of a new claim, in the field and in the annotation if there is one.
fn set_class<'a>(
    settings: &Settings,
    object: Node<'a>,
    claim: &Claim<'a>,
) -> Result<Verdict, Malformed> {
    let (class, warning) = match choice::choose(settings, claim)? {
        Choice::Accept { warning } => return Ok(accept(warning)),
        Choice::Reject { error } => return Ok(Verdict::reject(error)),
        Choice::Class { class, warning } => (class, warning),
    };
    let mut edits = Edits::new(object);
    let has_annotation = claim.annotation.is_some();
    write_class(&mut edits, claim, class, has_annotation)?;
    if edits.is_empty() {
        return Ok(accept(warning));
    }
    let from = claim.class().unwrap_or("none");
    let warning = warning.unwrap_or_else(|| {
        let message = match class {
            "" => format!("emptied, since annotation {BETA_ANNOTATION} is empty"),
            class => format!("set to `{class}` from annotation {BETA_ANNOTATION}"),
        };
        CLASS_ANNOTATION.finding("spec.storageClassName", message)
    });
    Ok(mutate(edits, from, class, warning))
}

/// Restores the class of an existing claim if the update sends a class that this policy may have replaced at
/// creation. The class is immutable, so otherwise the manifest could not be applied again. A claim without a
/// class may still get one (`validateStorageClassUpgradeFromNil` in Kubernetes'
/// `pkg/apis/core/validation/validation.go`).
fn restore_class<'a>(
    settings: &Settings,
    object: Node<'a>,
    claim: &Claim<'a>,
    old: &Claim<'_>,
) -> Result<Verdict, Malformed> {
    let is_unchanged = claim.field == old.field && claim.annotation == old.annotation;
    // If this policy set the class, the field has it, whether or not there is an annotation.
    let is_in_field = old.class() == old.field.as_deref();
    // The policy emptied the field because of the annotation.
    let has_empty_annotation = |claim: &Claim<'_>| claim.annotation.as_deref() == Some("");
    let is_emptied = has_empty_annotation(old) && has_empty_annotation(claim);
    let class = match &old.field {
        Some(class) if is_in_field && !is_unchanged && (is_emptied || !class.is_empty()) => {
            class.as_ref()
        }
        _ => return Ok(Verdict::accept()),
    };
    if !is_emptied && !choice::may_have_been_replaced(settings, claim, class)? {
        return Ok(Verdict::accept());
    }
    let mut edits = Edits::new(object);
    let had_annotation = old.annotation.is_some();
    write_class(&mut edits, claim, class, had_annotation)?;
    if edits.is_empty() {
        return Ok(Verdict::accept());
    }
    let from = claim.class().unwrap_or("none");
    let message = format!("immutable; kept `{}`, set at creation", shown(class));
    let warning = CLASS_CHANGED.finding("spec.storageClassName", message);
    Ok(mutate(edits, from, class, warning))
}

/// Writes the class to the field, and to the annotation too if `with_annotation` is set.
fn write_class<'a>(
    edits: &mut Edits<'a>,
    claim: &Claim<'a>,
    class: &str,
    with_annotation: bool,
) -> Result<(), Malformed> {
    edits.set_string(&claim.spec, "storageClassName", class)?;
    if let Some(annotations) = claim.annotations.as_ref().filter(|_| with_annotation) {
        edits.set_string(annotations, BETA_ANNOTATION, class)?;
    }
    Ok(())
}

fn accept(warning: Option<Finding>) -> Verdict {
    match warning {
        Some(warning) => Verdict::accept().warn(warning),
        None => Verdict::accept(),
    }
}

fn mutate(edits: Edits<'_>, from: &str, to: &str, warning: Finding) -> Verdict {
    let change = [shown(from), " -> ", shown(to)].concat();
    Verdict::mutate(edits.apply(), warning).audit("storage-class", change)
}

/// Returns a class as messages show it.
fn shown(class: &str) -> &str {
    match class {
        "" => "\"\"",
        class => class,
    }
}
