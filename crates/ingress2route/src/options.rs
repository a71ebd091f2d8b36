//! What the translation is told beside the Ingress.

/// The Gateway that the routes attach to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gateway<'a> {
    /// The Gateway's namespace.
    pub namespace: &'a str,
    /// The Gateway's name.
    pub name: &'a str,
    /// One of its listeners; `None` for all that take the host.
    pub section_name: Option<&'a str>,
}

/// How to translate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options<'a> {
    /// The Gateway that the routes attach to.
    pub gateway: Gateway<'a>,
    /// The domain of the Gateway's certificate, without a leading dot; hosts that are not one label below
    /// it are obstacles. `None` asks nothing of hosts, and a placeholder such as `${DOMAIN}` nothing of those
    /// that do not end in it.
    pub domain: Option<&'a str>,
    /// Whether ingress-nginx serves the Ingress, which decides what `ImplementationSpecific` means.
    pub nginx: bool,
}

/// Answers which number a Service's port of a name has: service, port name. The Service is in the
/// Ingress's own namespace.
pub type Services<'a> = dyn Fn(&str, &str) -> Port + 'a;

/// The number of a named port, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// This one.
    Number(u16),
    /// There is no such Service.
    NoService,
    /// The Service has no port of this name.
    NoPort,
    /// Nobody could be asked.
    Unknown,
}
