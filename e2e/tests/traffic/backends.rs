//! The Services behind both sides. Each has a port of its own and describes the requests that it gets.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::body::Incoming;
use hyper::{Request, Response};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::runtime::{Answer, serve};

/// The response header that describes the request.
pub(crate) const SEEN: &str = "x-seen";

/// A request as a Service got it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// `namespace/name:port` of the Service.
    pub(crate) service: String,
    pub(crate) method: String,
    /// The path with its query, unchanged.
    pub(crate) path: String,
    pub(crate) host: String,
    pub(crate) headers: BTreeMap<String, String>,
}

/// Starts a server for each port of the Services, and returns their EndpointSlices.
pub(crate) fn start(services: &[Value]) -> Vec<Value> {
    services.iter().map(endpoint_slice).collect()
}

fn endpoint_slice(service: &Value) -> Value {
    let metadata = &service["metadata"];
    let (namespace, name) = (&metadata["namespace"], &metadata["name"]);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let ports = service["spec"]["ports"].as_array().into_iter().flatten();
    let ports = ports.map(|port| {
        let number = &port["port"];
        let id = format!("{}/{}:{number}", text(namespace), text(name));
        let address = serve(move |request| std::future::ready(describe(&id, &request)));
        json!({"name": text(&port["name"]), "port": address.port(), "protocol": "TCP"})
    });
    json!({
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"namespace": namespace, "name": name,
            "labels": {"kubernetes.io/service-name": name}},
        "addressType": "IPv4",
        "ports": ports.collect::<Vec<_>>(),
        "endpoints": [{"addresses": ["127.0.0.1"], "conditions": {"ready": true}}],
    })
}

fn describe(service: &str, request: &Request<Incoming>) -> Answer {
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in request.headers() {
        let value = String::from_utf8_lossy(value.as_bytes());
        let all = headers.entry(name.to_string()).or_default();
        if !all.is_empty() {
            all.push_str(", ");
        }
        all.push_str(&value);
    }
    let uri = request.uri();
    // HTTP/2 has the host in the URI.
    let host = headers
        .remove("host")
        .or_else(|| uri.authority().map(ToString::to_string));
    let path = uri.path_and_query().map_or("", |it| it.as_str());
    let seen = Seen {
        service: service.to_owned(),
        method: request.method().to_string(),
        path: path.to_owned(),
        host: host.unwrap_or_default(),
        headers,
    };
    let seen = serde_json::to_vec(&seen).expect("JSON");
    let response = Response::builder().header(SEEN, STANDARD.encode(seen));
    response.body("served\n".into()).expect("a response")
}

/// Reads the description in a response.
pub(crate) fn read(header: &[u8]) -> Seen {
    let seen = STANDARD.decode(header).expect("base64");
    serde_json::from_slice(&seen).expect("a description")
}
