//! Backends: Services and their ports.

use std::borrow::Cow;

use admission::{Malformed, Node, Object, is_dns_subdomain};

use crate::diagnostic::push_once;
use crate::text::joined;
use crate::{Port, PortLookup, Translation};

/// A Service in the Ingress's namespace. `port` is `None` if its number is unknown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Backend {
    pub(crate) service: String,
    pub(crate) port: Option<u16>,
}

impl Backend {
    /// Returns the backend for a message, in backticks.
    pub(crate) fn quoted(&self) -> String {
        let port = self.port.map(|port| port.to_string());
        match port {
            Some(port) => joined(&["`", &self.service, ":", &port, "`"]),
            None => joined(&["`", &self.service, "`"]),
        }
    }
}

/// Reads the Service of a backend. If it names no Service, adds a diagnostic and returns `None`.
///
/// # Errors
/// Returns an error if a field has the wrong type.
pub(crate) fn read<'a>(
    backend: &Object<'a>,
    lookup_port: &PortLookup<'_>,
    out: &mut Translation,
) -> Result<Option<Backend>, Malformed> {
    if let Some(resource) = backend.get("resource")? {
        let parts = ["the backend is not a Service; the Gateway supports only Services"];
        push_once(&mut out.untranslatable, resource, &parts);
        return Ok(None);
    }
    let (service, port) = match backend.object("service")? {
        Some(service) => {
            let port = service.object("port")?;
            let number = match &port {
                Some(port) => port.get("number")?,
                None => None,
            };
            let name = match &port {
                Some(port) => port.get("name")?,
                None => None,
            };
            (service.string("name")?, number.or(name))
        }
        None => (backend.string("serviceName")?, backend.get("servicePort")?),
    };
    let Some(service) = service.filter(|name| !name.is_empty()) else {
        push_once(
            &mut out.blockers,
            backend.node(),
            &["does not name a Service"],
        );
        return Ok(None);
    };
    if !is_dns_subdomain(&service) {
        let parts = ["{} is not a valid Service name", &service];
        push_once(&mut out.blockers, backend.node(), &parts);
    }
    let port = match port {
        Some(port) => read_port(&service, port, lookup_port, out)?,
        None => {
            let parts = ["does not name a port of Service {}", &service];
            push_once(&mut out.blockers, backend.node(), &parts);
            None
        }
    };
    Ok(Some(Backend {
        service: service.into_owned(),
        port,
    }))
}

/// Returns the number of a port given by number or name.
fn read_port(
    service: &str,
    node: Node<'_>,
    lookup_port: &PortLookup<'_>,
    out: &mut Translation,
) -> Result<Option<u16>, Malformed> {
    let text = match node.text().starts_with('"') {
        true => node.string()?,
        false => Cow::Borrowed(node.text()),
    };
    let is_number = text
        .bytes()
        .all(|b| b.is_ascii_digit() || b == b'-' || b == b'.');
    if is_number {
        let port = text.parse().ok().filter(|port: &u16| *port > 0);
        if port.is_none() {
            push_once(&mut out.blockers, node, &["{} is not a port number", &text]);
        }
        return Ok(port);
    }
    let reason = match lookup_port(service, &text) {
        Port::Number(port) => return Ok(Some(port)),
        Port::ServiceNotFound => "the Service does not exist",
        Port::PortNotFound => "the Service has no port with this name",
        Port::Unknown => "the Service could not be looked up",
    };
    let parts = [
        "cannot resolve port {} of Service {}: []; set the port number in the route",
        &text,
        service,
        reason,
    ];
    push_once(&mut out.blockers, node, &parts);
    Ok(None)
}
