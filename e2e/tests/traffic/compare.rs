//! Compares what two sides did with the same request.

use std::collections::BTreeSet;
use std::fmt;

use crate::client::Response;

/// What differs between two results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Aspect {
    /// One side reached a backend, the other returned a status.
    Served(Option<u16>, Option<u16>),
    Status(u16, u16),
    Location,
    Backend,
    Path,
    Host,
    Method,
    Header(String),
}

impl fmt::Display for Aspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let served = |status: &Option<u16>| status.map_or("served".to_owned(), |it| it.to_string());
        match self {
            Self::Served(nginx, gateway) => write!(f, "{} / {}", served(nginx), served(gateway)),
            Self::Status(nginx, gateway) => write!(f, "status {nginx} / {gateway}"),
            Self::Location => f.write_str("Location"),
            Self::Backend => f.write_str("backend"),
            Self::Path => f.write_str("path at the backend"),
            Self::Host => f.write_str("Host at the backend"),
            Self::Method => f.write_str("method at the backend"),
            Self::Header(name) => write!(f, "header {name} at the backend"),
        }
    }
}

/// Headers about the connection and the proxy itself. The two proxies send different ones for every Ingress.
const OF_PROXIES: [&str; 14] = [
    "content-length",
    "x-envoy-expected-rq-timeout-ms",
    "x-envoy-external-address",
    "x-envoy-internal",
    "x-envoy-original-host",
    "x-envoy-original-path",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-scheme",
    "x-original-forwarded-for",
    "x-real-ip",
    "x-request-id",
    "x-scheme",
];

/// Returns the path that NGINX matches: decoded, with slashes merged and dot segments resolved. Returns `None`
/// if it leaves the root, for which NGINX returns 400.
///
/// `ngx_http_parse_complex_uri` in NGINX's src/http/ngx_http_parse.c does the same.
pub(crate) fn normalized(path: &str) -> Option<String> {
    let (path, query) = match path.split_once('?') {
        Some((path, query)) => (path, format!("?{query}")),
        None => (path, String::new()),
    };
    let mut decoded = Vec::new();
    let mut rest = path.as_bytes();
    while let [byte, after @ ..] = rest {
        let hex = after.get(..2).and_then(|it| std::str::from_utf8(it).ok());
        let hex = hex.and_then(|it| u8::from_str_radix(it, 16).ok());
        let escaped = hex.filter(|_| *byte == b'%');
        decoded.push(escaped.unwrap_or(*byte));
        rest = &after[if escaped.is_some() { 2 } else { 0 }..];
    }
    let mut segments: Vec<&[u8]> = Vec::new();
    let mut parts = decoded.split(|byte| *byte == b'/').peekable();
    parts.next();
    while let Some(part) = parts.next() {
        match part {
            b"" | b"." if parts.peek().is_some() => {}
            b".." => {
                segments.pop()?;
                if parts.peek().is_none() {
                    segments.push(b"");
                }
            }
            b"." => segments.push(b""),
            part => segments.push(part),
        }
    }
    let mut out = String::new();
    for segment in segments {
        out.push('/');
        for byte in segment {
            match byte {
                b'!' | b'$'..=b'>' | b'@'..=b'Z' | b'_' | b'a'..=b'z' | b'~'
                    if !b"%?#".contains(byte) =>
                {
                    out.push(char::from(*byte));
                }
                _ => out.push_str(&format!("%{byte:02X}")),
            }
        }
    }
    Some(out + &query)
}

/// Returns what differs.
pub(crate) fn aspects(nginx: &Response, gateway: &Response) -> Vec<Aspect> {
    let (a, b) = match (&nginx.seen, &gateway.seen) {
        (Some(a), Some(b)) => (a, b),
        (Some(_), None) => return vec![Aspect::Served(None, Some(gateway.status))],
        (None, Some(_)) => return vec![Aspect::Served(Some(nginx.status), None)],
        (None, None) => {
            let status = (nginx.status != gateway.status)
                .then_some(Aspect::Status(nginx.status, gateway.status));
            let location = (nginx.location != gateway.location).then_some(Aspect::Location);
            return status.into_iter().chain(location).collect();
        }
    };
    let fields = [
        (
            nginx.status == gateway.status,
            Aspect::Status(nginx.status, gateway.status),
        ),
        (a.service == b.service, Aspect::Backend),
        (a.path == b.path, Aspect::Path),
        (a.host == b.host, Aspect::Host),
        (a.method == b.method, Aspect::Method),
    ];
    let fields = fields
        .into_iter()
        .filter(|(equal, _)| !equal)
        .map(|(_, aspect)| aspect);
    let names: BTreeSet<&String> = a.headers.keys().chain(b.headers.keys()).collect();
    let headers = names.into_iter().filter(|name| {
        !OF_PROXIES.contains(&name.as_str()) && a.headers.get(*name) != b.headers.get(*name)
    });
    fields
        .chain(headers.map(|name| Aspect::Header(name.clone())))
        .collect()
}
