//! Looks up the numbers of named ports in the cluster.

use std::cell::RefCell;

use admission::{Cluster, Malformed, Node, Query};
use ingress2route::Port;

/// The Services of a namespace. Keeps the last response, because consecutive ports usually belong to one
/// Service.
pub(crate) struct Ports<'a> {
    cluster: &'a dyn Cluster,
    namespace: &'a str,
    /// The name of the Service, with the response.
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

    /// Returns the number of a named port.
    pub(crate) fn number(&self, service: &str, port: &str) -> Port {
        let mut last = self.last.borrow_mut();
        if last.0 != service {
            *last = (service.to_owned(), self.get(service));
        }
        let port = last.1.as_deref().map(|list| find(list, port));
        port.and_then(Result::ok).unwrap_or(Port::Unknown)
    }

    fn get(&self, service: &str) -> Option<String> {
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

/// Finds a port in a list that contains the Service or is empty.
fn find(list: &str, name: &str) -> Result<Port, Malformed> {
    let items = Node::parse(list)?.object()?.array("items")?;
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
