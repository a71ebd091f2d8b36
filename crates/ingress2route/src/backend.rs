//! Backends: Services and their ports.

use std::borrow::Cow;

use admission::{Malformed, Node, Object, is_dns_subdomain};

use crate::finding::{say, shown};
use crate::text::joined;
use crate::{Port, Services, Translation};

/// A Service of the Ingress's namespace. A port that is not known is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Backend {
    pub(crate) service: String,
    pub(crate) port: Option<u16>,
}

impl Backend {
    pub(crate) fn shown(&self) -> String {
        let port = self.port.map(|port| port.to_string());
        match port {
            Some(port) => joined(&["`", &self.service, ":", &port, "`"]),
            None => joined(&["`", &self.service, "`"]),
        }
    }
}

/// The Service of a backend; what there is to say where there is none.
///
/// # Errors
/// When a field of it has the wrong type.
pub(crate) fn read<'a>(
    backend: &Object<'a>,
    services: &Services<'_>,
    out: &mut Translation,
) -> Result<Option<Backend>, Malformed> {
    if let Some(resource) = backend.get("resource")? {
        let parts = ["the backend is no Service; the gateway knows Services alone"];
        say(&mut out.untranslatable, resource, &parts);
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
        say(&mut out.obstacles, backend.node(), &["names no Service"]);
        return Ok(None);
    };
    if !is_dns_subdomain(&service) {
        let parts = [&shown(&service), " is no name of a Service"];
        say(&mut out.obstacles, backend.node(), &parts);
    }
    let port = match port {
        Some(port) => read_port(&service, port, services, out)?,
        None => {
            let parts = ["names no port of Service ", &shown(&service)];
            say(&mut out.obstacles, backend.node(), &parts);
            None
        }
    };
    Ok(Some(Backend {
        service: service.into_owned(),
        port,
    }))
}

/// The number of a port that is given by number or name.
fn read_port(
    service: &str,
    node: Node<'_>,
    services: &Services<'_>,
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
            say(&mut out.obstacles, node, &[&shown(&text), " is no port"]);
        }
        return Ok(port);
    }
    let why = match services(service, &text) {
        Port::Number(port) => return Ok(Some(port)),
        Port::NoService => "there is no such Service",
        Port::NoPort => "the Service has no port of this name",
        Port::Unknown => "the Service is not known here",
    };
    let parts = [
        "port ",
        &shown(&text),
        " of Service ",
        &shown(service),
        " is left out, since routes want its number and ",
        why,
    ];
    say(&mut out.obstacles, node, &parts);
    Ok(None)
}
