//! The ports of the Services among the manifests.

use std::collections::BTreeMap;
use std::convert::Infallible;

use serde_json::Value;
use translation::Port;

use crate::evaluate;
use crate::input::Input;

/// Numbers of named ports, by namespace and Service.
#[derive(Debug, Default)]
pub(crate) struct Services(BTreeMap<(String, String), BTreeMap<String, u16>>);

impl Services {
    /// Takes the Services out of the input; what cannot be read is told with the Ingresses.
    pub(crate) fn read(input: &Input) -> Self {
        let mut services = BTreeMap::new();
        let Ok(()) = input.read(|item| {
            if let Ok(object) = item
                && object.kind() == "Service"
                && object.api_version() == "v1"
            {
                let namespace = evaluate::namespace(&object.value).unwrap_or_default();
                let key = (namespace, object.name().to_owned());
                services.insert(key, ports(&object.value));
            }
            Ok::<(), Infallible>(())
        });
        Self(services)
    }

    /// The number of a port. A Service that is not here may well be in the cluster.
    pub(crate) fn port(&self, namespace: &str, service: &str, port: &str) -> Port {
        match self.0.get(&(namespace.to_owned(), service.to_owned())) {
            None => Port::Unknown,
            Some(ports) => ports
                .get(port)
                .map_or(Port::NoPort, |port| Port::Number(*port)),
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
