//! The vendors that K8TRE runs on.

use clap::ValueEnum;

/// A vendor's clusters as K8TRE sets them up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Profile {
    /// AKS.
    Azure,
    /// EKS.
    Aws,
    /// K3s.
    K3s,
}

impl Profile {
    /// What is taken when none is given: K3s, K8TRE's profile for a developer's own machine.
    pub(crate) const DEFAULT: Self = Self::K3s;

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Azure => "azure",
            Self::Aws => "aws",
            Self::K3s => "k3s",
        }
    }

    /// Where the profile's policies stand in the repository, and their text.
    pub(crate) fn policies(self) -> (&'static str, &'static str) {
        macro_rules! policies {
            ($path:literal) => {
                ($path, include_str!(concat!("../../../", $path)))
            };
        }
        match self {
            Self::Azure => policies!("bootstrap/policies/azure/base/policies.yaml"),
            Self::Aws => policies!("bootstrap/policies/aws/base/policies.yaml"),
            Self::K3s => policies!("bootstrap/policies/k3s/base/policies.yaml"),
        }
    }

    /// The class that DefaultStorageClass gives a claim without one: K8TRE marks `rwx-default` on
    /// azure and k3s, and none on aws.
    pub(crate) fn default_storage_class(self) -> Option<&'static str> {
        match self {
            Self::Azure | Self::K3s => Some("rwx-default"),
            Self::Aws => None,
        }
    }
}
