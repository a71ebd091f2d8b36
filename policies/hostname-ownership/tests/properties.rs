//! Every object gets a verdict. A route with valid hostnames is accepted, and one invalid hostname is rejected
//! with its path and its rule.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "test helpers may panic"
)]

use admission::{Cluster, NoCluster, Query, QueryError};
use hostname_ownership::{Settings, evaluate};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

/// A cluster that the policy may not query.
struct Forbidden;

impl Cluster for Forbidden {
    fn list(&self, _: &Query<'_>) -> Result<String, QueryError> {
        Err(QueryError::NotPermitted("no".to_owned()))
    }
}

/// A cluster that must not be queried.
struct Unqueried;

impl Cluster for Unqueried {
    fn list(&self, query: &Query<'_>) -> Result<String, QueryError> {
        panic!("unexpected {query:?}");
    }
}

/// A cluster without routes.
struct Empty;

impl Cluster for Empty {
    fn list(&self, _: &Query<'_>) -> Result<String, QueryError> {
        Ok(json!({"items": []}).to_string())
    }
}

/// A cluster whose response is not a list of objects.
struct Malformed;

impl Cluster for Malformed {
    fn list(&self, _: &Query<'_>) -> Result<String, QueryError> {
        Ok(json!({"items": [{"metadata": {"namespace": "a"}, "spec": []}]}).to_string())
    }
}

fn settings() -> Value {
    json!({
        "domain": "k8tre.internal",
        "delegation": [{"namespace": "research", "hosts": ["lab", "notes", "wiki"]}],
    })
}

fn respond_to(request: &str, settings: &Value, cluster: &dyn Cluster) -> Value {
    let payload = format!(r#"{{"settings":{settings},"request":{request}}}"#);
    let response = admission::validate::<Settings>(payload.as_bytes(), evaluate, cluster);
    serde_json::from_slice(&response).expect("the response is JSON")
}

fn respond(kind: &str, object: &Value, settings: &Value, cluster: &dyn Cluster) -> Value {
    let group = match kind {
        "Ingress" => "networking.k8s.io",
        "Service" => "",
        "DNSEndpoint" => "externaldns.k8s.io",
        _ => "gateway.networking.k8s.io",
    };
    let request = json!({
        "kind": {"group": group, "version": "v1", "kind": kind},
        "operation": "CREATE",
        "name": "app",
        "namespace": "research",
        "object": object,
    });
    respond_to(&request.to_string(), settings, cluster)
}

fn kind() -> impl Strategy<Value = &'static str> {
    select(vec!["HTTPRoute", "GRPCRoute"])
}

fn hostnames() -> impl Strategy<Value = Vec<&'static str>> {
    let hosts = vec![
        "lab.k8tre.internal",
        "notes.k8tre.internal",
        "wiki.k8tre.internal",
    ];
    subsequence(hosts, 1..=3)
}

/// Returns a route. The policy ignores its parents, rules and other annotations.
fn route(hostnames: &[&str], parents: &Value, rules: &Value) -> Value {
    json!({
        "metadata": {"annotations": {"external-dns.alpha.kubernetes.io/ttl": "60"}},
        "spec": {"parentRefs": parents, "hostnames": hostnames, "rules": rules},
    })
}

fn invalid_hostname() -> impl Strategy<Value = (&'static str, &'static str)> {
    select(vec![
        ("*.k8tre.internal", "wildcards"),
        ("*", "wildcards"),
        ("l*b.k8tre.internal", "wildcards"),
        ("Lab.k8tre.internal", "hostnames"),
        ("lab.k8tre.internal.", "hostnames"),
        ("läb.k8tre.internal", "hostnames"),
        ("-lab.k8tre.internal", "hostnames"),
        ("lab.k8tre.internal:80", "hostnames"),
        ("lab..k8tre.internal", "hostnames"),
        ("lab.k8tre.internal\n", "hostnames"),
        ("", "hostnames"),
        ("k8tre.internal", "domain"),
        ("lab.evil.example", "domain"),
        ("labk8tre.internal", "domain"),
        ("a.lab.k8tre.internal", "single-label"),
        ("gw.k8tre.internal", "reserved-hosts"),
        ("jupyter.k8tre.internal", "delegation"),
    ])
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[*.a-z$ {}é\\n]{0,9}".prop_map(Value::from),
        select(vec!["lab.k8tre.internal", "gw.k8tre.internal", "${DOMAIN}"]).prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 48, 4, |inner| {
        let key = select(vec![
            "metadata",
            "annotations",
            "spec",
            "hostnames",
            "parentRefs",
            "rules",
            "host",
            "tls",
            "hosts",
            "defaultBackend",
            "endpoints",
            "dnsName",
            "other",
            "external-dns.kubernetes.io/hostname",
            "nginx.ingress.kubernetes.io/server-alias",
            "nginx.ingress.kubernetes.io/from-to-www-redirect",
        ]);
        let key = key.prop_map(str::to_owned);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Splits a path such as `spec.hostnames[10]` into steps that sort like the fields of a document.
fn steps(path: &str) -> Vec<(usize, String)> {
    path.split(['.', '[', ']'])
        .filter(|step| !step.is_empty())
        .map(|step| match step.parse() {
            Ok(index) => (index, String::new()),
            Err(_) => (0, step.to_owned()),
        })
        .collect()
}

proptest! {
    /// A panic would trap the module. The response is deterministic and ordered by path.
    #[test]
    fn any_object_gets_one_response(
        kind in select(vec![
            "HTTPRoute", "GRPCRoute", "Ingress", "Service", "DNSEndpoint", "Gateway", "TLSRoute", "Other",
        ]),
        object in prop_oneof![
            any_json(),
            any_json().prop_map(|spec| json!({"spec": spec})),
            any_json().prop_map(|annotations| json!({"metadata": {"annotations": annotations}, "spec": {}})),
            any_json().prop_map(|part| json!({"spec": {"rules": [part], "tls": [part], "endpoints": [part]}})),
            prop::collection::vec(any_json(), 0..4).prop_map(|names| json!({"spec": {"hostnames": names}})),
        ],
        is_unrendered in any::<bool>(),
    ) {
        let mut settings = settings();
        if is_unrendered {
            settings["domain"] = json!("${DOMAIN}");
        }
        for cluster in [&NoCluster as &dyn Cluster, &Malformed] {
            let response = respond(kind, &object, &settings, cluster);
            prop_assert_eq!(&response, &respond(kind, &object, &settings, cluster));
            let accepted = response["accepted"] == json!(true);
            prop_assert_eq!(response.get("message").is_none(), accepted);
            let message = response["message"].as_str().unwrap_or_default();
            let lines = message.lines().filter(|line| line.ends_with(']'));
            let paths: Vec<_> = lines.filter_map(|line| line.split(": ").next()).map(steps).collect();
            prop_assert!(paths.is_sorted(), "{message}");
        }
    }

    #[test]
    fn a_route_with_valid_hostnames_is_accepted(
        kind in kind(), hostnames in hostnames(), parents in any_json(), rules in any_json(),
    ) {
        let route = route(&hostnames, &parents, &rules);
        let response = respond(kind, &route, &settings(), &Empty);
        prop_assert_eq!(response, json!({"accepted": true}));
    }

    #[test]
    fn an_invalid_hostname_is_rejected(
        kind in kind(),
        mut hostnames in hostnames(),
        parents in any_json(),
        rules in any_json(),
        at in any::<prop::sample::Index>(),
        (hostname, rule) in invalid_hostname(),
    ) {
        let index = at.index(hostnames.len() + 1);
        hostnames.insert(index, hostname);
        let route = route(&hostnames, &parents, &rules);
        let response = respond(kind, &route, &settings(), &Unqueried);
        prop_assert_eq!(&response["accepted"], &json!(false));
        let message = response["message"].as_str().unwrap_or_default();
        prop_assert_eq!(message.lines().count(), 1, "{}", message);
        let path = format!("spec.hostnames[{index}]: ");
        prop_assert!(message.starts_with(&path), "no {path} in {message:?}");
        prop_assert!(message.ends_with(&format!(" [{rule}]")), "no [{rule}] in {message:?}");
    }
}

#[test]
fn a_failed_query_is_a_warning() {
    let object = json!({"spec": {"hostnames": ["lab.k8tre.internal"]}});
    let what = "not checked: whether other namespaces have these hostnames";
    for (cluster, why) in [
        (
            &Forbidden as &dyn Cluster,
            "the policy may not list HTTPRoutes",
        ),
        (&NoCluster, "no cluster data for HTTPRoutes"),
        (&Malformed, "the list of HTTPRoutes cannot be read"),
    ] {
        let response = respond("HTTPRoute", &object, &settings(), cluster);
        let expected = json!({
            "accepted": true,
            "warnings": [format!("{what} ({why}) [not-checked]")],
            "audit_annotations": {"rules": "not-checked"},
        });
        assert_eq!(response, expected);
    }
}

/// An object that cannot be read, such as one from before the policy, must not hide the others.
#[test]
fn an_unreadable_object_hides_no_conflict() {
    struct WithUnreadable;
    impl Cluster for WithUnreadable {
        fn list(&self, query: &Query<'_>) -> Result<String, QueryError> {
            let metadata = json!({"namespace": "portal", "name": "portal"});
            let hostnames = json!({"hostnames": ["lab.k8tre.internal"]});
            let items = match query.kind {
                "HTTPRoute" => json!([
                    {"metadata": metadata, "spec": 7},
                    {"metadata": metadata, "spec": hostnames},
                ]),
                _ => json!([]),
            };
            Ok(json!({"items": items}).to_string())
        }
    }
    let object = json!({"spec": {"hostnames": ["lab.k8tre.internal"]}});
    let response = respond("HTTPRoute", &object, &settings(), &WithUnreadable);
    assert_eq!(response["accepted"], false, "{response:#}");
    let message = response["message"].as_str().expect("a message");
    assert!(message.contains("[taken-hostnames]"), "{message}");
    let warnings = response["warnings"].to_string();
    assert!(
        warnings.contains("the list of HTTPRoutes cannot be read"),
        "{warnings}"
    );
}

/// Parsers disagree on which of two members counts.
#[test]
fn duplicate_fields_are_rejected() {
    for (object, path) in [
        (
            r#"{"spec":{"hostnames":["lab.k8tre.internal"],"hostnames":["gw.k8tre.internal"]}}"#,
            "spec.hostnames",
        ),
        (
            r#"{"spec":{},"spec":{"hostnames":["gw.k8tre.internal"]}}"#,
            "spec",
        ),
    ] {
        let request = format!(
            r#"{{"kind":{{"group":"gateway.networking.k8s.io","version":"v1","kind":"HTTPRoute"}},"operation":"CREATE","namespace":"research","object":{object}}}"#
        );
        let response = respond_to(&request, &settings(), &Unqueried);
        assert_eq!(
            response["message"],
            json!(format!("{path}: is given twice [malformed-input]"))
        );
    }
}
