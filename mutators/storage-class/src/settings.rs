//! The settings of storage-class.

use std::fmt;

use admission::SettingErrors;

admission::settings! {
    /// Settings of storage-class. The defaults are K8TRE's conventions, the same on every vendor.
    pub struct Settings {
        /// The K8TRE class for each access mode. Every other class is unknown.
        #[title = "Classes"]
        pub classes: Classes = Classes::default(),
        /// How to handle a claim with an unknown class, such as a vendor's: `remap` replaces the class with the
        /// K8TRE class for the access mode, `reject` rejects the claim, `allow` keeps the class.
        #[title = "Unknown class"]
        pub unknown_class: UnknownClass = UnknownClass::Remap,
        /// Classes besides the K8TRE classes that claims may use for any access mode.
        #[title = "Allowed classes"]
        pub allowed_classes: Vec<String> = Vec::new(),
        /// The cluster's default class. A claim that has this class and no `metadata.managedFields` is treated
        /// as a claim that does not set a class.
        #[title = "Cluster default class"]
        pub cluster_default_class: Option<String> = None,
    }
}

admission::settings! {
    /// The K8TRE class for each access mode. The defaults are the two classes that K8TRE has on azure, aws and
    /// k3s (its `agnostics/storage-class` tree).
    #[names = "PascalCase"]
    pub struct Classes {
        /// The class for ReadWriteOnce: volumes that one node mounts.
        pub read_write_once: String = "rwo-default".to_owned(),
        /// The class for ReadWriteMany: volumes that many nodes write.
        pub read_write_many: String = "rwx-default".to_owned(),
        /// The class for ReadOnlyMany: volumes that many nodes read. If not set, the class for ReadWriteMany.
        pub read_only_many: Option<String> = None,
        /// The class for ReadWriteOncePod: volumes that one pod mounts. If not set, the class for ReadWriteOnce.
        pub read_write_once_pod: Option<String> = None,
    }
}

admission::choice! {
    /// How to handle a claim with an unknown class.
    pub enum UnknownClass {
        /// Replaces the class with the K8TRE class for the access mode.
        Remap = "remap",
        /// Rejects the claim.
        Reject = "reject",
        /// Keeps the class.
        Allow = "allow",
    }
}

/// An access mode of a claim, the least demanding first: a class for one mode supports those before it.
///
/// Source: `PersistentVolumeAccessMode`, kubernetes.io/docs/concepts/storage/persistent-volumes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccessMode {
    /// One pod reads and writes.
    ReadWriteOncePod,
    /// One node reads and writes.
    ReadWriteOnce,
    /// Many nodes read.
    ReadOnlyMany,
    /// Many nodes read and write.
    ReadWriteMany,
}

impl AccessMode {
    /// Every access mode, the least demanding first.
    pub const ALL: [Self; 4] = [
        Self::ReadWriteOncePod,
        Self::ReadWriteOnce,
        Self::ReadOnlyMany,
        Self::ReadWriteMany,
    ];

    /// Returns the name in `spec.accessModes`.
    pub fn name(self) -> &'static str {
        match self {
            Self::ReadWriteOncePod => "ReadWriteOncePod",
            Self::ReadWriteOnce => "ReadWriteOnce",
            Self::ReadOnlyMany => "ReadOnlyMany",
            Self::ReadWriteMany => "ReadWriteMany",
        }
    }

    /// Returns whether more than one node may mount the volume.
    pub fn is_shared(self) -> bool {
        self >= Self::ReadOnlyMany
    }
}

impl fmt::Display for AccessMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Classes {
    /// Returns the class for an access mode.
    pub fn for_mode(&self, mode: AccessMode) -> &str {
        match mode {
            AccessMode::ReadWriteOncePod => self
                .read_write_once_pod
                .as_ref()
                .unwrap_or(&self.read_write_once),
            AccessMode::ReadWriteOnce => &self.read_write_once,
            AccessMode::ReadOnlyMany => self
                .read_only_many
                .as_ref()
                .unwrap_or(&self.read_write_many),
            AccessMode::ReadWriteMany => &self.read_write_many,
        }
    }

    /// Returns the most demanding access mode that `class` is for; `None` if it is not a K8TRE class.
    pub fn strongest_mode(&self, class: &str) -> Option<AccessMode> {
        let mut strongest_first = AccessMode::ALL.into_iter().rev();
        strongest_first.find(|&mode| self.for_mode(mode) == class)
    }
}

impl Settings {
    /// Returns whether claims may use `class` although it is not a K8TRE class.
    pub(crate) fn allows(&self, class: &str) -> bool {
        self.unknown_class == UnknownClass::Allow
            || self.allowed_classes.iter().any(|allowed| allowed == class)
    }

    /// Returns whether `class` is a K8TRE class or allowed.
    pub(crate) fn knows(&self, class: &str) -> bool {
        self.classes.strongest_mode(class).is_some() || self.allows(class)
    }

    pub(crate) fn is_cluster_default(&self, class: &str) -> bool {
        self.cluster_default_class.as_deref() == Some(class)
    }
}

impl admission::Settings for Settings {
    fn errors(&self) -> Vec<String> {
        let mut errors = SettingErrors::default();
        let classes = &self.classes;
        for (setting, class) in [
            ("classes.ReadWriteOnce", Some(&classes.read_write_once)),
            ("classes.ReadWriteMany", Some(&classes.read_write_many)),
            ("classes.ReadOnlyMany", classes.read_only_many.as_ref()),
            (
                "classes.ReadWriteOncePod",
                classes.read_write_once_pod.as_ref(),
            ),
            ("clusterDefaultClass", self.cluster_default_class.as_ref()),
        ] {
            if let Some(class) = class {
                errors.name(format_args!("{setting}"), class);
            }
        }
        for (index, class) in self.allowed_classes.iter().enumerate() {
            let setting = format!("allowedClasses[{index}]");
            errors.name(format_args!("{setting}"), class);
            if classes.strongest_mode(class).is_some() {
                errors.push(format!(
                    "setting `{setting}`: `{class}` is one of `classes`; remove it here, or claims \
                     could use it for access modes that it does not support"
                ));
            }
            let mut earlier = self.allowed_classes.iter().take(index);
            if earlier.any(|other| other == class) {
                errors.push(format!("setting `{setting}`: `{class}` is listed twice"));
            }
        }
        errors.into_vec()
    }
}
