//! The rules by name.

use std::fmt;

use serde::Deserialize;

/// A rule, by the name that a refusal ends in and that `disabledRules` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(
    not(target_family = "wasm"),
    derive(schemars::JsonSchema, serde::Serialize)
)]
#[serde(rename_all = "camelCase")]
pub enum Rule {
    /// Every parent is the plane's Gateway, and there is one.
    Parents,
    /// No parent has a port.
    ParentPorts,
    /// A parent's `sectionName` is a listener.
    SectionNames,
    /// The route attaches to no default Gateways (GEP-3793).
    DefaultGateways,
    /// There is a hostname, and each has the form of one.
    Hostnames,
    /// No hostname is a wildcard.
    Wildcards,
    /// Hostnames are below `domain`.
    Domain,
    /// Hostnames are one label below `domain`.
    SingleLabel,
    /// Hostnames are not in `reservedHosts`.
    ReservedHosts,
    /// Hostnames are delegated to the namespace.
    Delegation,
    /// No hostname is on a route of another namespace.
    TakenHostnames,
    /// No annotation publishes hostnames.
    HostnameAnnotations,
    /// Backends are Services.
    BackendKinds,
    /// Backends are in the route's namespace.
    BackendNamespaces,
    /// Backends are among those of `backends`.
    Backends,
    /// No filter is an ExtensionRef.
    ExtensionRefs,
    /// No filter is an ExternalAuth.
    ExternalAuth,
    /// Every filter is of a type that the module knows.
    UnknownFilters,
    /// Redirects and rewrites name hosts in `domain`.
    FilterHostnames,
    /// CORS filters let in origins in `domain`.
    CorsOrigins,
    /// No header modifier sets one of `identityHeaders`.
    IdentityHeaders,
    /// There is no field that the module does not know.
    UnknownFields,
    /// Gateways, ListenerSets, ReferenceGrants and other routes are in `platformNamespaces`.
    Kinds,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Self; 23] = [
        Self::Parents,
        Self::ParentPorts,
        Self::SectionNames,
        Self::DefaultGateways,
        Self::Hostnames,
        Self::Wildcards,
        Self::Domain,
        Self::SingleLabel,
        Self::ReservedHosts,
        Self::Delegation,
        Self::TakenHostnames,
        Self::HostnameAnnotations,
        Self::BackendKinds,
        Self::BackendNamespaces,
        Self::Backends,
        Self::ExtensionRefs,
        Self::ExternalAuth,
        Self::UnknownFilters,
        Self::FilterHostnames,
        Self::CorsOrigins,
        Self::IdentityHeaders,
        Self::UnknownFields,
        Self::Kinds,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Parents => "parents",
            Self::ParentPorts => "parentPorts",
            Self::SectionNames => "sectionNames",
            Self::DefaultGateways => "defaultGateways",
            Self::Hostnames => "hostnames",
            Self::Wildcards => "wildcards",
            Self::Domain => "domain",
            Self::SingleLabel => "singleLabel",
            Self::ReservedHosts => "reservedHosts",
            Self::Delegation => "delegation",
            Self::TakenHostnames => "takenHostnames",
            Self::HostnameAnnotations => "hostnameAnnotations",
            Self::BackendKinds => "backendKinds",
            Self::BackendNamespaces => "backendNamespaces",
            Self::Backends => "backends",
            Self::ExtensionRefs => "extensionRefs",
            Self::ExternalAuth => "externalAuth",
            Self::UnknownFilters => "unknownFilters",
            Self::FilterHostnames => "filterHostnames",
            Self::CorsOrigins => "corsOrigins",
            Self::IdentityHeaders => "identityHeaders",
            Self::UnknownFields => "unknownFields",
            Self::Kinds => "kinds",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
