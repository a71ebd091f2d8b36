//! Options of the translation.

/// The Gateway that the routes attach to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gateway<'a> {
    /// `metadata.namespace`.
    pub namespace: &'a str,
    /// `metadata.name`.
    pub name: &'a str,
    /// The listener to attach to; `None` for every listener that matches the host.
    pub section_name: Option<&'a str>,
}

/// Options of the translation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options<'a> {
    /// The Gateway that the routes attach to.
    pub gateway: Gateway<'a>,
    /// The domain of the Gateway's certificate, without a leading dot. Hosts that are not exactly one label
    /// below it are blockers. With `None`, any domain is accepted; with a placeholder such as `${DOMAIN}`,
    /// only hosts that end in it are checked against it.
    pub domain: Option<&'a str>,
    /// Whether ingress-nginx serves the Ingress; determines the meaning of `ImplementationSpecific`.
    pub nginx: bool,
}

/// Looks up a port by the names of the Service and the port. The Service is in the Ingress's namespace.
pub type PortLookup<'a> = dyn Fn(&str, &str) -> Port + 'a;

/// The result of looking up a named port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// The port number.
    Number(u16),
    /// The Service does not exist.
    ServiceNotFound,
    /// The Service has no port with this name.
    PortNotFound,
    /// The Service could not be looked up.
    Unknown,
}
