//! Plays the API server, as far as informers need it: lists and watches over HTTP, with the rendered
//! roles as its authorizer. It has no admission, no writes and no selectors; what asks for more is
//! refused, and the tests see it.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::{Value, json};

use crate::rights::{Request, Rights};

/// The objects, and everything that happened to them. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Api(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// In order; the version of the resource is the place in the list, from 1.
    events: Vec<Event>,
    allowed: BTreeSet<Request>,
    refused: BTreeSet<Request>,
    closed: bool,
}

struct Event {
    sort: &'static str,
    resource: String,
    object: Value,
}

/// Ends the watches when the lab ends; the threads end with their connections.
pub(crate) struct Closing(Api);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.0.changed.notify_all();
    }
}

impl Api {
    pub(crate) fn closing(&self) -> Closing {
        Closing(self.clone())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A thread that panicked has failed the test already.
        self.0
            .state
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Creates an object, or changes the one of the same name.
    pub(crate) fn apply(&self, resource: &str, object: &Value) {
        let mut state = self.lock();
        let present = state.present(resource);
        let sort = match present.iter().any(|it| same(it, object)) {
            true => "MODIFIED",
            false => "ADDED",
        };
        state.push(sort, resource, object.clone());
        drop(state);
        self.0.changed.notify_all();
    }

    pub(crate) fn delete(&self, resource: &str, object: &Value) {
        self.lock().push("DELETED", resource, object.clone());
        self.0.changed.notify_all();
    }

    /// What clients asked for: allowed and refused.
    pub(crate) fn requests(&self) -> (Vec<Request>, Vec<Request>) {
        let state = self.lock();
        (
            state.allowed.iter().cloned().collect(),
            state.refused.iter().cloned().collect(),
        )
    }

    /// Serves at an address until the test ends; all is allowed where there are no rights.
    pub(crate) fn serve(&self, address: Ipv4Addr, rights: Option<Rights>) -> SocketAddr {
        let listener = TcpListener::bind((address, 0)).expect("an address");
        let address = listener.local_addr().expect("an address");
        let (api, rights) = (self.clone(), Arc::new(rights));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (api, rights) = (api.clone(), Arc::clone(&rights));
                let Ok(stream) = stream else {
                    return;
                };
                // A client that hangs up in the middle is a client that ended.
                std::thread::spawn(move || api.answer(stream, rights.as_ref().as_ref()));
            }
        });
        address
    }

    fn answer(&self, mut stream: TcpStream, rights: Option<&Rights>) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let mut header = String::new();
        while reader.read_line(&mut header)? > 2 {
            header.clear();
        }
        let mut words = line.split(' ');
        let (method, target) = (words.next(), words.next().unwrap_or_default());
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let has = |parameter: &str| query.split('&').any(|it| it == parameter);
        let watches = has("watch=true") || has("watch=1");
        let Some(request) = request(path, watches).filter(|_| method == Some("GET")) else {
            return reply(&mut stream, "404 Not Found", &failure(404, "NotFound"));
        };
        let allowed = rights.is_none_or(|rights| rights.allow(&request));
        let mut state = self.lock();
        match allowed {
            true => state.allowed.insert(request.clone()),
            false => state.refused.insert(request.clone()),
        };
        if !allowed {
            drop(state);
            return reply(&mut stream, "403 Forbidden", &failure(403, "Forbidden"));
        }
        if watches {
            drop(state);
            let since = query
                .split('&')
                .find_map(|it| it.strip_prefix("resourceVersion="));
            let since = since.and_then(|it| it.parse().ok()).unwrap_or_default();
            let initial = has("sendInitialEvents=true");
            return self.watch(&mut stream, &request, since, initial);
        }
        let (api_version, kind) = request.kind();
        let list = json!({
            "kind": format!("{kind}List"),
            "apiVersion": api_version,
            "metadata": {"resourceVersion": state.events.len().to_string()},
            "items": state.listed(&request),
        });
        drop(state);
        reply(&mut stream, "200 OK", &list)
    }

    fn watch(
        &self,
        stream: &mut TcpStream,
        request: &Request,
        since: usize,
        initial: bool,
    ) -> std::io::Result<()> {
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
        )?;
        let mut state = self.lock();
        let mut next = since;
        if initial {
            next = state.events.len();
            let mut lines = String::new();
            for object in state.listed(request) {
                lines += &line("ADDED", &object);
            }
            let (api_version, kind) = request.kind();
            let end = json!({
                "kind": kind,
                "apiVersion": api_version,
                "metadata": {
                    "resourceVersion": next.to_string(),
                    "annotations": {"k8s.io/initial-events-end": "true"},
                },
            });
            stream.write_all((lines + &line("BOOKMARK", &end)).as_bytes())?;
        }
        while !state.closed {
            let mut lines = String::new();
            for event in state.events.iter().skip(next) {
                if event.resource == request.resource && request.is_for(&event.object) {
                    lines += &line(event.sort, &event.object);
                }
            }
            next = state.events.len();
            stream.write_all(lines.as_bytes())?;
            let waited = self.0.changed.wait_timeout(state, Duration::from_secs(1));
            state = waited.unwrap_or_else(|poisoned| poisoned.into_inner()).0;
        }
        Ok(())
    }
}

impl State {
    fn push(&mut self, sort: &'static str, resource: &str, mut object: Value) {
        object["metadata"]["resourceVersion"] = (self.events.len() + 1).to_string().into();
        let resource = resource.to_owned();
        self.events.push(Event {
            sort,
            resource,
            object,
        });
    }

    /// The objects of a resource as they are now.
    fn present(&self, resource: &str) -> Vec<Value> {
        let mut present: Vec<Value> = Vec::new();
        for event in self
            .events
            .iter()
            .filter(|event| event.resource == resource)
        {
            present.retain(|it| !same(it, &event.object));
            if event.sort != "DELETED" {
                present.push(event.object.clone());
            }
        }
        present
    }

    fn listed(&self, request: &Request) -> Vec<Value> {
        let present = self.present(&request.resource);
        present
            .into_iter()
            .filter(|it| request.is_for(it))
            .collect()
    }
}

impl Request {
    /// What the collection holds. The version is the one that the clients here ask for.
    fn kind(&self) -> (String, &'static str) {
        let kind = match self.resource.as_str() {
            "services" => "Service",
            "namespaces" => "Namespace",
            "endpointslices" => "EndpointSlice",
            "gateways" => "Gateway",
            "httproutes" => "HTTPRoute",
            "grpcroutes" => "GRPCRoute",
            other => panic!("`{other}` is asked for, and not played here"),
        };
        let api_version = match self.group.as_str() {
            "" => "v1".to_owned(),
            group => format!("{group}/v1"),
        };
        (api_version, kind)
    }

    fn is_for(&self, object: &Value) -> bool {
        let namespace = object["metadata"]["namespace"].as_str();
        self.namespace.is_none() || self.namespace.as_deref() == namespace
    }
}

fn same(one: &Value, other: &Value) -> bool {
    let of = |it: &Value| {
        (
            it["metadata"]["namespace"].clone(),
            it["metadata"]["name"].clone(),
        )
    };
    of(one) == of(other)
}

/// Reads `/api/v1/…` and `/apis/GROUP/VERSION/…`; none for anything but a collection.
fn request(path: &str, watches: bool) -> Option<Request> {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let (group, rest) = match parts.as_slice() {
        ["api", "v1", rest @ ..] => ("", rest),
        ["apis", group, _, rest @ ..] => (*group, rest),
        _ => return None,
    };
    let (namespace, resource) = match rest {
        ["namespaces", namespace, resource] => (Some((*namespace).to_owned()), *resource),
        [resource] => (None, *resource),
        _ => return None,
    };
    Some(Request {
        verb: if watches { "watch" } else { "list" },
        group: group.to_owned(),
        resource: resource.to_owned(),
        namespace,
    })
}

fn line(sort: &str, object: &Value) -> String {
    format!("{}\n", json!({"type": sort, "object": object}))
}

fn failure(code: u16, reason: &str) -> Value {
    json!({
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "reason": reason,
        "code": code,
    })
}

fn reply(stream: &mut TcpStream, status: &str, body: &Value) -> std::io::Result<()> {
    let body = body.to_string();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )
}
