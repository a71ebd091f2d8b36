//! The settings of storage-class.

use std::fmt;

admission::settings! {
    /// Settings of storage-class. The defaults are K8TRE's conventions, the same on every vendor.
    pub struct Settings {
        /// The class for each access mode. These classes are the plane's own; any other is unknown.
        #[title = "Classes"]
        pub classes: Classes = Classes::default(),
        /// What becomes of a claim that asks for a class the plane does not know, such as a vendor's:
        /// `remap` gives it the class for its access mode, `reject` refuses it, `allow` leaves it.
        #[title = "Unknown class"]
        pub unknown_class: UnknownClass = UnknownClass::Remap,
        /// Classes that claims may ask for besides the plane's own. They are left as they are.
        #[title = "Allowed classes"]
        pub allowed_classes: Vec<String> = Vec::new(),
        /// The cluster's default class. A claim with this class and no `metadata.managedFields`, which
        /// would tell, is taken to have asked for none.
        #[title = "Cluster default class"]
        pub cluster_default_class: Option<String> = None,
    }
}

admission::settings! {
    /// The class for each access mode.
    ///
    /// By default K8TRE's two classes, which it has on azure, aws and k3s alike (its
    /// `agnostics/storage-class` tree).
    #[names = "PascalCase"]
    pub struct Classes {
        /// The class of volumes that one node mounts.
        pub read_write_once: String = "rwo-default".to_owned(),
        /// The class of volumes that many nodes write.
        pub read_write_many: String = "rwx-default".to_owned(),
        /// The class of volumes that many nodes read; that of ReadWriteMany when not set.
        pub read_only_many: Option<String> = None,
        /// The class of volumes that one pod mounts; that of ReadWriteOnce when not set.
        pub read_write_once_pod: Option<String> = None,
    }
}

admission::choice! {
    /// What becomes of a class the plane does not know.
    pub enum UnknownClass {
        /// The claim gets the class for its access mode.
        Remap = "remap",
        /// The claim is refused.
        Reject = "reject",
        /// The claim keeps it.
        Allow = "allow",
    }
}

/// An access mode of a claim, weakest first: a class made for one serves those before it.
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
    /// Every access mode, weakest first.
    pub const ALL: [Self; 4] = [
        Self::ReadWriteOncePod,
        Self::ReadWriteOnce,
        Self::ReadOnlyMany,
        Self::ReadWriteMany,
    ];

    /// The name in a claim's `spec.accessModes`.
    pub fn name(self) -> &'static str {
        match self {
            Self::ReadWriteOncePod => "ReadWriteOncePod",
            Self::ReadWriteOnce => "ReadWriteOnce",
            Self::ReadOnlyMany => "ReadOnlyMany",
            Self::ReadWriteMany => "ReadWriteMany",
        }
    }

    /// Whether more than one node mounts the volume.
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
    /// The class for `mode`.
    pub fn of(&self, mode: AccessMode) -> &str {
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

    /// The strongest mode that `class` is made for; `None` when it is not one of the plane's.
    pub fn made_for(&self, class: &str) -> Option<AccessMode> {
        let mut strongest_first = AccessMode::ALL.into_iter().rev();
        strongest_first.find(|&mode| self.of(mode) == class)
    }
}

impl Settings {
    /// Whether `class` may be asked for although it is not one of the plane's own.
    pub(crate) fn allows(&self, class: &str) -> bool {
        self.unknown_class == UnknownClass::Allow
            || self.allowed_classes.iter().any(|allowed| allowed == class)
    }

    /// Whether `class` is one of the plane's own or allowed.
    pub(crate) fn knows(&self, class: &str) -> bool {
        self.classes.made_for(class).is_some() || self.allows(class)
    }

    pub(crate) fn is_cluster_default(&self, class: &str) -> bool {
        self.cluster_default_class.as_deref() == Some(class)
    }
}

impl admission::Settings for Settings {
    fn errors(&self) -> Vec<String> {
        let classes = &self.classes;
        let named = [
            ("classes.ReadWriteOnce", Some(&classes.read_write_once)),
            ("classes.ReadWriteMany", Some(&classes.read_write_many)),
            ("classes.ReadOnlyMany", classes.read_only_many.as_ref()),
            (
                "classes.ReadWriteOncePod",
                classes.read_write_once_pod.as_ref(),
            ),
            ("clusterDefaultClass", self.cluster_default_class.as_ref()),
        ];
        let mut findings: Vec<String> = named
            .into_iter()
            .filter_map(|(setting, class)| finding_of_name(setting, class?))
            .collect();
        for (index, class) in self.allowed_classes.iter().enumerate() {
            let setting = format!("allowedClasses[{index}]");
            findings.extend(finding_of_name(&setting, class));
            if classes.made_for(class).is_some() {
                findings.push(format!(
                    "setting `{setting}`: `{class}` is one of `classes`; remove it here, or the \
                     access mode could not be held against it"
                ));
            }
            if self
                .allowed_classes
                .iter()
                .take(index)
                .any(|other| other == class)
            {
                findings.push(format!("setting `{setting}`: `{class}` is listed twice"));
            }
        }
        findings
    }
}

/// A StorageClass's name is a DNS-1123 subdomain (its API reference).
fn finding_of_name(setting: &str, class: &str) -> Option<String> {
    if admission::is_dns_subdomain(class) {
        return None;
    }
    Some(format!(
        "setting `{setting}`: `{class}` is no storage class name: lower-case letters, digits, `-` \
         and `.`, at most 253 characters"
    ))
}
