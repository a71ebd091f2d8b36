//! The overlays of the tree: `<component>/<profile>/envs/<environment>`, as K8TRE lays them out.

use std::path::{Path, PathBuf};

use simulate::Profile;

use super::error::Error;

/// The vendors.
pub const PROFILES: [&str; 3] = [
    Profile::Azure.name(),
    Profile::Aws.name(),
    Profile::K3s.name(),
];

/// The environments.
pub const ENVIRONMENTS: [&str; 3] = ["dev", "stg", "prd"];

/// The components in the order in which they are installed. Not every vendor has every one.
const COMPONENTS: [&str; 8] = [
    "external-secrets",
    "storage-class",
    "policies",
    "secret-store",
    "gateway",
    "kare-dns",
    "externaldns",
    "cluster-dns",
];

/// The component whose chart kustomize would fetch; its own objects stand beside it.
const CHARTED: &str = "external-secrets";

/// One kustomization that can be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlay {
    /// The component's directory.
    pub component: &'static str,
    /// One of [`PROFILES`].
    pub profile: &'static str,
    /// One of [`ENVIRONMENTS`].
    pub environment: &'static str,
    /// The kustomization's directory, below the tree's root. For the component that has a chart it is
    /// that of its own objects, which need no network.
    pub path: PathBuf,
}

/// The overlays of one profile and environment, in the order in which they are installed.
///
/// # Errors
/// If there is no such profile or environment, or the tree has none of its overlays.
pub fn of_profile(root: &Path, profile: &str, environment: &str) -> Result<Vec<Overlay>, Error> {
    let profile = known(&PROFILES, "profile", profile)?;
    let environment = known(&ENVIRONMENTS, "environment", environment)?;
    let overlays: Vec<Overlay> = COMPONENTS
        .into_iter()
        .map(|component| Overlay {
            component,
            profile,
            environment,
            path: match component {
                CHARTED => Path::new(component).join("objects"),
                _ => [component, profile, "envs", environment].iter().collect(),
            },
        })
        .filter(|overlay| root.join(&overlay.path).is_dir())
        .collect();
    if overlays.is_empty() {
        let root = root.display();
        return Err(Error::one(format!("`{root}` has no overlay of {profile}")));
    }
    Ok(overlays)
}

/// Every overlay of the tree.
///
/// # Errors
/// If the tree has none of some profile.
pub fn all(root: &Path) -> Result<Vec<Overlay>, Error> {
    let mut all = Vec::new();
    for profile in PROFILES {
        for environment in ENVIRONMENTS {
            all.extend(of_profile(root, profile, environment)?);
        }
    }
    Ok(all)
}

fn known(names: &[&'static str], what: &str, wanted: &str) -> Result<&'static str, Error> {
    let found = names.iter().find(|&&name| name == wanted).copied();
    found.ok_or_else(|| {
        let names = names.join("`, `");
        Error::one(format!("`{wanted}` is no {what}: it is one of `{names}`"))
    })
}
