//! The profiles: the platforms that K8TRE runs on.

/// A platform, as K8TRE sets it up.
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

    /// The default profile: K3s, which K8TRE uses on a developer's machine.
    pub const DEFAULT: Self = Self::K3s;

    /// Returns the profile with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.name() == name)
    }

    /// Returns the name, as used on the command line and for directories in `bootstrap/`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Azure => "azure",
            Self::Aws => "aws",
            Self::K3s => "k3s",
        }
    }

    /// Returns the Kubernetes distribution.
    pub fn distribution(self) -> &'static str {
        match self {
            Self::Azure => "AKS",
            Self::Aws => "EKS",
            Self::K3s => "K3s",
        }
    }

    /// Returns the path of the profile's policies in the repository, and their text.
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

    /// Returns the cluster's default storage class, which DefaultStorageClass sets on claims without one.
    /// K8TRE marks `rwx-default` as default on azure and k3s, and none on aws.
    pub fn default_storage_class(self) -> Option<&'static str> {
        match self {
            Self::Azure | Self::K3s => Some("rwx-default"),
            Self::Aws => None,
        }
    }
}
