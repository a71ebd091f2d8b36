//! The vendors that K8TRE runs on.

/// A vendor's clusters as K8TRE sets them up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// AKS.
    Azure,
    /// EKS.
    Aws,
    /// K3s.
    K3s,
}

impl Profile {
    /// Every profile.
    pub const ALL: [Self; 3] = [Self::Azure, Self::Aws, Self::K3s];

    /// What is taken when none is given: K3s, K8TRE's profile for a developer's own machine.
    pub const DEFAULT: Self = Self::K3s;

    /// The profile of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.name() == name)
    }

    /// The name on the command line and of the directory in `bootstrap/`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Azure => "azure",
            Self::Aws => "aws",
            Self::K3s => "k3s",
        }
    }

    /// The vendor's distribution of Kubernetes.
    pub fn distribution(self) -> &'static str {
        match self {
            Self::Azure => "AKS",
            Self::Aws => "EKS",
            Self::K3s => "K3s",
        }
    }

    /// Where the profile's policies stand in the repository, and their text.
    pub fn policies(self) -> (&'static str, &'static str) {
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
    pub fn default_storage_class(self) -> Option<&'static str> {
        match self {
            Self::Azure | Self::K3s => Some("rwx-default"),
            Self::Aws => None,
        }
    }
}
