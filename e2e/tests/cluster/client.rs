//! Asks the API server as one of its users.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use kubewarden::kinds::resource;
use serde_json::{Value, json};
use ureq::http::Request;
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};

use crate::access::{Access, Identity};
use crate::process::until;

/// A user's connection.
#[derive(Clone)]
pub(crate) struct Client {
    agent: ureq::Agent,
    pub(crate) access: Access,
    made: Made,
}

/// The paths of what was created outside of any namespace, namespaces among them, in the order of
/// creation.
pub(crate) type Made = Arc<Mutex<Vec<String>>>;

/// What the API server said.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) warnings: Vec<String>,
}

impl Answer {
    /// The object, which has to have been stored or, in a dry run, made.
    #[track_caller]
    pub(crate) fn accepted(self) -> Value {
        assert!(self.status < 300, "refused: {self:#?}");
        self.body
    }

    /// The reason of a refusal.
    #[track_caller]
    pub(crate) fn refused(self) -> String {
        assert!(self.status >= 400, "accepted: {self:#?}");
        self.message().to_owned()
    }

    pub(crate) fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }
}

impl Client {
    pub(crate) fn new(access: Access) -> Self {
        let root = Certificate::from_pem(access.authority.as_bytes()).expect("PEM");
        let mut tls = TlsConfig::builder().root_certs(RootCerts::new_with_certs(&[root]));
        if let Identity::Certificate { certificate, key } = &access.identity {
            let certificate = Certificate::from_pem(certificate.as_bytes()).expect("PEM");
            let key = PrivateKey::from_pem(key.as_bytes()).expect("PEM");
            tls = tls.client_cert(Some(ClientCert::new_with_certs(&[certificate], key)));
        }
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .tls_config(tls.build())
            .proxy(None)
            .timeout_global(Some(Duration::from_secs(60)))
            .build();
        Self {
            agent: config.into(),
            access,
            made: Made::default(),
        }
    }

    /// Another user, what they create being noted with what this one creates.
    pub(crate) fn through(&self, access: Access) -> Self {
        Self {
            made: Arc::clone(&self.made),
            ..Self::new(access)
        }
    }

    /// What was created outside of any namespace, and is from now on forgotten.
    pub(crate) fn take_made(&self) -> Vec<String> {
        std::mem::take(&mut self.made.lock().expect("no panic"))
    }

    /// Notes what a request has made, or may have: of one whose answer was lost nobody knows.
    fn note(&self, method: &str, path: &str, body: Option<&Value>, answer: Option<&Answer>) {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let made = answer.is_none_or(|it| it.status == 201);
        if !made || query.contains("dryRun") || matches!(method, "GET" | "DELETE") {
            return;
        }
        let object = answer.map(|it| &it.body).or(body);
        let path = match (
            method,
            object.and_then(|it| it["metadata"]["name"].as_str()),
        ) {
            ("POST", Some(name)) => format!("{path}/{name}"),
            ("POST", None) => return,
            _ => path.to_owned(),
        };
        let within = path.split_once("/namespaces/");
        if within.is_none_or(|(_, rest)| !rest.contains('/')) {
            self.made.lock().expect("no panic").push(path);
        }
    }

    /// One request, again for as long as the API server says that it has too many or that a kind is
    /// too new to it, which is no verdict.
    ///
    /// # Errors
    /// When there is no answer.
    pub(crate) fn ask(
        &self,
        method: &str,
        path: &str,
        content_type: &str,
        body: Option<&Value>,
    ) -> Result<Answer, String> {
        until(path, || {
            match self.ask_once(method, path, content_type, body) {
                Ok(answer) if answer.status == 429 => Err(answer.message().to_owned()),
                answer => Ok(answer),
            }
        })
    }

    fn ask_once(
        &self,
        method: &str,
        path: &str,
        content_type: &str,
        body: Option<&Value>,
    ) -> Result<Answer, String> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.access.server))
            .header("content-type", content_type);
        if let Identity::Token(token) = &self.access.identity {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request
            .body(body.map(Value::to_string).unwrap_or_default())
            .map_err(|error| error.to_string())?;
        let response = self.agent.run(request).map_err(|error| error.to_string())?;
        let (parts, mut body) = response.into_parts();
        let body = body.read_to_string().map_err(|error| error.to_string())?;
        let warnings = parts.headers.get_all("warning").iter();
        Ok(Answer {
            status: parts.status.as_u16(),
            body: serde_json::from_str(&body).unwrap_or(Value::String(body)),
            warnings: warnings
                .filter_map(|it| unquoted(it.to_str().ok()?))
                .collect(),
        })
    }

    #[track_caller]
    fn told(&self, method: &str, path: &str, sort: &str, body: Option<&Value>) -> Answer {
        let answer = self.ask(method, path, sort, body);
        self.note(method, path, body, answer.as_ref().ok());
        answer.unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.told("GET", path, JSON, None)
    }

    /// Creates an object as a program does: the whole object, no field manager but the default.
    #[track_caller]
    pub(crate) fn create(&self, object: &Value) -> Answer {
        self.told("POST", &collection(object), JSON, Some(object))
    }

    /// Creates what is a part of another object.
    #[track_caller]
    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.told("POST", path, JSON, Some(body))
    }

    /// The same, where there may be nobody to answer.
    ///
    /// # Errors
    /// When there is no answer.
    pub(crate) fn try_create(&self, object: &Value) -> Result<Answer, String> {
        self.ask_once("POST", &collection(object), JSON, Some(object))
    }

    /// Deletes what is at a path and what it owns, one request only.
    ///
    /// # Errors
    /// When there is no answer.
    pub(crate) fn try_delete(&self, path: &str) -> Result<Answer, String> {
        let background = json!({"propagationPolicy": "Background"});
        self.ask_once("DELETE", path, JSON, Some(&background))
    }

    /// What creating an object would store.
    #[track_caller]
    pub(crate) fn would_create(&self, object: &Value) -> Answer {
        let path = format!("{}?dryRun=All", collection(object));
        self.told("POST", &path, JSON, Some(object))
    }

    /// Puts an object in the place of the one that has its name.
    #[track_caller]
    pub(crate) fn replace(&self, object: &Value) -> Answer {
        self.told("PUT", &path(object), JSON, Some(object))
    }

    /// Changes some fields.
    #[track_caller]
    pub(crate) fn merge(&self, path: &str, change: &Value) -> Answer {
        self.told("PATCH", path, "application/merge-patch+json", Some(change))
    }

    /// Server-side apply by a field manager of the tests.
    #[track_caller]
    pub(crate) fn apply(&self, object: &Value) -> Answer {
        self.applied(object, "fieldManager=tests&force=true")
    }

    /// Server-side apply that stores nothing and lets no unknown field pass.
    #[track_caller]
    pub(crate) fn would_apply(&self, object: &Value) -> Answer {
        let strict = "fieldManager=tests&force=true&dryRun=All&fieldValidation=Strict";
        self.applied(object, strict)
    }

    #[track_caller]
    fn applied(&self, object: &Value, query: &str) -> Answer {
        let path = format!("{}?{query}", path(object));
        self.told("PATCH", &path, "application/apply-patch+yaml", Some(object))
    }

    #[track_caller]
    pub(crate) fn delete(&self, object: &Value) -> Answer {
        self.told("DELETE", &path(object), JSON, None)
    }
}

/// What is answered once the API server knows of a right that was given just now.
#[track_caller]
pub(crate) fn once_allowed(ask: impl Fn() -> Answer) -> Value {
    let answer = until("the right is known", || match ask() {
        answer if answer.status == 403 => Err(answer.message().to_owned()),
        answer => Ok(answer),
    });
    answer.accepted()
}

const JSON: &str = "application/json";

/// The text of `299 - "text"`.
fn unquoted(header: &str) -> Option<String> {
    let text = header.strip_prefix("299 - \"")?.strip_suffix('"')?;
    Some(text.replace("\\\"", "\"").replace("\\\\", "\\"))
}

/// The path of an object.
pub(crate) fn path(object: &Value) -> String {
    let name = object["metadata"]["name"].as_str().expect("a name");
    format!("{}/{name}", collection(object))
}

/// The path of the objects of its kind, in its namespace.
fn collection(object: &Value) -> String {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let version = text(&object["apiVersion"]).expect("an apiVersion");
    let root = match version.contains('/') {
        true => "apis",
        false => "api",
    };
    let resource = resource(object["kind"].as_str().expect("a kind"));
    match text(&object["metadata"]["namespace"]) {
        Some(namespace) => format!("/{root}/{version}/namespaces/{namespace}/{resource}"),
        None => format!("/{root}/{version}/{resource}"),
    }
}
