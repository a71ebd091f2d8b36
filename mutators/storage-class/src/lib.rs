//! **storage-class**: app claims get the K8TRE class for their access mode, whatever the vendor.
//!
//! In a cluster every StatefulSet, ephemeral volume and operator ends in the creation of a
//! PersistentVolumeClaim, so claims are all the module needs to see.

mod choice;
mod claim;
mod settings;

pub use settings::{AccessMode, Classes, Settings, UnknownClass};

use admission::{AdmissionRequest, Cluster, Edits, Malformed, Node, Verdict};

use choice::Choice;
use claim::{BETA_ANNOTATION, Claim};

admission::export!(Settings, evaluate);

/// Judges one request. Anything but the creation or update of a claim itself passes.
///
/// # Errors
/// When a field that decides about the class cannot be read.
pub fn evaluate(
    settings: &Settings,
    request: &AdmissionRequest<'_>,
    _cluster: &dyn Cluster,
) -> Result<Verdict, Malformed> {
    let Some(object) = request.object_of("", "PersistentVolumeClaim")? else {
        return Ok(Verdict::accept());
    };
    let claim = Claim::read(object)?;
    match request.old_object()? {
        Some(old) => pin(settings, object, &claim, &Claim::read(old)?),
        None => create(settings, object, &claim),
    }
}

/// A new claim: chooses its class and brings field and annotation to it.
fn create<'a>(
    settings: &Settings,
    object: Node<'a>,
    claim: &Claim<'a>,
) -> Result<Verdict, Malformed> {
    let (class, warning) = match choice::choose(settings, claim)? {
        Choice::Leave { warning } => return Ok(accept(warning)),
        Choice::Reject { reason } => return Ok(Verdict::reject(reason)),
        Choice::Class { class, warning } => (class, warning),
    };
    let mut edits = Edits::new(object);
    set(&mut edits, claim, class, claim.annotation.is_some())?;
    if edits.is_empty() {
        return Ok(accept(warning));
    }
    let from = claim.class().unwrap_or("none");
    let warning = warning.unwrap_or_else(|| {
        format!("spec.storageClassName: brought to `{class}`, which {BETA_ANNOTATION} says")
    });
    Ok(mutate(edits, from, class, warning))
}

/// An existing claim: its class is immutable, so it is never chosen anew. But re-applying a manifest
/// whose class was mapped at creation would fail for ever, so the mapped class is put back.
fn pin<'a>(
    settings: &Settings,
    object: Node<'a>,
    claim: &Claim<'a>,
    old: &Claim<'_>,
) -> Result<Verdict, Malformed> {
    let same = claim.field == old.field && claim.annotation == old.annotation;
    // A mapped class stands in the field, whether or not there is an annotation too.
    let mapped = old.class() == old.field.as_deref();
    let class = match &old.field {
        Some(class) if mapped && !same && !class.is_empty() => class.as_ref(),
        _ => return Ok(Verdict::accept()),
    };
    if choice::at_creation(settings, claim)? != class {
        return Ok(Verdict::accept());
    }
    let mut edits = Edits::new(object);
    set(&mut edits, claim, class, old.annotation.is_some())?;
    if edits.is_empty() {
        return Ok(Verdict::accept());
    }
    let from = claim.class().unwrap_or("none");
    let warning = format!("spec.storageClassName: `{class}` kept; the claim got it at creation");
    Ok(mutate(edits, from, class, warning))
}

/// Gives the field the class, and the beta annotation too where `annotated`.
fn set<'a>(
    edits: &mut Edits<'a>,
    claim: &Claim<'a>,
    class: &str,
    annotated: bool,
) -> Result<(), Malformed> {
    edits.set_string(&claim.spec, "storageClassName", class)?;
    if let Some(annotations) = claim.annotations.as_ref().filter(|_| annotated) {
        edits.set_string(annotations, BETA_ANNOTATION, class)?;
    }
    Ok(())
}

fn accept(warning: Option<String>) -> Verdict {
    match warning {
        Some(warning) => Verdict::accept().warn(warning),
        None => Verdict::accept(),
    }
}

fn mutate(edits: Edits<'_>, from: &str, to: &str, warning: String) -> Verdict {
    Verdict::mutate(edits.apply(), warning).audit("storage-class", format!("{from} -> {to}"))
}
