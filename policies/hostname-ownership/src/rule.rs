//! The rules by name.

use std::fmt;

admission::choice! {
    /// A rule, by the name that a rejection ends in and that `disabledRules` takes.
    pub enum Rule {
        /// There is a hostname, and each has the form of one.
        Hostnames = "hostnames",
        /// No hostname is a wildcard.
        Wildcards = "wildcards",
        /// Hostnames are below `domain`.
        Domain = "domain",
        /// Hostnames are one label below `domain`.
        SingleLabel = "singleLabel",
        /// Hostnames are not in `reservedHosts`.
        ReservedHosts = "reservedHosts",
        /// Hostnames are delegated to the namespace.
        Delegation = "delegation",
        /// No hostname is on a route of another namespace.
        TakenHostnames = "takenHostnames",
        /// No annotation publishes hostnames.
        HostnameAnnotations = "hostnameAnnotations",
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
