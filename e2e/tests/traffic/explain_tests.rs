//! Tests of the suite itself: the comparison accepts no difference that nothing reports, and Envoy has the limits that
//! the translation knows. A suite that accepts everything would pass.

use std::collections::{BTreeMap, BTreeSet};

use libtest_mimic::{Failed, Trial};
use serde_json::json;

use crate::backends::Seen;
use crate::client::{Ports, Request, Response};
use crate::compare::Aspect;
use crate::corpus::{Fixture, FixtureIngress, FixturePath, Set};
use crate::explain::{equivalents, explain, explained, general, is_same_share};
use crate::gateway;
use crate::requests::Probe;
use crate::run::{Comparison, Outcome, Sides};
use crate::runtime::RUNTIME;
use crate::summary::failures;

/// All codes that a translation may report.
const CODES: [&str; 10] = [
    "auth-request",
    "cors-origin",
    "cors-preflight",
    "encoded-path",
    "path-case",
    "path-normalization",
    "redirect-query",
    "rewrite-normalization",
    "rewrite-slash",
    "timeout",
];

pub(crate) fn trials() -> Vec<Trial> {
    let tests: [(&str, fn()); 8] = [
        ("unreported_results_are_unexplained", unreported),
        ("a_code_explains_only_its_own_aspects", aspects_of_codes),
        ("general_differences_are_narrow", general_differences),
        ("equivalent_paths_need_a_code", equivalent_paths),
        ("a_report_counts_only_near_its_ingress", near),
        ("a_weight_allows_only_equal_shares", shares),
        ("a_fixture_shows_each_reported_difference", shown),
        ("envoy_rejects_a_larger_expression", limit),
    ];
    let trial = |(name, test): (&'static str, fn())| {
        Trial::test(name, move || match std::panic::catch_unwind(test) {
            Ok(()) => Ok(()),
            Err(_) => Err(Failed::from("see the panic above")),
        })
    };
    tests.map(trial).into()
}

fn set(annotations: &[(&str, &str)], default_service: Option<&str>) -> Set {
    let annotations = annotations.iter();
    let annotations: BTreeMap<_, _> = annotations
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let path = FixturePath::new("/a", "Prefix", "web");
    let default_service = default_service.map(str::to_owned);
    let ingress = FixtureIngress::new(
        "app.k8tre.internal",
        annotations,
        false,
        default_service,
        vec![path],
    );
    let fixture = Fixture::new("it".to_owned(), vec![ingress]);
    fixture.set("documentation").isolated(0)
}

fn request(method: &'static str, host: &str, path: &str) -> Request {
    Request {
        https: true,
        method,
        host: host.to_owned(),
        path: path.to_owned(),
        headers: Vec::new(),
    }
}

fn served(service: &str, path: &str) -> Response {
    Response {
        status: 200,
        location: None,
        seen: Some(Seen {
            service: service.to_owned(),
            method: "GET".to_owned(),
            path: path.to_owned(),
            host: "app".to_owned(),
            headers: BTreeMap::new(),
        }),
    }
}

fn status(status: u16, location: Option<&str>) -> Response {
    Response {
        status,
        location: location.map(str::to_owned),
        seen: None,
    }
}

/// Sends nothing, because there is nothing at these ports.
fn sides() -> Sides {
    let nowhere = Ports { http: 0, https: 0 };
    Sides::new(nowhere, nowhere)
}

fn result(codes: &[&'static str], nginx: &Response, gateway: &Response) -> Result<usize, usize> {
    let probe = Probe {
        request: request("GET", "app", "/a"),
        variant: "exact",
    };
    let codes = codes.iter().copied().collect();
    let set = set(&[], None);
    let mut sides = sides();
    let explained = explain(&mut sides, &set, &codes, &probe, nginx, gateway);
    let explained = RUNTIME.block_on(explained);
    explained
        .map(|codes| codes.len())
        .map_err(|aspects| aspects.len())
}

fn unreported() {
    let a = served("s0/a:80", "/a");
    assert_eq!(result(&[], &a, &a), Ok(0));
    for other in [
        served("s0/b:80", "/a"),
        served("s0/a:80", "/b"),
        status(404, None),
        status(500, None),
    ] {
        assert_eq!(result(&[], &a, &other), Err(1), "{other}");
        assert_eq!(result(&[], &other, &a), Err(1), "{other}");
    }
    let redirect = status(301, Some("https://app/a/"));
    let query = status(301, Some("https://app/a/?a=1"));
    assert_eq!(result(&[], &redirect, &query), Err(1));
    assert_eq!(result(&["redirect-query"], &redirect, &query), Ok(1));
    // No code explains another backend.
    let other = served("s0/b:80", "/a");
    assert_eq!(result(&["redirect-query", "timeout"], &a, &other), Err(1));
}

fn aspects_of_codes() {
    let all = BTreeSet::from(CODES);
    let get = request("GET", "app", "/a");
    let options = request("OPTIONS", "app", "/a");
    let (nginx, gateway) = (served("s0/a:80", "/a"), served("s0/a:80", "/b"));
    let none = BTreeSet::new();
    let is_explained = |aspect: &Aspect, codes: &BTreeSet<&'static str>, request: &Request| {
        explained(aspect, codes, &none, request, &nginx, &gateway).is_some()
    };
    for aspect in [
        Aspect::Backend,
        Aspect::Host,
        Aspect::Method,
        Aspect::Header("x-a".to_owned()),
        Aspect::Location,
        Aspect::Status(200, 404),
        Aspect::Served(None, Some(404)),
    ] {
        assert!(!is_explained(&aspect, &all, &get), "{aspect}");
    }
    let preflight = Aspect::Served(Some(204), None);
    assert!(is_explained(&preflight, &all, &options));
    let others = all.iter().copied().filter(|code| *code != "cors-preflight");
    assert!(!is_explained(&preflight, &others.collect(), &options));
    assert!(!is_explained(&Aspect::Backend, &all, &options));
    // The slash alone does not explain another path.
    let slash = BTreeSet::from(["rewrite-slash"]);
    assert!(!is_explained(&Aspect::Path, &slash, &get));
    assert!(is_explained(&Aspect::Path, &all, &get));
}

fn general_differences() {
    let is_general = |request: &Request, nginx: &Response, gateway: &Response| {
        general(&set(&[], None), request, nginx, gateway).is_some()
    };
    let plain = |host: &str| Request {
        https: false,
        ..request("GET", host, "/a")
    };
    let nginx = served("s0/a:80", "/a");
    let moved = status(301, Some("https://app/a"));
    assert!(is_general(&plain("app"), &nginx, &moved));
    assert!(is_general(&plain("app:80"), &nginx, &status(404, None)));
    assert!(is_general(
        &request("GET", "app.", "/a"),
        &nginx,
        &status(404, None)
    ));
    let elsewhere = status(301, Some("https://app/b"));
    for (request, gateway) in [
        (plain("app"), status(404, None)),
        (plain("app"), elsewhere),
        (plain("app"), served("s0/b:80", "/a")),
        (request("GET", "app.", "/a"), served("s0/b:80", "/a")),
        (request("GET", "app", "/a"), status(404, None)),
        (request("GET", "app:8443", "/a"), status(404, None)),
        // Its Service exists.
        (request("GET", "app", "/a"), status(500, None)),
    ] {
        assert!(!is_general(&request, &nginx, &gateway), "{request}");
    }
    let missing = (status(503, None), status(500, None));
    let get = request("GET", "app", "/a");
    assert!(!is_general(&get, &missing.0, &missing.1));
    let with_port = request("GET", "app:8443", "/a");
    let kept = status(302, Some("https://app:8443/b"));
    assert!(is_general(
        &with_port,
        &kept,
        &status(302, Some("https://app/b"))
    ));
    assert!(!is_general(
        &with_port,
        &kept,
        &status(302, Some("https://app/c"))
    ));
    assert!(!is_general(
        &with_port,
        &kept,
        &status(301, Some("https://app/b"))
    ));
}

fn equivalent_paths() {
    let set = set(&[], None);
    let paths = |codes: &[&'static str], path: &str| -> Vec<String> {
        let all = equivalents(&set, &codes.iter().copied().collect(), path).into_iter();
        all.map(|(_, path)| path).collect()
    };
    for path in ["/A", "/x/../a", "//a", "/%61", "/a%25"] {
        assert_eq!(paths(&[], path), [path]);
        assert_eq!(paths(&["timeout", "redirect-query"], path), [path]);
    }
    assert_eq!(paths(&["path-case"], "/A/b"), ["/A/b", "/a/b"]);
    assert_eq!(paths(&["path-case"], "/x/../a"), ["/x/../a"]);
    assert_eq!(paths(&["path-normalization"], "/x/../a")[1], "/a");
    assert_eq!(paths(&["path-normalization"], "/A"), ["/A"]);
    assert_eq!(paths(&["encoded-path"], "/a%25")[1], "/a%");
}

fn near() {
    let is_near = |set: &Set, host: &str, path: &str| {
        Set::is_near(&set.ingresses[0], &request("GET", host, path))
    };
    let plain = set(&[], None);
    let host = plain.hosts().into_iter().next().expect("a host").to_owned();
    for path in ["/a", "/a/b", "/A", "/x/../a", "/%61"] {
        assert!(is_near(&plain, &host, path), "{path}");
    }
    assert!(is_near(&plain, &format!("{host}:443"), "/a"));
    for (host, path) in [
        (host.as_str(), "/b"),
        (&host, "/"),
        ("other.example.org", "/a"),
        (&format!("sub.{host}"), "/a"),
    ] {
        assert!(!is_near(&plain, host, path), "{host}{path}");
    }
    // These apply to the whole host.
    assert!(is_near(&set(&[("app-root", "/a")], None), &host, "/b"));
    assert!(is_near(&set(&[], Some("rest")), &host, "/b"));
    assert!(!is_near(&set(&[("use-regex", "true")], None), &host, "/b"));
}

fn shares() {
    assert!(is_same_share([90, 90]));
    assert!(is_same_share([90, 110]));
    assert!(!is_same_share([0, 300]));
    assert!(!is_same_share([90, 190]));
}

fn shown() {
    let outcome = |origin: &'static str, shown: &[&'static str], code: &'static str| {
        let explained = shown.iter().map(|code| (BTreeSet::from([*code]), 1));
        let mut set = set(&[], None);
        set.origin = origin;
        Outcome {
            set,
            result: Ok(Comparison {
                explained: explained.collect(),
                reports: BTreeMap::from([(code, "a message".to_owned())]),
                ..Comparison::default()
            }),
        }
    };
    let is_failure = |origin: &'static str, shown: &[&'static str], code| {
        !failures(&[outcome(origin, shown, code)], origin).is_empty()
    };
    assert!(is_failure("documentation", &[], "path-case"));
    assert!(is_failure(
        "documentation",
        &["redirect-query"],
        "path-case"
    ));
    assert!(!is_failure("documentation", &["path-case"], "path-case"));
    assert!(!is_failure("documentation", &[], "timeout"));
    assert!(!is_failure("cases", &[], "path-case"));
}

/// The translation accepts 84 letters, because its bound is not exact. A fixture has as many.
fn limit() {
    let accepts = |letters: usize| {
        let path = format!("(?i)/{}.*", "a".repeat(letters));
        let matches = json!([{"path": {"type": "RegularExpression", "value": path}}]);
        gateway::accepts(&[json!({
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "HTTPRoute",
            "metadata": {"name": "it", "namespace": "it"},
            "spec": {
                "parentRefs": [{"name": "internal-gateway", "namespace": "gateway"}],
                "hostnames": [format!("it.{}", gateway::domain())],
                "rules": [{"matches": matches}],
            },
        })])
    };
    assert!(accepts(93));
    assert!(!accepts(94));
}
