//! Which class a claim gets.

use admission::Malformed;

use crate::claim::{Claim, Origin};
use crate::settings::{AccessMode, Settings, UnknownClass};

/// The decision on a new claim's class.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Choice<'a> {
    /// Nothing is touched.
    Leave { warning: Option<String> },
    /// The claim gets, or keeps, this class.
    Class {
        class: &'a str,
        warning: Option<String>,
    },
    /// The claim is rejected.
    Reject { reason: String },
}

impl<'a> Choice<'a> {
    fn warned(class: &'a str, warning: String) -> Self {
        Self::Class {
            class,
            warning: Some(warning),
        }
    }
}

/// What the plane thinks of a class that the client named.
enum Standing {
    /// It serves the claim, or is allowed as it is.
    Good,
    /// One of the plane's own that cannot serve this.
    Unfit { what: &'static str },
    /// None of the plane's, and not allowed.
    Unknown,
}

/// Chooses the class of a new claim.
///
/// # Errors
/// When a field that decides cannot be read.
pub(crate) fn choose<'a>(
    settings: &'a Settings,
    claim: &'a Claim<'_>,
) -> Result<Choice<'a>, Malformed> {
    let class = claim.class();
    if class == Some("") {
        return Ok(Choice::Leave { warning: None });
    }
    let path = claim.class_path();
    if let Some(tie) = claim.tie()? {
        let warning = class.filter(|&class| !settings.knows(class)).map(|class| {
            format!("{path}: `{class}` is not a K8TRE class; left, since spec.{tie} ties the claim")
        });
        return Ok(Choice::Leave { warning });
    }
    let mode = claim.access_mode()?;
    let wanted = settings.classes.of(mode);
    let block = claim.is_block()?;
    if class == Some(wanted) && !(block && mode.is_shared()) {
        // Whoever named it. This is most claims, and the rest of them need not be read.
        return Ok(Choice::Class {
            class: wanted,
            warning: None,
        });
    }
    let Some(sent) = sent(settings, claim)? else {
        if block && mode.is_shared() {
            let reason = format!(
                "spec.volumeMode: Block cannot be {mode} on a K8TRE class, since `{wanted}` is a \
                 file share; write volumeMode Filesystem, or ReadWriteOnce, or name a class that \
                 shares block devices"
            );
            return Ok(Choice::Reject { reason });
        }
        return Ok(Choice::warned(
            wanted,
            match class {
                None => format!("{path}: `{wanted}` chosen for {mode}; the claim named no class"),
                Some(class) => format!(
                    "{path}: `{wanted}` chosen for {mode} in place of the cluster's default `{class}`"
                ),
            },
        ));
    };
    Ok(match standing(settings, mode, block, sent) {
        Standing::Unknown if settings.unknown_class == UnknownClass::Reject => {
            let reason = format!(
                "{path}: `{sent}` is not a K8TRE class; write `{wanted}`, the class for {mode}"
            );
            Choice::Reject { reason }
        }
        _ if block && mode.is_shared() => {
            let warning = format!("{path}: no K8TRE class serves {mode} Block; `{sent}` is left");
            Choice::warned(sent, warning)
        }
        Standing::Good => Choice::Class {
            class: sent,
            warning: None,
        },
        Standing::Unknown => {
            let warning =
                format!("{path}: `{sent}` is not a K8TRE class; replaced by `{wanted}` for {mode}");
            Choice::warned(wanted, warning)
        }
        Standing::Unfit { what } => {
            let warning = format!("{path}: `{sent}` cannot serve {what}; replaced by `{wanted}`");
            Choice::warned(wanted, warning)
        }
    })
}

/// The class that a claim created like this one gets, or has got: what [`choose`] makes of it, where
/// it can tell. Whether unknown classes are rejected today does not matter, since the claim exists;
/// nor do ties, since every bound claim has a `volumeName`.
///
/// # Errors
/// When a field that decides cannot be read.
pub(crate) fn at_creation<'a>(
    settings: &'a Settings,
    claim: &'a Claim<'_>,
) -> Result<&'a str, Malformed> {
    if claim.class() == Some("") {
        return Ok("");
    }
    let mode = claim.access_mode()?;
    let block = claim.is_block()?;
    let wanted = settings.classes.of(mode);
    let Some(sent) = sent(settings, claim)? else {
        return Ok(wanted);
    };
    Ok(match standing(settings, mode, block, sent) {
        _ if block && mode.is_shared() => sent,
        Standing::Good => sent,
        Standing::Unfit { .. } | Standing::Unknown => wanted,
    })
}

/// The class that the client named.
fn sent<'a>(settings: &Settings, claim: &'a Claim<'_>) -> Result<Option<&'a str>, Malformed> {
    let class = claim.class();
    Ok(match claim.origin()? {
        Origin::Sent => class,
        Origin::Defaulted => None,
        Origin::Unknown => class.filter(|&class| !settings.is_cluster_default(class)),
    })
}

fn standing(settings: &Settings, mode: AccessMode, block: bool, class: &str) -> Standing {
    match settings.classes.made_for(class) {
        // Nothing serves better, even where one class is made for all modes.
        Some(_) if class == settings.classes.of(mode) => Standing::Good,
        Some(made_for) if made_for < mode => Standing::Unfit { what: mode.name() },
        // A shared class is a file share on azure and aws, so no block device comes of it.
        Some(made_for) if block && made_for.is_shared() => Standing::Unfit { what: "Block" },
        None if !settings.allows(class) => Standing::Unknown,
        _ => Standing::Good,
    }
}
