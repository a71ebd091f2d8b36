//! The rules by name.

use std::fmt;

admission::choice! {
    /// A rule, by the name that a refusal ends in and that `disabledRules` takes.
    pub enum Rule {
        /// Every parent is the plane's Gateway, and there is one.
        Parents = "parents",
        /// No parent has a port.
        ParentPorts = "parentPorts",
        /// A parent's `sectionName` is a listener.
        SectionNames = "sectionNames",
        /// The route attaches to no default Gateways (GEP-3793).
        DefaultGateways = "defaultGateways",
        /// Backends are Services.
        BackendKinds = "backendKinds",
        /// Backends are in the route's namespace.
        BackendNamespaces = "backendNamespaces",
        /// Backends are among those of `backends`.
        Backends = "backends",
        /// No filter is an ExtensionRef.
        ExtensionRefs = "extensionRefs",
        /// No filter is an ExternalAuth.
        ExternalAuth = "externalAuth",
        /// Every filter is of a type that the module knows.
        UnknownFilters = "unknownFilters",
        /// Redirects and rewrites name hosts in `domain`.
        FilterHostnames = "filterHostnames",
        /// CORS filters let in origins in `domain`.
        CorsOrigins = "corsOrigins",
        /// No header modifier sets one of `identityHeaders`.
        IdentityHeaders = "identityHeaders",
        /// There is no field that the module does not know.
        UnknownFields = "unknownFields",
        /// Gateways, ListenerSets, ReferenceGrants and other routes are in `platformNamespaces`.
        Kinds = "kinds",
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
