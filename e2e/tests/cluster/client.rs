//! A client of the API server that returns status codes, warnings and objects as JSON.

use std::error::Error;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use hyper::{Method, Request};
use kube::Config;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind, TypeMeta};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::Resource as _;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::process::until;

/// The client of one user. Clones share its connections.
#[derive(Clone)]
pub(crate) struct Client {
    inner: kube::Client,
    pub(crate) kubeconfig: Kubeconfig,
    created: Created,
}

/// The paths of all cluster-scoped objects created so far, including namespaces, in order of creation.
type Created = Arc<Mutex<Vec<String>>>;

/// A response of the API server.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) warnings: Vec<String>,
}

impl Response {
    /// Returns the object of a successful request.
    #[track_caller]
    pub(crate) fn accepted(self) -> Value {
        assert!(self.is_success(), "rejected: {self:#?}");
        self.body
    }

    /// Returns the message of a failed request.
    #[track_caller]
    pub(crate) fn rejected(self) -> String {
        assert!(self.status >= 400, "accepted: {self:#?}");
        self.message().to_owned()
    }

    pub(crate) fn is_success(&self) -> bool {
        self.status < 300
    }

    pub(crate) fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }
}

/// The async runtime of the connections. Scenarios and their threads block on it.
pub(crate) static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Runtime::new().expect("an async runtime"));

const JSON: &str = "application/json";
const MERGE_PATCH: &str = "application/merge-patch+json";
const APPLY_PATCH: &str = "application/apply-patch+yaml";

impl Client {
    /// Creates a client for the current context of a kubeconfig.
    ///
    /// # Errors
    /// Returns an error if the kubeconfig is incomplete.
    pub(crate) fn new(kubeconfig: Kubeconfig) -> Result<Self, String> {
        let connect = async {
            let options = KubeConfigOptions::default();
            let mut config = Config::from_custom_kubeconfig(kubeconfig.clone(), &options).await?;
            config.read_timeout = Some(Duration::from_secs(60));
            config.proxy_url = None;
            Ok::<_, Box<dyn Error>>(kube::Client::try_from(config)?)
        };
        Ok(Self {
            inner: RUNTIME
                .block_on(connect)
                .map_err(|error| error.to_string())?,
            kubeconfig,
            created: Created::default(),
        })
    }

    /// Returns a client for another user. Objects that either client creates are tracked together.
    pub(crate) fn with_kubeconfig(&self, kubeconfig: Kubeconfig) -> Self {
        Self {
            created: Arc::clone(&self.created),
            ..Self::new(kubeconfig).expect("a kubeconfig of the suite")
        }
    }

    /// Returns the cluster-scoped objects created so far, and stops tracking them.
    pub(crate) fn take_created(&self) -> Vec<String> {
        std::mem::take(&mut self.created.lock().expect("no panic"))
    }

    /// Tracks the object that a request created, or may have created if the response was lost.
    fn track(
        &self,
        method: &Method,
        path: &str,
        body: Option<&Value>,
        response: Option<&Response>,
    ) {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let created = response.is_none_or(|it| it.status == 201);
        if !created || query.contains("dryRun") || matches!(*method, Method::GET | Method::DELETE) {
            return;
        }
        let object = response.map(|it| &it.body).or(body);
        let name = object.and_then(|it| it["metadata"]["name"].as_str());
        let path = match (method, name) {
            (&Method::POST, Some(name)) => format!("{path}/{name}"),
            (&Method::POST, None) => return,
            _ => path.to_owned(),
        };
        let in_namespace = path.split_once("/namespaces/");
        if in_namespace.is_none_or(|(_, rest)| !rest.contains('/')) {
            self.created.lock().expect("no panic").push(path);
        }
    }

    /// Sends one request. The library repeats it while the API server is overloaded or does not yet serve a new
    /// kind, which is not a verdict.
    ///
    /// # Errors
    /// Returns an error if there is no response.
    fn try_send(
        &self,
        method: &Method,
        path: &str,
        content_type: &str,
        body: Option<&Value>,
    ) -> Result<Response, String> {
        let text = body.map(Value::to_string).unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", content_type)
            .body(text.into_bytes().into());
        let exchange = async {
            let response = self.inner.send(request?).await?;
            let (parts, body) = response.into_parts();
            let body = body.collect_bytes().await?;
            let warnings = parts.headers.get_all("warning").iter();
            Ok::<_, Box<dyn Error>>(Response {
                status: parts.status.as_u16(),
                warnings: warnings
                    .filter_map(|it| warning_text(it.to_str().ok()?))
                    .collect(),
                body: serde_json::from_slice(&body)
                    .unwrap_or_else(|_| String::from_utf8_lossy(&body).into()),
            })
        };
        let response = RUNTIME.block_on(exchange).map_err(|error| causes(&*error));
        self.track(method, path, body, response.as_ref().ok());
        response
    }

    #[track_caller]
    fn send(
        &self,
        method: &Method,
        path: &str,
        content_type: &str,
        body: Option<&Value>,
    ) -> Response {
        let response = self.try_send(method, path, content_type, body);
        response.unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// Requests a path.
    ///
    /// # Errors
    /// Returns an error if there is no response.
    pub(crate) fn try_get(&self, path: &str) -> Result<Response, String> {
        self.try_send(&Method::GET, path, JSON, None)
    }

    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Response {
        self.send(&Method::GET, path, JSON, None)
    }

    /// Returns the items of a list.
    #[track_caller]
    pub(crate) fn list(&self, path: &str) -> Vec<Value> {
        match self.get(path).accepted()["items"].take() {
            Value::Array(items) => items,
            other => panic!("{path} is not a list: {other}"),
        }
    }

    /// Creates an object as a controller does: the whole object, with the default field manager.
    #[track_caller]
    pub(crate) fn create(&self, object: &Value) -> Response {
        self.post(&collection(object), object)
    }

    /// Creates a subresource.
    #[track_caller]
    pub(crate) fn post(&self, path: &str, body: &Value) -> Response {
        self.send(&Method::POST, path, JSON, Some(body))
    }

    /// Creates an object.
    ///
    /// # Errors
    /// Returns an error if there is no response.
    pub(crate) fn try_create(&self, object: &Value) -> Result<Response, String> {
        self.try_send(&Method::POST, &collection(object), JSON, Some(object))
    }

    /// Deletes an object and, in the background, what it owns.
    ///
    /// # Errors
    /// Returns an error if there is no response.
    pub(crate) fn try_delete(&self, path: &str) -> Result<Response, String> {
        let options = json!({"propagationPolicy": "Background"});
        self.try_send(&Method::DELETE, path, JSON, Some(&options))
    }

    /// Creates an object in a dry run, which returns the object that would be stored.
    #[track_caller]
    pub(crate) fn dry_run_create(&self, object: &Value) -> Response {
        self.post(&format!("{}?dryRun=All", collection(object)), object)
    }

    /// Replaces an object.
    #[track_caller]
    pub(crate) fn replace(&self, object: &Value) -> Response {
        self.put(&path(object), object)
    }

    /// Replaces an object or one of its subresources.
    #[track_caller]
    pub(crate) fn put(&self, path: &str, object: &Value) -> Response {
        self.send(&Method::PUT, path, JSON, Some(object))
    }

    /// Sends a JSON merge patch.
    #[track_caller]
    pub(crate) fn merge(&self, path: &str, patch: &Value) -> Response {
        self.send(&Method::PATCH, path, MERGE_PATCH, Some(patch))
    }

    /// Applies an object server-side.
    #[track_caller]
    pub(crate) fn apply(&self, object: &Value) -> Response {
        self.apply_with(object, "fieldManager=tests&force=true")
    }

    /// Applies an object server-side in a dry run that rejects unknown fields.
    #[track_caller]
    pub(crate) fn dry_run_apply(&self, object: &Value) -> Response {
        let strict = "fieldManager=tests&force=true&dryRun=All&fieldValidation=Strict";
        self.apply_with(object, strict)
    }

    #[track_caller]
    fn apply_with(&self, object: &Value, query: &str) -> Response {
        let path = format!("{}?{query}", path(object));
        self.send(&Method::PATCH, &path, APPLY_PATCH, Some(object))
    }

    #[track_caller]
    pub(crate) fn delete(&self, object: &Value) -> Response {
        self.delete_path(&path(object))
    }

    #[track_caller]
    pub(crate) fn delete_path(&self, path: &str) -> Response {
        self.send(&Method::DELETE, path, JSON, None)
    }
}

/// Repeats a request until a permission that was just granted takes effect.
#[track_caller]
pub(crate) fn when_allowed(request: impl Fn() -> Response) -> Value {
    let response = until("the permission takes effect", || match request() {
        forbidden if forbidden.status == 403 => Err(forbidden.message().to_owned()),
        response => Ok(response),
    });
    response.accepted()
}

/// Formats an error with its causes, which the client's own messages do not include.
fn causes(error: &dyn Error) -> String {
    let all = std::iter::successors(Some(error), |error| (*error).source());
    let all: Vec<String> = all.map(ToString::to_string).collect();
    all.join(": ")
}

/// Extracts the text of `299 - "text"`.
fn warning_text(header: &str) -> Option<String> {
    let text = header.strip_prefix("299 - \"")?.strip_suffix('"')?;
    Some(text.replace("\\\"", "\"").replace("\\\\", "\\"))
}

/// Returns the path of an object.
pub(crate) fn path(object: &Value) -> String {
    let name = object["metadata"]["name"].as_str().expect("a name");
    format!("{}/{name}", collection(object))
}

/// Returns the path of an object's collection.
pub(crate) fn collection(object: &Value) -> String {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let types = TypeMeta {
        api_version: text(&object["apiVersion"]),
        kind: text(&object["kind"]),
    };
    list_path(&types, object["metadata"]["namespace"].as_str())
}

/// Returns the path of all objects of a kind, or of those in a namespace.
pub(crate) fn list_path(types: &TypeMeta, namespace: Option<&str>) -> String {
    let kind = GroupVersionKind::try_from(types).expect("an apiVersion");
    DynamicObject::url_path(&ApiResource::from_gvk(&kind), namespace)
}
