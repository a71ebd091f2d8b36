//! The overlays in `<component>/<profile>/envs/<environment>`, the layout of K8TRE.

use std::path::{Path, PathBuf};

use simulate::Profile;

use super::error::Error;

/// The names of the profiles.
pub const PROFILES: [&str; 3] = [
    Profile::Azure.name(),
    Profile::Aws.name(),
    Profile::K3s.name(),
];

/// The names of the environments.
pub const ENVIRONMENTS: [&str; 3] = ["dev", "stg", "prd"];

/// The components, in installation order. Not every profile has all of them.
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

/// The component with a Helm chart, which kustomize would download. Its own objects are in `objects/`.
const CHART_COMPONENT: &str = "external-secrets";

/// A kustomization that can be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlay {
    /// The component's directory.
    pub component: &'static str,
    /// One of [`PROFILES`].
    pub profile: &'static str,
    /// One of [`ENVIRONMENTS`].
    pub environment: &'static str,
    /// The directory of the kustomization, relative to the root. For the component with a chart, it is the
    /// directory of its own objects, which need no download.
    pub path: PathBuf,
}

/// Returns the overlays of one profile and environment, in installation order.
///
/// # Errors
/// Returns an error if the profile or environment is unknown, or if `root` contains none of its overlays.
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
                CHART_COMPONENT => Path::new(component).join("objects"),
                _ => [component, profile, "envs", environment].iter().collect(),
            },
        })
        .filter(|overlay| root.join(&overlay.path).is_dir())
        .collect();
    if overlays.is_empty() {
        let root = root.display();
        return Err(Error::one(format!(
            "`{root}` has no overlays for {profile}"
        )));
    }
    Ok(overlays)
}

/// Returns the overlays of all profiles and environments.
///
/// # Errors
/// Returns an error if `root` has no overlays for one of the profiles.
pub fn all(root: &Path) -> Result<Vec<Overlay>, Error> {
    let mut all = Vec::new();
    for profile in PROFILES {
        for environment in ENVIRONMENTS {
            all.extend(of_profile(root, profile, environment)?);
        }
    }
    Ok(all)
}

fn known(names: &[&'static str], noun: &str, wanted: &str) -> Result<&'static str, Error> {
    let found = names.iter().find(|&&name| name == wanted).copied();
    found.ok_or_else(|| {
        let names = names.join("`, `");
        Error::one(format!("unknown {noun} `{wanted}`; use one of `{names}`"))
    })
}
