//! What the translation of Ingresses needs from other manifests: the named ports of Services, and the features
//! of the Gateway.

use std::collections::{BTreeMap, BTreeSet};

use ingress2route::Port;
use manifest::Object;
use serde_json::Value;

use crate::simulator;

/// Services and GatewayClasses.
#[derive(Debug, Default)]
pub struct Services {
    /// Port numbers by port name, for each namespace and Service.
    ports: BTreeMap<(String, String), BTreeMap<String, u16>>,
    /// The features that Cilium's GatewayClasses report: the same for all of them.
    features: BTreeSet<String>,
}

impl Services {
    /// Adds the object if it is a Service or a GatewayClass of Cilium.
    pub fn add(&mut self, object: &Object) {
        if object.kind() == "Service" && object.api_version() == "v1" {
            let namespace = simulator::namespace(&object.value).unwrap_or_default();
            let key = (namespace, object.name().to_owned());
            self.ports.insert(key, ports(&object.value));
        }
        if object.kind() == "GatewayClass"
            && object.value.pointer("/spec/controllerName") == Some(&CILIUM.into())
        {
            let features = object.value.pointer("/status/supportedFeatures");
            let features = features.and_then(Value::as_array).into_iter().flatten();
            let names = features.filter_map(|feature| feature.get("name")?.as_str());
            self.features.extend(names.map(str::to_owned));
        }
    }

    /// Returns the features that the GatewayClass reports; `None` without a GatewayClass that reports any.
    pub fn features(&self) -> Option<&BTreeSet<String>> {
        Some(&self.features).filter(|features| !features.is_empty())
    }

    /// Returns the number of a named port. A Service missing from the manifests may still be in the cluster,
    /// so its ports are unknown.
    pub fn port(&self, namespace: &str, service: &str, port: &str) -> Port {
        match self.ports.get(&(namespace.to_owned(), service.to_owned())) {
            None => Port::Unknown,
            Some(ports) => ports
                .get(port)
                .map_or(Port::PortNotFound, |port| Port::Number(*port)),
        }
    }
}

/// `spec.controllerName` of Cilium's GatewayClasses.
const CILIUM: &str = "io.cilium/gateway-controller";

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
