//! Asks the API server as one of its users.

use std::net::Ipv4Addr;
use std::time::Duration;

use serde_json::Value;
use ureq::http::Request;
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};

use crate::keys::Authority;
use crate::process::until;

/// The port of the API server, on an address of its own.
pub(crate) const PORT: u16 = 6443;

/// A user's connection.
#[derive(Clone)]
pub(crate) struct Client {
    agent: ureq::Agent,
    base: String,
    token: Option<String>,
}

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
    /// A user by the certificate that the authority issued as `file`.
    pub(crate) fn new(authority: &Authority, file: &str, address: Ipv4Addr) -> Self {
        let read = |file: String| std::fs::read(authority.path(&file)).expect("a file");
        let certificate = Certificate::from_pem(&read(format!("{file}.crt"))).expect("PEM");
        let key = PrivateKey::from_pem(&read(format!("{file}.key"))).expect("PEM");
        let certificate = ClientCert::new_with_certs(&[certificate], key);
        Self {
            agent: agent(authority, Some(certificate)),
            base: format!("https://{address}:{PORT}"),
            token: None,
        }
    }

    /// Whoever a token is for, at the same API server.
    pub(crate) fn with_token(&self, authority: &Authority, token: &str) -> Self {
        Self {
            agent: agent(authority, None),
            base: self.base.clone(),
            token: Some(format!("Bearer {token}")),
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
            .uri(format!("{}{path}", self.base))
            .header("content-type", content_type);
        if let Some(token) = &self.token {
            request = request.header("authorization", token);
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

fn agent(authority: &Authority, certificate: Option<ClientCert>) -> ureq::Agent {
    let root = Certificate::from_pem(authority.pem.as_bytes()).expect("PEM");
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&[root]))
        .client_cert(certificate)
        .build();
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .tls_config(tls)
        .timeout_global(Some(Duration::from_secs(60)))
        .build();
    config.into()
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
    let resource = plural(object["kind"].as_str().expect("a kind"));
    match text(&object["metadata"]["namespace"]) {
        Some(namespace) => format!("/{root}/{version}/namespaces/{namespace}/{resource}"),
        None => format!("/{root}/{version}/{resource}"),
    }
}

/// A kind as paths and RBAC name it.
pub(crate) fn plural(kind: &str) -> String {
    let lower = kind.to_lowercase();
    match lower.strip_suffix('y') {
        Some(stem) if !lower.ends_with("ay") => format!("{stem}ies"),
        _ if lower.ends_with('s') => format!("{lower}es"),
        _ => format!("{lower}s"),
    }
}
