//! Derives requests from the hosts and paths of a set, at their boundaries.

use std::collections::BTreeSet;

use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::string::string_regex;
use proptest::test_runner::TestRunner;
use serde_json::Value;

use crate::client::Request;
use crate::corpus::Set;

/// A request and what is special about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Probe {
    pub(crate) request: Request,
    pub(crate) variant: &'static str,
}

/// How many paths to generate for each regular expression.
const SAMPLES: usize = 4;

/// Returns the requests of a set.
pub(crate) fn derive(set: &Set, runner: &mut TestRunner) -> Vec<Probe> {
    let mut probes = Vec::new();
    let mut known = BTreeSet::new();
    for host in set.hosts() {
        let names = concrete(host);
        let Some((name, others)) = names.split_first() else {
            continue;
        };
        let mut add = |variant, request: Request| {
            // hyper rejects characters that a path must not have.
            let valid = request.path.starts_with('/') && request.path.parse::<hyper::Uri>().is_ok();
            if valid && known.insert(request.clone()) {
                probes.push(Probe { request, variant });
            }
        };
        let paths = set.paths(host);
        let mut examples: Vec<String> = paths
            .iter()
            .flat_map(|path| examples(path, runner))
            .collect();
        examples.push("/".to_owned());
        for path in &examples {
            add("exact", get(name, path));
            for (variant, path) in variants(path) {
                add(variant, get(name, &path));
            }
        }
        for path in examples.iter().chain([&"/other".to_owned()]) {
            for other in others {
                add("other host", get(other, path));
            }
            for (variant, request) in special(name, path) {
                add(variant, request);
            }
            for (variant, request) in canaries(set, name, path) {
                add(variant, request);
            }
            for (variant, request) in cross_origin(set, name, path) {
                add(variant, request);
            }
        }
        add("other path", get(name, "/other"));
    }
    probes
}

fn get(host: &str, path: &str) -> Request {
    Request {
        https: true,
        method: "GET",
        host: host.to_owned(),
        path: path.to_owned(),
        headers: Vec::new(),
    }
}

/// Returns hosts that a host of an Ingress covers, then hosts that it does not.
fn concrete(host: &str) -> Vec<String> {
    match host.strip_prefix('*') {
        Some(rest) => vec![
            format!("one{rest}"),
            format!("two.labels{rest}"),
            rest.trim_start_matches('.').to_owned(),
        ],
        None => vec![
            host.to_owned(),
            format!("sub.{host}"),
            format!("other-{host}"),
        ],
    }
}

/// Returns paths that a path of an Ingress matches.
fn examples(path: &Value, runner: &mut TestRunner) -> Vec<String> {
    let text = path["path"]
        .as_str()
        .filter(|it| !it.is_empty())
        .unwrap_or("/");
    if !text.contains(['(', '[', '*', '+', '?', '$', '^', '|', '\\']) {
        return vec![text.to_owned()];
    }
    let literal: String = text
        .chars()
        .take_while(|c| !"([*+?$^|\\.".contains(*c))
        .collect();
    let mut examples = vec![literal];
    // Without line breaks and characters that a path must not have.
    let printable = text.replace(".*", "[a-z0-9/]*").replace(".+", "[a-z0-9/]+");
    if let Ok(strategy) = string_regex(&printable) {
        for _ in 0..SAMPLES {
            let tree = strategy.new_tree(runner);
            examples.push(tree.expect("a text").current());
        }
    }
    examples
}

/// Returns paths near a path.
fn variants(path: &str) -> Vec<(&'static str, String)> {
    let bare = path.trim_end_matches('/');
    let mut out = vec![
        ("trailing slash", format!("{bare}/")),
        ("no trailing slash", bare.to_owned()),
        ("doubled trailing slash", format!("{bare}//")),
        ("longer segment", format!("{bare}x")),
        ("subpath", format!("{bare}/sub")),
        ("subpath with trailing slash", format!("{bare}/sub/")),
        ("query", format!("{path}?a=1&b=%2F")),
        ("upper case", path.to_ascii_uppercase()),
        ("doubled leading slash", format!("/{path}")),
        ("doubled slashes", path.replace('/', "//")),
        ("dot segments before", format!("/x/..{path}")),
        ("dot segments after", format!("{bare}/x/..")),
        ("dot segments that leave", format!("{bare}/../x")),
        ("parent", format!("{bare}/..")),
        ("single dot", format!("{bare}/./sub")),
        ("encoded slash", format!("{bare}%2Fsub")),
        ("encoded dots", format!("{bare}/%2e%2e/x")),
        ("encoded space", format!("{bare}/a%20b")),
        ("encoded question mark", format!("{bare}/a%3Fb")),
        ("encoded percent", format!("{bare}/a%25b")),
        ("encoded UTF-8", format!("{bare}/%C3%A9")),
        ("path parameter", format!("{bare};a=1")),
        ("plus", format!("{bare}/a+b")),
        ("long segment", format!("{bare}/{}", "l".repeat(300))),
    ];
    if let Some((index, last)) = bare
        .char_indices()
        .last()
        .filter(|(_, c)| c.is_ascii_alphanumeric())
    {
        let start = &bare[..index];
        out.push(("shorter segment", start.to_owned()));
        out.push(("encoded letter", format!("{start}%{:02x}", u32::from(last))));
        out.push((
            "encoded letter and subpath",
            format!("{start}%{:02X}/sub", u32::from(last)),
        ));
    }
    out
}

/// Returns requests to a path that differ in method, headers or protocol.
fn special(host: &str, path: &str) -> Vec<(&'static str, Request)> {
    let plain = get(host, path);
    let mut out = Vec::new();
    for method in ["HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
        out.push((
            "method",
            Request {
                method,
                ..plain.clone()
            },
        ));
    }
    for (variant, host) in [
        ("port in Host", format!("{host}:443")),
        ("other port in Host", format!("{host}:8443")),
        ("upper case in Host", host.to_ascii_uppercase()),
        ("trailing dot in Host", format!("{host}.")),
    ] {
        out.push((
            variant,
            Request {
                host,
                ..plain.clone()
            },
        ));
    }
    out.push((
        "plain HTTP",
        Request {
            https: false,
            ..plain.clone()
        },
    ));
    out.push((
        "plain HTTP with port",
        Request {
            https: false,
            host: format!("{host}:80"),
            ..plain.clone()
        },
    ));
    for (name, value) in [
        ("x-forwarded-proto", "http"),
        ("x-forwarded-host", "evil.example.org"),
        ("x-forwarded-for", "192.0.2.1"),
        ("x-request-id", "mine"),
        ("x-original-url", "/evil"),
    ] {
        let headers = vec![(name.to_owned(), value.to_owned())];
        out.push((
            "forwarded headers",
            Request {
                headers,
                ..plain.clone()
            },
        ));
    }
    out
}

/// Returns requests that select a canary, and some that do not.
fn canaries(set: &Set, host: &str, path: &str) -> Vec<(&'static str, Request)> {
    let mut headers = Vec::new();
    let mut values = vec!["always", "never", "other"];
    values.extend(set.annotation("canary-by-header-value"));
    for name in set.annotation("canary-by-header") {
        headers.extend(
            values
                .iter()
                .map(|value| (name.to_owned(), (*value).to_owned())),
        );
    }
    for name in set.annotation("canary-by-cookie") {
        let cookies = values.iter().map(|value| format!("{name}={value}"));
        headers.extend(cookies.map(|value| ("cookie".to_owned(), value)));
    }
    let headers = headers.into_iter();
    headers
        .filter(|(name, _)| !name.is_empty())
        .map(|header| {
            (
                "canary",
                Request {
                    headers: vec![header],
                    ..get(host, path)
                },
            )
        })
        .collect()
}

/// Returns requests of pages on other hosts, if the set allows some.
fn cross_origin(set: &Set, host: &str, path: &str) -> Vec<(&'static str, Request)> {
    let mut out = Vec::new();
    let origins = set.annotation("cors-allow-origin").into_iter();
    for origin in origins.chain(["https://elsewhere.example.org"]) {
        if set.annotation("enable-cors").is_empty() {
            break;
        }
        let origin = ("origin".to_owned(), origin.to_owned());
        let method = ("access-control-request-method".to_owned(), "PUT".to_owned());
        for (variant, method, headers) in [
            ("other origin", "GET", vec![origin.clone()]),
            ("OPTIONS of another origin", "OPTIONS", vec![origin.clone()]),
            ("preflight", "OPTIONS", vec![origin, method]),
        ] {
            let request = Request {
                method,
                headers,
                ..get(host, path)
            };
            out.push((variant, request));
        }
    }
    out
}
