//! The named ports of the Services in the manifests.

use std::collections::BTreeMap;

use ingress2route::Port;
use manifest::Object;
use serde_json::Value;

use crate::simulator;

/// Port numbers by port name, for each namespace and Service.
#[derive(Debug, Default)]
pub struct Services(BTreeMap<(String, String), BTreeMap<String, u16>>);

impl Services {
    /// Adds the object if it is a Service.
    pub fn add(&mut self, object: &Object) {
        if object.kind() == "Service" && object.api_version() == "v1" {
            let namespace = simulator::namespace(&object.value).unwrap_or_default();
            let key = (namespace, object.name().to_owned());
            self.0.insert(key, ports(&object.value));
        }
    }

    /// Returns the number of a named port. A Service missing from the manifests may still be in the cluster,
    /// so its ports are unknown.
    pub fn port(&self, namespace: &str, service: &str, port: &str) -> Port {
        match self.0.get(&(namespace.to_owned(), service.to_owned())) {
            None => Port::Unknown,
            Some(ports) => ports
                .get(port)
                .map_or(Port::PortNotFound, |port| Port::Number(*port)),
        }
    }
}

fn ports(service: &Value) -> BTreeMap<String, u16> {
    let ports = service.pointer("/spec/ports").and_then(Value::as_array);
    let port = |port: &Value| {
        let number = port.get("port")?.as_u64()?;
        Some((
            port.get("name")?.as_str()?.to_owned(),
            u16::try_from(number).ok()?,
        ))
    };
    ports.into_iter().flatten().filter_map(port).collect()
}
