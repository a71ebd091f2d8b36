use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use ureq::http::{HeaderMap, Method, Request, Response, StatusCode, header};
use ureq::tls::{RootCerts, TlsConfig};

use crate::credentials::{Credentials, Secret};
use crate::manifest::{INDEX, Index};
use crate::{Digest, Error, Pin, Reference};

/// How long a registry may take to begin its answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long content may be on its way, which is less than a megabyte.
const TRANSFER: Duration = Duration::from_secs(600);

/// No module, and nothing that belongs to one, comes near this many bytes.
const LARGEST: u64 = 64 * 1024 * 1024;

/// What may come where a manifest is asked for.
const MANIFESTS: &str =
    "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json";

/// An OCI registry.
pub struct Registry {
    agent: ureq::Agent,
    host: String,
    /// Scheme and host, where its API is.
    base: String,
    /// Or why there are none.
    credentials: Result<Credentials, String>,
    /// The `Authorization` that worked last, by repository and what it was opened for.
    known: RefCell<BTreeMap<(String, &'static str), String>>,
}

/// A repository of a registry: a module with its versions, signatures and papers.
pub struct Repository<'a> {
    registry: &'a Registry,
    path: String,
    /// What it is opened for, in the words of a token's scope.
    actions: &'static str,
}

/// What a registry answered, read to its end.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

/// One question to a registry.
struct Question<'a> {
    method: Method,
    url: String,
    accept: Option<&'static str>,
    content_type: Option<&'a str>,
    body: &'a [u8],
    /// Whether the answer may be elsewhere. It may for what is checked by its digest.
    redirects: bool,
    /// What it is about, after "could not".
    doing: String,
}

impl Question<'_> {
    fn new(method: Method, url: String, doing: &str) -> Self {
        Self {
            redirects: matches!(method, Method::GET | Method::HEAD),
            method,
            url,
            accept: None,
            content_type: None,
            body: &[],
            doing: doing.to_owned(),
        }
    }
}

impl Registry {
    /// The registry at `host`, with TLS and the certificates that the system trusts, or `SSL_CERT_FILE`
    /// names; over plain HTTP if `insecure`.
    pub fn open(host: &str, insecure: bool) -> Self {
        Self::new(host, insecure, Credentials::find(host))
    }

    /// The same without credentials, whatever there are.
    pub fn anonymous(host: &str, insecure: bool) -> Self {
        Self::new(host, insecure, Err("none are to be used".to_owned()))
    }

    fn new(host: &str, insecure: bool, credentials: Result<Credentials, String>) -> Self {
        // A second attempt finds the first one's, which is the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::PlatformVerifier)
            .build();
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .https_only(!insecure)
            .tls_config(tls)
            .timeout_connect(Some(Duration::from_secs(20)))
            .timeout_recv_response(Some(PATIENCE))
            .timeout_send_body(Some(TRANSFER))
            .timeout_recv_body(Some(TRANSFER))
            .user_agent(concat!("agnostics/", env!("CARGO_PKG_VERSION")))
            .build();
        Self {
            agent: config.new_agent(),
            host: host.to_owned(),
            base: match (insecure, host) {
                (true, host) => format!("http://{host}"),
                // What everybody calls it is a web site.
                (false, "docker.io") => "https://registry-1.docker.io".to_owned(),
                (false, host) => format!("https://{host}"),
            },
            credentials,
            known: RefCell::default(),
        }
    }

    /// The repository at `path`, to read from.
    pub fn repository(&self, path: &str) -> Repository<'_> {
        Repository {
            registry: self,
            path: path.to_owned(),
            actions: "pull",
        }
    }

    /// The repository at `path`, to write to: with a right to both from the first question on, since not
    /// every registry tells a token that is for reading alone from one that may do nothing.
    pub fn writable(&self, path: &str) -> Repository<'_> {
        Repository {
            actions: "pull,push",
            ..self.repository(path)
        }
    }

    fn ask(
        &self,
        path: &str,
        actions: &'static str,
        question: &Question<'_>,
    ) -> Result<Answer, Error> {
        // A registry may have uploads go elsewhere, with all that is needed in the address.
        let rest = question.url.strip_prefix(&self.base);
        if !rest.is_some_and(|rest| rest.starts_with('/')) {
            return self.send(question, None);
        }
        let key = (path.to_owned(), actions);
        let known = self.known.borrow().get(&key).cloned();
        let answer = self.send(question, known.as_deref())?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        let authorization = self.authorize(path, actions, &answer)?;
        let second = self.send(question, Some(&authorization))?;
        if second.status == StatusCode::UNAUTHORIZED {
            return Err(self.refused(path, &second));
        }
        self.known.borrow_mut().insert(key, authorization);
        Ok(second)
    }

    fn refused(&self, path: &str, answer: &Answer) -> Error {
        let (host, path) = (self.host.clone(), path.to_owned());
        match &self.credentials {
            Err(lack) => Error::NoCredentials {
                host,
                path,
                lack: lack.clone(),
            },
            Ok(credentials) => Error::WrongCredentials {
                host,
                path,
                told: answer.told(),
                source_of: credentials.source_of,
            },
        }
    }

    fn send(&self, question: &Question<'_>, authorization: Option<&str>) -> Result<Answer, Error> {
        let mut request = Request::builder()
            .method(question.method.clone())
            .uri(&question.url);
        let headers = [
            (header::ACCEPT, question.accept),
            (header::CONTENT_TYPE, question.content_type),
            (header::AUTHORIZATION, authorization),
        ];
        for (name, value) in headers {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let has_body = matches!(question.method, Method::PUT | Method::POST);
        let answer = match has_body {
            true => self.run(request.body(question.body), question)?,
            false => self.run(request.body(()), question)?,
        };
        let (parts, body) = answer.into_parts();
        let body = if question.method == Method::HEAD {
            Vec::new()
        } else {
            let mut body = body;
            let read = body.with_config().limit(LARGEST).read_to_vec();
            read.map_err(|error| self.explain(error, &question.doing))?
        };
        Ok(Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        })
    }

    fn run(
        &self,
        request: Result<Request<impl ureq::AsSendBody>, ureq::http::Error>,
        question: &Question<'_>,
    ) -> Result<Response<ureq::Body>, Error> {
        let request = request.map_err(|error| Error::Broken {
            host: self.host.clone(),
            doing: question.doing.clone(),
            cause: error.to_string(),
        })?;
        let answer = if question.redirects {
            self.agent.run(request)
        } else {
            let request = self.agent.configure_request(request);
            self.agent.run(request.max_redirects(0).build())
        };
        answer.map_err(|error| self.explain(error, &question.doing))
    }

    /// What a failure of the connection means to who asked.
    fn explain(&self, error: ureq::Error, doing: &str) -> Error {
        let host = self.host.clone();
        let tls = |cause: &rustls::Error| Error::Tls {
            host: self.host.clone(),
            cause: match cause {
                rustls::Error::InvalidMessage(_) => "it does not speak TLS".to_owned(),
                other => other.to_string(),
            },
        };
        match error {
            ureq::Error::Rustls(cause) => tls(&cause),
            ureq::Error::RequireHttpsOnly(place) => Error::Plain { host, place },
            ureq::Error::Io(cause) => {
                let inner = cause.get_ref();
                if let Some(cause) = inner.and_then(|it| it.downcast_ref::<rustls::Error>()) {
                    return tls(cause);
                }
                match cause.kind() {
                    std::io::ErrorKind::ConnectionRefused
                    | std::io::ErrorKind::HostUnreachable
                    | std::io::ErrorKind::NetworkUnreachable => Error::Unreachable {
                        host,
                        cause: cause.to_string(),
                    },
                    _ => Error::Broken {
                        host,
                        doing: doing.to_owned(),
                        cause: cause.to_string(),
                    },
                }
            }
            ureq::Error::HostNotFound | ureq::Error::ConnectionFailed => Error::Unreachable {
                host,
                cause: error.to_string(),
            },
            ureq::Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => {
                Error::Unreachable {
                    host,
                    cause: error.to_string(),
                }
            }
            other => Error::Broken {
                host,
                doing: doing.to_owned(),
                cause: other.to_string(),
            },
        }
    }

    /// The `Authorization` for what was answered with a challenge.
    fn authorize(&self, path: &str, actions: &str, answer: &Answer) -> Result<String, Error> {
        let challenge = answer.header(header::WWW_AUTHENTICATE).unwrap_or_default();
        let (scheme, rest) = challenge.split_once(' ').unwrap_or((challenge, ""));
        if scheme.eq_ignore_ascii_case("bearer") {
            return self.token(path, actions, &parameters(rest));
        }
        match self.credentials.as_ref().map(|it| &it.secret) {
            Ok(Secret::Password { user, password }) => Ok(basic(user, password)),
            _ => Err(self.refused(path, answer)),
        }
    }

    /// Gets a token, as the [distribution project](https://distribution.github.io/distribution/spec/auth/token/)
    /// has it: for everybody, for a user, or for the token that a login left.
    fn token(
        &self,
        path: &str,
        actions: &str,
        challenge: &BTreeMap<String, String>,
    ) -> Result<String, Error> {
        #[derive(Deserialize)]
        struct Token {
            token: Option<String>,
            access_token: Option<String>,
        }
        let parameter = |name: &str| challenge.get(name).map(String::as_str).unwrap_or_default();
        let (realm, service) = (parameter("realm"), parameter("service"));
        // Not the challenge's, which is for the question at hand alone.
        let scope = format!("repository:{path}:{actions}");
        let query = format!("service={}&scope={}", encode(service), encode(&scope));
        let url = format!("{realm}?{query}");
        let mut question = Question::new(Method::GET, url, "give a token");
        let form;
        let answer = match self.credentials.as_ref().map(|it| &it.secret) {
            Err(_) => self.send(&question, None)?,
            Ok(Secret::Password { user, password }) => {
                self.send(&question, Some(&basic(user, password)))?
            }
            Ok(Secret::IdentityToken(token)) => {
                form = format!(
                    "grant_type=refresh_token&client_id=agnostics&{query}&refresh_token={}",
                    encode(token)
                );
                question = Question::new(Method::POST, realm.to_owned(), "give a token");
                question.content_type = Some("application/x-www-form-urlencoded");
                question.body = form.as_bytes();
                self.send(&question, None)?
            }
        };
        match answer.status.as_u16() {
            200..300 => {}
            400 | 401 | 403 => return Err(self.refused(path, &answer)),
            status => {
                return Err(Error::Failed {
                    host: self.host.clone(),
                    doing: question.doing,
                    status,
                    told: answer.told(),
                });
            }
        }
        let token: Token = self.parse(&answer.body, "a token")?;
        match token.token.or(token.access_token) {
            Some(token) => Ok(format!("Bearer {token}")),
            None => Err(self.refused(path, &answer)),
        }
    }

    fn parse<'a, T: Deserialize<'a>>(&self, body: &'a [u8], what: &str) -> Result<T, Error> {
        serde_json::from_slice(body).map_err(|error| Error::Answer {
            host: self.host.clone(),
            what: what.to_owned(),
            cause: error.to_string(),
        })
    }
}

impl Repository<'_> {
    /// What `pin` names in this repository, in words.
    fn named(&self, pin: &Pin) -> String {
        Reference {
            host: self.registry.host.clone(),
            path: self.path.clone(),
            pin: Some(pin.clone()),
        }
        .to_string()
    }

    fn url(&self, rest: &str) -> String {
        format!("{}/v2/{}/{rest}", self.registry.base, self.path)
    }

    fn ask(&self, question: &Question<'_>) -> Result<Answer, Error> {
        self.registry.ask(&self.path, self.actions, question)
    }

    /// An error for a status that is none of those hoped for.
    fn unhappy(&self, answer: &Answer, doing: &str) -> Error {
        let host = self.registry.host.clone();
        let told = answer.told();
        match answer.status {
            StatusCode::FORBIDDEN => Error::Forbidden {
                host,
                path: self.path.clone(),
                told,
            },
            status => Error::Failed {
                host,
                doing: doing.to_owned(),
                status: status.as_u16(),
                told,
            },
        }
    }

    /// The bytes of a manifest or an index; `None` where there is none.
    ///
    /// # Errors
    /// The registry did not say, or the bytes are not what the digest asked for says.
    pub fn manifest(&self, pin: &Pin) -> Result<Option<Vec<u8>>, Error> {
        let doing = format!("give `{}`", self.named(pin));
        let url = self.url(&format!("manifests/{pin}"));
        let answer = self.ask(&Question {
            accept: Some(MANIFESTS),
            ..Question::new(Method::GET, url, &doing)
        })?;
        match answer.status {
            StatusCode::NOT_FOUND => Ok(None),
            StatusCode::OK => {
                if let Pin::Digest(digest) = pin {
                    self.hold(&answer.body, digest, &self.named(pin))?;
                }
                Ok(Some(answer.body))
            }
            _ => Err(self.unhappy(&answer, &doing)),
        }
    }

    /// The digest of what a tag names; `None` where it names nothing.
    ///
    /// # Errors
    /// The registry did not say.
    pub fn resolve(&self, tag: &str) -> Result<Option<Digest>, Error> {
        let found = self.manifest(&Pin::Tag(tag.to_owned()))?;
        Ok(found.map(|bytes| Digest::of(&bytes)))
    }

    /// A blob's bytes.
    ///
    /// # Errors
    /// There is none, the registry did not give it, or it is not what its digest says.
    pub fn blob(&self, digest: &Digest) -> Result<Vec<u8>, Error> {
        let doing = format!("give `{}`", self.named(&Pin::Digest(digest.clone())));
        let url = self.url(&format!("blobs/{digest}"));
        let answer = self.ask(&Question::new(Method::GET, url, &doing))?;
        let what = || self.named(&Pin::Digest(digest.clone()));
        match answer.status {
            StatusCode::OK => {
                self.hold(&answer.body, digest, &what())?;
                Ok(answer.body)
            }
            StatusCode::NOT_FOUND => Err(Error::NotFound {
                host: self.registry.host.clone(),
                what: what(),
            }),
            _ => Err(self.unhappy(&answer, &doing)),
        }
    }

    fn hold(&self, bytes: &[u8], digest: &Digest, what: &str) -> Result<(), Error> {
        let found = Digest::of(bytes);
        if found == *digest {
            return Ok(());
        }
        Err(Error::Tampered {
            what: what.to_owned(),
            found,
        })
    }

    /// Sends a blob unless the repository has it. True if it was sent.
    ///
    /// # Errors
    /// The registry did not take it.
    pub fn put_blob(&self, content: &[u8]) -> Result<bool, Error> {
        let digest = Digest::of(content);
        let doing = format!("take {} bytes", content.len());
        let question = |method, url| Question::new(method, url, &doing);
        let url = self.url(&format!("blobs/{digest}"));
        let present = self.ask(&question(Method::HEAD, url))?;
        if present.status == StatusCode::OK {
            return Ok(false);
        }
        // Whatever else was answered: the next answer has a body, which tells the reason.
        let begun = self.ask(&question(Method::POST, self.url("blobs/uploads/")))?;
        let place = begun.header(header::LOCATION);
        let (StatusCode::ACCEPTED, Some(place)) = (begun.status, place) else {
            return Err(self.unhappy(&begun, &doing));
        };
        let place = match place.starts_with('/') {
            true => format!("{}{place}", self.registry.base),
            false => place.to_owned(),
        };
        let joint = if place.contains('?') { '&' } else { '?' };
        let sent = self.ask(&Question {
            content_type: Some("application/octet-stream"),
            body: content,
            ..question(Method::PUT, format!("{place}{joint}digest={digest}"))
        })?;
        match sent.status {
            StatusCode::CREATED => Ok(true),
            _ => Err(self.unhappy(&sent, &doing)),
        }
    }

    /// Sends a manifest or an index by digest or tag. The blobs that it names must be there.
    ///
    /// # Errors
    /// The registry did not take it.
    pub fn put_manifest(&self, pin: &Pin, media_type: &str, content: &[u8]) -> Result<(), Error> {
        let doing = format!("take `{}`", self.named(pin));
        let url = self.url(&format!("manifests/{pin}"));
        let answer = self.ask(&Question {
            content_type: Some(media_type),
            body: content,
            ..Question::new(Method::PUT, url, &doing)
        })?;
        match answer.status {
            StatusCode::CREATED => Ok(()),
            _ => Err(self.unhappy(&answer, &doing)),
        }
    }

    /// The manifests that refer to `subject`; `None` where the registry keeps no such list, and whoever
    /// pushes keeps it under [`referrers_tag`](Self::referrers_tag).
    ///
    /// # Errors
    /// The registry did not say.
    pub fn referrers(&self, subject: &Digest) -> Result<Option<Index>, Error> {
        let doing = format!("list what refers to `{subject}`");
        let url = self.url(&format!("referrers/{subject}"));
        let answer = self.ask(&Question {
            accept: Some(INDEX),
            redirects: false,
            ..Question::new(Method::GET, url, &doing)
        })?;
        match answer.status.as_u16() {
            200 if answer.media_type() == INDEX => self
                .registry
                .parse(&answer.body, "a list of referrers")
                .map(Some),
            // Those that have no such list do not all say so with 404: GitHub's leads to a page for people,
            // Google's has one to log in, Artifactory takes no such `Accept`.
            200 | 300..400 | 400 | 404..=406 => Ok(None),
            _ => Err(self.unhappy(&answer, &doing)),
        }
    }

    /// The tag under which the distribution specification has clients keep the list of referrers, where
    /// the registry does not.
    pub fn referrers_tag(subject: &Digest) -> String {
        format!("sha256-{}", subject.hex())
    }

    /// Reads JSON that the repository gave.
    ///
    /// # Errors
    /// It is something else.
    pub fn parse<'a, T: Deserialize<'a>>(&self, body: &'a [u8], what: &str) -> Result<T, Error> {
        self.registry.parse(body, what)
    }
}

impl Answer {
    fn header(&self, name: header::HeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn media_type(&self) -> &str {
        let named = self.header(header::CONTENT_TYPE).unwrap_or_default();
        named.split(';').next().unwrap_or_default().trim()
    }

    fn is_sentence(&self) -> bool {
        let text = std::str::from_utf8(&self.body).unwrap_or_default().trim();
        !text.is_empty()
            && text.len() <= 200
            && !text.starts_with(['<', '{'])
            && !text.contains('\n')
    }

    /// The registry's own words, as far as there are any.
    fn told(&self) -> String {
        #[derive(Deserialize)]
        struct Errors {
            errors: Vec<Told>,
        }
        #[derive(Deserialize)]
        struct Told {
            #[serde(default)]
            code: String,
            #[serde(default)]
            message: String,
        }
        let told = serde_json::from_slice::<Errors>(&self.body).ok();
        let told = told.and_then(|body| body.errors.into_iter().next());
        match told {
            Some(told) if !told.message.is_empty() => told.message,
            Some(told) if !told.code.is_empty() => told.code,
            // What stands before a registry, or Go's own server, answers in plain words.
            _ if self.is_sentence() => String::from_utf8_lossy(&self.body).trim().to_owned(),
            _ => self
                .status
                .canonical_reason()
                .unwrap_or("no reason given")
                .to_lowercase(),
        }
    }
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// The parameters of a challenge: `realm="…",service="…"`.
fn parameters(challenge: &str) -> BTreeMap<String, String> {
    let mut parameters = BTreeMap::new();
    let mut rest = challenge;
    while let Some((name, after)) = rest.split_once("=\"") {
        let Some((value, after)) = after.split_once('"') else {
            break;
        };
        let name = name.trim_matches([',', ' ']).to_lowercase();
        parameters.insert(name, value.to_owned());
        rest = after;
    }
    parameters
}

/// Percent-encodes a value of a query.
fn encode(value: &str) -> String {
    let mut encoded = String::new();
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte));
            }
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests;
