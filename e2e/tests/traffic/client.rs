//! Sends the same request to both sides.

use std::fmt;
use std::net::Ipv4Addr;
use std::sync::{Arc, LazyLock};

use http_body_util::{BodyExt as _, Empty, Full};
use hyper::body::{Body, Bytes};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{HOST, LOCATION};
use hyper_util::rt::TokioIo;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::backends::{self, SEEN, Seen};

/// A request to a host of the corpus.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Request {
    pub(crate) https: bool,
    pub(crate) method: &'static str,
    /// The value of the header `Host`.
    pub(crate) host: String,
    /// The path with its query.
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
}

/// What a side returned, and what its backend saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) seen: Option<Seen>,
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            https,
            method,
            host,
            path,
            headers,
        } = self;
        let scheme = if *https { "https" } else { "http" };
        write!(f, "{method} {scheme}://{host}{path}")?;
        headers
            .iter()
            .try_for_each(|(name, value)| write!(f, " {name}: {value}"))
    }
}

impl fmt::Display for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        if let Some(location) = &self.location {
            write!(f, " {location}")?;
        }
        match &self.seen {
            Some(seen) => write!(
                f,
                " from {}: {} {}{} {:?}",
                seen.service, seen.method, seen.host, seen.path, seen.headers
            ),
            None => Ok(()),
        }
    }
}

/// The ports of a side.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ports {
    pub(crate) http: u16,
    pub(crate) https: u16,
}

impl Ports {
    /// Returns a URL in one form of several equivalent ones: without the default port of its scheme, with the host
    /// in lower case.
    fn canonical(self, url: &str) -> String {
        let Some((scheme, rest)) = url.split_once("://") else {
            return url.to_owned();
        };
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (port, default) = match scheme {
            "http" => (self.http, 80),
            _ => (self.https, 443),
        };
        let bare = authority.strip_suffix(&format!(":{port}"));
        let bare = bare.or_else(|| authority.strip_suffix(&format!(":{default}")));
        // An empty path is the root (RFC 9110, section 4.2.3).
        let root = if path.starts_with('/') { "" } else { "/" };
        format!(
            "{scheme}://{}{root}{path}",
            bare.unwrap_or(authority).to_ascii_lowercase()
        )
    }
}

/// A connection, which is opened again when the server closes it.
pub(crate) struct Connection {
    ports: Ports,
    https: bool,
    /// The host without a port, for TLS.
    name: String,
    sender: Option<SendRequest<Empty<Bytes>>>,
}

impl Connection {
    pub(crate) fn new(ports: Ports, https: bool, host: &str) -> Self {
        let name = host.split(':').next().unwrap_or_default();
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        Self {
            ports,
            https,
            name,
            sender: None,
        }
    }

    /// Sends a request.
    ///
    /// # Errors
    /// Returns an error if there is no response.
    pub(crate) async fn send(&mut self, request: &Request) -> Result<Response, String> {
        // The server may close an idle connection at any time, so the second attempt decides.
        let first = self.attempt(request).await;
        match first {
            Ok(response) => Ok(response),
            Err(_) => {
                self.sender = None;
                self.attempt(request).await
            }
        }
    }

    async fn attempt(&mut self, request: &Request) -> Result<Response, String> {
        let mut sender = match self.sender.take() {
            Some(sender) if !sender.is_closed() => sender,
            _ => self.open().await?,
        };
        sender.ready().await.map_err(|error| error.to_string())?;
        let mut builder = hyper::Request::builder()
            .method(request.method)
            .uri(&request.path)
            .header(HOST, &request.host);
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        let sent = builder
            .body(Empty::new())
            .map_err(|error| error.to_string())?;
        let response = sender.send_request(sent).await;
        let (head, body) = response.map_err(|error| error.to_string())?.into_parts();
        body.collect().await.map_err(|error| error.to_string())?;
        self.sender = Some(sender);
        let location = head.headers.get(LOCATION);
        let location = location.map(|it| String::from_utf8_lossy(it.as_bytes()).into_owned());
        Ok(Response {
            status: head.status.as_u16(),
            location: location.map(|it| self.ports.canonical(&it)),
            seen: head
                .headers
                .get(SEEN)
                .map(|it| backends::read(it.as_bytes())),
        })
    }

    async fn open<B>(&self) -> Result<SendRequest<B>, String>
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<e2e::Error>,
    {
        let port = match self.https {
            true => self.ports.https,
            false => self.ports.http,
        };
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await;
        let stream = stream.map_err(|error| error.to_string())?;
        stream
            .set_nodelay(true)
            .map_err(|error| error.to_string())?;
        if !self.https {
            return start(TokioIo::new(stream)).await;
        }
        let name = ServerName::try_from(self.name.clone()).map_err(|error| error.to_string())?;
        let stream = TLS.connect(name, stream).await;
        start(TokioIo::new(stream.map_err(|error| error.to_string())?)).await
    }
}

async fn start<T, B>(stream: T) -> Result<SendRequest<B>, String>
where
    T: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<e2e::Error>,
{
    let opened = http1::handshake(stream).await;
    let (sender, connection) = opened.map_err(|error| error.to_string())?;
    tokio::spawn(connection);
    Ok(sender)
}

static TLS: LazyLock<TlsConnector> = LazyLock::new(|| {
    let config = ClientConfig::builder()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate))
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
});

/// Posts JSON to an HTTPS server on loopback.
///
/// # Errors
/// Returns an error if there is no response with JSON.
pub(crate) async fn post(port: u16, path: &str, body: &Value) -> Result<Value, e2e::Error> {
    let ports = Ports {
        http: 0,
        https: port,
    };
    let mut sender = Connection::new(ports, true, "localhost")
        .open::<Full<Bytes>>()
        .await?;
    let request = hyper::Request::post(path).header(HOST, "localhost");
    let request = request.body(Full::from(body.to_string()))?;
    let response = sender
        .send_request(request)
        .await?
        .into_body()
        .collect()
        .await?;
    Ok(serde_json::from_slice(&response.to_bytes())?)
}

/// Accepts any certificate: the suite compares routing, not certificates.
#[derive(Debug)]
struct AnyCertificate;

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::ring::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}
