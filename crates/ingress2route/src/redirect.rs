//! Redirects to a URL or a path.

use admission::is_dns_subdomain;

use crate::text::{contains_any, split_once};

/// A `RequestRedirect` filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Redirect {
    pub(crate) scheme: Option<&'static str>,
    pub(crate) host: Option<String>,
    pub(crate) port: Option<u16>,
    /// The new path; `None` keeps the path of the request.
    pub(crate) path: Option<String>,
    pub(crate) code: u16,
}

/// Parses the target of a redirect. Returns the reason, as the predicate of a sentence, if a route cannot redirect
/// to it. See [`Gateway::secure_scheme`](crate::Gateway) for `secure_scheme`.
pub(crate) fn parse(
    url: &str,
    code: u16,
    secure_scheme: Option<&'static str>,
) -> Result<Redirect, &'static str> {
    let mut redirect = Redirect {
        scheme: secure_scheme,
        code,
        ..Redirect::default()
    };
    let (url, keeps_path) = match url.strip_suffix("$request_uri") {
        Some(origin) => (origin, true),
        None => (url, false),
    };
    if contains_any(url, b"$") {
        return Err("contains an NGINX variable");
    }
    if contains_any(url, b"?#") {
        return Err("has a query or fragment, which a route cannot redirect to");
    }
    let scheme = url.get(..url.len().min("https://".len()));
    let scheme = scheme.unwrap_or_default().to_ascii_lowercase();
    let origin = match scheme.as_str() {
        "https://" => Some(("https", "https://".len())),
        other if other.starts_with("http://") => Some(("http", "http://".len())),
        _ => None,
    };
    let path = match origin {
        None => url,
        Some((scheme, length)) => {
            if scheme == "http" {
                redirect.scheme = match secure_scheme {
                    Some(_) => None,
                    None => Some("http"),
                };
            }
            let rest = url.get(length..).unwrap_or_default();
            let end = rest.bytes().position(|b| b == b'/');
            let (authority, path) = rest
                .split_at_checked(end.unwrap_or(rest.len()))
                .unwrap_or_default();
            let host = match split_once(authority, b':') {
                None => authority,
                Some((host, port)) => {
                    let port = port.parse().ok().filter(|port| *port > 0);
                    redirect.port = Some(port.ok_or("has an invalid port")?);
                    host
                }
            };
            let host = host.to_ascii_lowercase();
            if !is_dns_subdomain(&host) {
                return Err("has an invalid hostname");
            }
            redirect.host = Some(host);
            match path {
                "" => "/",
                path => path,
            }
        }
    };
    match path {
        "/" if keeps_path && !url.ends_with('/') => {}
        _ if keeps_path => return Err("adds to the path of the request, which a redirect cannot"),
        path if !path.starts_with('/') => return Err("is neither a URL nor a path"),
        path if path.len() > 1024 => return Err("is longer than 1024 characters"),
        path => redirect.path = Some(path.to_owned()),
    }
    Ok(redirect)
}

#[cfg(test)]
mod tests {
    use super::{Redirect, parse};

    #[test]
    fn parses_targets_that_a_route_can_redirect_to() {
        let to = |scheme, host: Option<&str>, port, path: Option<&str>| Redirect {
            scheme,
            host: host.map(str::to_owned),
            port,
            path: path.map(str::to_owned),
            code: 301,
        };
        for (url, expected) in [
            ("https://a.org", to(None, Some("a.org"), None, Some("/"))),
            (
                "HTTP://A.org:8080/x/",
                to(Some("http"), Some("a.org"), Some(8080), Some("/x/")),
            ),
            (
                "https://a.org$request_uri",
                to(None, Some("a.org"), None, None),
            ),
            ("/login", to(None, None, None, Some("/login"))),
        ] {
            assert_eq!(parse(url, 301, None), Ok(expected), "{url}");
        }
        for url in [
            "",
            "login",
            "ftp://a.org",
            "https://",
            "https://a.org:0",
            "https://a.org:x",
            "https://a.org/?q",
            "https://a.org/#f",
            "https://u@a.org",
            "https://$host",
            "https://a.org/x$request_uri",
            "https://a.org/$request_uri",
            "$request_uri",
            "/x$request_uri",
            "/$uri",
            "https://a.org/$host",
        ] {
            assert!(parse(url, 301, None).is_err(), "{url}");
        }
        let path = |length: usize| format!("/{}", "x".repeat(length - 1));
        assert!(parse(&path(1024), 301, None).is_ok());
        assert!(parse(&path(1025), 301, None).is_err());
    }
}
