//! The numbers of named ports, asked of the cluster.

use std::cell::RefCell;

use admission::{Cluster, Malformed, Node, Query};
use ingress2route::Port;

/// The Services of a namespace. Ports of one mostly follow each other, so the last answer is kept.
pub(crate) struct Ports<'a> {
    cluster: &'a dyn Cluster,
    namespace: &'a str,
    /// The Service, and what was answered.
    last: RefCell<(String, Option<String>)>,
}

impl<'a> Ports<'a> {
    pub(crate) fn new(cluster: &'a dyn Cluster, namespace: &'a str) -> Self {
        Self {
            cluster,
            namespace,
            last: RefCell::default(),
        }
    }

    /// The number of a Service's port.
    pub(crate) fn number(&self, service: &str, port: &str) -> Port {
        let mut last = self.last.borrow_mut();
        if last.0 != service {
            *last = (service.to_owned(), self.ask(service));
        }
        let found = last.1.as_deref().map(|text| find(text, port));
        found.and_then(Result::ok).unwrap_or(Port::Unknown)
    }

    fn ask(&self, service: &str) -> Option<String> {
        let query = Query {
            api_version: "v1",
            kind: "Service",
            namespace: Some(self.namespace),
            name: Some(service),
            fields: &["spec.ports.name", "spec.ports.port"],
        };
        self.cluster.list(&query).ok()
    }
}

/// The port in a list that holds the Service, or nothing.
fn find(text: &str, name: &str) -> Result<Port, Malformed> {
    let items = Node::parse(text)?.object()?.array("items")?;
    let Some(service) = items.unwrap_or_default().into_iter().next() else {
        return Ok(Port::ServiceNotFound);
    };
    let ports = match service.object()?.object("spec")? {
        Some(spec) => spec.array("ports")?.unwrap_or_default(),
        None => Vec::new(),
    };
    for port in ports {
        let port = port.object()?;
        if port.string("name")?.as_deref() == Some(name) {
            let number = port.get("port")?.and_then(|port| port.text().parse().ok());
            return Ok(number.map_or(Port::Unknown, Port::Number));
        }
    }
    Ok(Port::PortNotFound)
}
