//! A server that answers the reads of a controller with fixed objects. A real API server rejects EndpointSlices
//! with loopback addresses.

use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::{Method, Request, Response};
use serde_json::{Value, json};

use crate::runtime::{Answer, serve};

/// The resources that the controller reads, with their kinds.
const RESOURCES: [(&str, &str); 7] = [
    ("configmaps", "ConfigMap"),
    ("endpointslices", "EndpointSlice"),
    ("ingressclasses", "IngressClass"),
    ("ingresses", "Ingress"),
    ("pods", "Pod"),
    ("secrets", "Secret"),
    ("services", "Service"),
];

/// Starts the server.
pub(crate) fn start(objects: Vec<Value>) -> SocketAddr {
    let objects: Arc<[Value]> = objects.into();
    serve(move |request| respond(Arc::clone(&objects), request))
}

async fn respond(objects: Arc<[Value]>, request: Request<Incoming>) -> Answer {
    let (head, body) = request.into_parts();
    if head
        .uri
        .query()
        .is_some_and(|query| query.contains("watch="))
    {
        // Nothing changes.
        return std::future::pending().await;
    }
    let found = match head.method {
        Method::GET => get(&objects, head.uri.path()),
        // Events and status updates.
        _ => {
            let body = body
                .collect()
                .await
                .map(|it| it.to_bytes())
                .unwrap_or_default();
            serde_json::from_slice(&body).ok()
        }
    };
    let (code, answer) = match found {
        Some(answer) => (200, answer),
        None => (
            404,
            json!({"kind": "Status", "apiVersion": "v1", "reason": "NotFound", "code": 404}),
        ),
    };
    let response = Response::builder()
        .status(code)
        .header("content-type", "application/json");
    response
        .body(answer.to_string().into())
        .expect("a response")
}

/// Returns the object or the list at a path of the API.
fn get(objects: &[Value], path: &str) -> Option<Value> {
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let (api_version, rest) = match segments[..] {
        ["version"] => return Some(json!({"major": "1", "minor": "34", "gitVersion": "v1.34.0"})),
        ["api", version, ref rest @ ..] => (version.to_owned(), rest),
        ["apis", group, version, ref rest @ ..] => (format!("{group}/{version}"), rest),
        _ => return None,
    };
    let (namespace, resource, name) = match *rest {
        [resource] => (None, resource, None),
        ["namespaces", namespace, resource] => (Some(namespace), resource, None),
        ["namespaces", namespace, resource, name] => (Some(namespace), resource, Some(name)),
        _ => return None,
    };
    let (_, kind) = RESOURCES.iter().find(|(plural, _)| *plural == resource)?;
    let mut found = objects.iter().filter(|object| {
        object["apiVersion"] == api_version
            && object["kind"] == *kind
            && namespace.is_none_or(|it| object["metadata"]["namespace"] == it)
            && name.is_none_or(|it| object["metadata"]["name"] == it)
    });
    match name {
        Some(_) => found.next().cloned(),
        None => Some(json!({
            "apiVersion": api_version,
            "kind": format!("{kind}List"),
            "metadata": {"resourceVersion": "1"},
            "items": found.collect::<Vec<_>>(),
        })),
    }
}
