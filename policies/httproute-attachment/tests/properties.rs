//! Every object gets a verdict. A route of valid parts is accepted, and one invalid part is rejected with its
//! path and its rule.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "test helpers may panic"
)]

use admission::NoCluster;
use httproute_attachment::{Settings, evaluate};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

fn settings() -> Value {
    json!({
        "domain": "k8tre.internal",
        "backends": [{"namespace": "research", "services": ["web", "api"]}],
    })
}

fn respond_to(request: &str, settings: &Value) -> Value {
    let payload = format!(r#"{{"settings":{settings},"request":{request}}}"#);
    let response = admission::validate::<Settings>(payload.as_bytes(), evaluate, &NoCluster);
    serde_json::from_slice(&response).expect("the response is JSON")
}

fn respond(kind: &str, object: &Value, settings: &Value) -> Value {
    let request = json!({
        "kind": {"group": "gateway.networking.k8s.io", "version": "v1", "kind": kind},
        "operation": "CREATE",
        "name": "app",
        "namespace": "research",
        "object": object,
    });
    respond_to(&request.to_string(), settings)
}

/// The parts of a route.
#[derive(Debug, Clone)]
struct Route {
    kind: &'static str,
    parents: Vec<Value>,
    hostnames: Vec<&'static str>,
    rules: Vec<Value>,
}

impl Route {
    fn object(&self) -> Value {
        json!({
            "metadata": {"annotations": {"external-dns.alpha.kubernetes.io/ttl": "60"}},
            "spec": {"parentRefs": self.parents, "hostnames": self.hostnames, "rules": self.rules},
        })
    }
}

fn parent() -> impl Strategy<Value = Value> {
    let group = prop::option::of(Just("gateway.networking.k8s.io"));
    let kind = prop::option::of(Just("Gateway"));
    let section = prop::option::of(Just("https"));
    (group, kind, section).prop_map(|(group, kind, section)| {
        json!({
            "name": "internal-gateway", "namespace": "gateway",
            "group": group, "kind": kind, "sectionName": section,
        })
    })
}

fn backend() -> impl Strategy<Value = Value> {
    let namespace = prop::option::of(select(vec!["research", ""]));
    let group = prop::option::of(Just(""));
    let kind = prop::option::of(Just("Service"));
    let name = select(vec!["web", "api"]);
    (namespace, group, kind, name).prop_map(|(namespace, group, kind, name)| {
        json!({"name": name, "namespace": namespace, "group": group, "kind": kind, "port": 80})
    })
}

fn filter() -> impl Strategy<Value = Value> {
    let host = || {
        select(vec![
            "k8tre.internal",
            "lab.k8tre.internal",
            "a.b.k8tre.internal",
        ])
    };
    let header = || select(vec!["X-Tenant", "X-Author", "Auth", "X-Forwarded-Host"]);
    prop_oneof![
        (backend(), 0..100).prop_map(|(backend, percent)| {
            json!({"type": "RequestMirror", "requestMirror": {"backendRef": backend, "percent": percent}})
        }),
        host().prop_map(|host| {
            json!({"type": "RequestRedirect", "requestRedirect": {"hostname": host, "statusCode": 301}})
        }),
        host().prop_map(|host| json!({"type": "URLRewrite", "urlRewrite": {"hostname": host}})),
        header().prop_map(|name| {
            let headers = json!([{"name": name, "value": "a"}]);
            json!({"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": headers}})
        }),
        header().prop_map(|name| {
            let headers = json!([{"name": name, "value": "a"}]);
            json!({"type": "ResponseHeaderModifier", "responseHeaderModifier": {
                "add": headers, "remove": ["X-Auth-User"],
            }})
        }),
        host().prop_map(|host| {
            json!({"type": "CORS", "cors": {"allowOrigins": [format!("https://{host}:8443")]}})
        }),
    ]
}

fn rule() -> impl Strategy<Value = Value> {
    let filters = || prop::collection::vec(filter(), 0..3);
    let backends = prop::collection::vec((backend(), filters()), 0..3);
    (backends, filters()).prop_map(|(backends, filters)| {
        let backends = backends.into_iter().map(|(mut backend, filters)| {
            backend["filters"] = Value::from(filters);
            backend["weight"] = json!(1);
            backend
        });
        json!({
            "name": "main",
            "matches": [{"path": {"value": "/"}}],
            "timeouts": {"request": "10s"},
            "filters": filters,
            "backendRefs": backends.collect::<Vec<_>>(),
        })
    })
}

fn route() -> impl Strategy<Value = Route> {
    let hosts = vec![
        "lab.k8tre.internal",
        "notes.k8tre.internal",
        "wiki.k8tre.internal",
    ];
    (
        select(vec!["HTTPRoute", "GRPCRoute"]),
        prop::collection::vec(parent(), 1..4),
        subsequence(hosts, 1..=3),
        prop::collection::vec(rule(), 1..4),
    )
        .prop_map(|(kind, parents, hostnames, rules)| Route {
            kind,
            parents,
            hostnames,
            rules,
        })
}

/// A member and its invalid value, the rule that it breaks, and the rest of the finding's path.
type Invalid = (&'static str, Value, &'static str, &'static str);

fn invalid_parent() -> impl Strategy<Value = Invalid> {
    select(vec![
        ("/name", json!("other"), "parents", ""),
        ("/name", json!("Internal-gateway"), "parents", ""),
        ("/namespace", json!("research"), "parents", ""),
        ("/namespace", json!(null), "parents", ""),
        ("/namespace", json!(""), "parents", ""),
        ("/kind", json!("Service"), "parents", ""),
        ("/kind", json!("gateway"), "parents", ""),
        ("/kind", json!(""), "parents", ""),
        ("/group", json!(""), "parents", ""),
        (
            "/group",
            json!("gateway.networking.x-k8s.io"),
            "parents",
            "",
        ),
        ("/port", json!(443), "parent-ports", ".port"),
        ("/port", json!(0), "parent-ports", ".port"),
        (
            "/sectionName",
            json!("grpc"),
            "section-names",
            ".sectionName",
        ),
        ("/sectionName", json!(""), "section-names", ".sectionName"),
        (
            "/sectionName",
            json!("http"),
            "section-names",
            ".sectionName",
        ),
        ("/selector", json!({}), "unknown-fields", ""),
    ])
}

fn invalid_backend() -> impl Strategy<Value = Invalid> {
    select(vec![
        ("/kind", json!("ServiceImport"), "backend-kinds", ".kind"),
        ("/kind", json!(""), "backend-kinds", ".kind"),
        (
            "/group",
            json!("multicluster.x-k8s.io"),
            "backend-kinds",
            ".kind",
        ),
        (
            "/namespace",
            json!("jupyterhub"),
            "backend-namespaces",
            ".namespace",
        ),
        ("/name", json!("hub"), "backends", ".name"),
        ("/name", json!(null), "backends", ".name"),
        ("/cluster", json!("east"), "unknown-fields", ""),
    ])
}

fn invalid_filter() -> impl Strategy<Value = (Value, &'static str, &'static str)> {
    let header = |name: &str| json!({"set": [{"name": "X-A"}, {"name": name}]});
    select(vec![
        (json!({"type": "ExtensionRef"}), "extension-refs", ""),
        (
            json!({"type": "CORS", "extensionRef": {}}),
            "extension-refs",
            "",
        ),
        (json!({"type": "ExternalAuth"}), "external-auth", ""),
        (
            json!({"type": "URLRewrite", "externalAuth": {}}),
            "external-auth",
            "",
        ),
        (json!({"type": "Wasm"}), "unknown-filters", ""),
        (json!({}), "unknown-filters", ""),
        (json!({"type": "CORS", "wasm": {}}), "unknown-fields", ""),
        (
            json!({"type": "URLRewrite", "urlRewrite": {"hostname": "evil.example"}}),
            "filter-hostnames",
            ".urlRewrite.hostname",
        ),
        (
            json!({"type": "CORS", "requestRedirect": {"hostname": ".k8tre.internal"}}),
            "filter-hostnames",
            ".requestRedirect.hostname",
        ),
        (
            json!({"type": "CORS", "cors": {"allowOrigins": ["https://k8tre.internal.evil.example"]}}),
            "cors-origins",
            ".cors.allowOrigins[0]",
        ),
        (
            json!({"type": "CORS", "requestHeaderModifier": header("x_auth_user")}),
            "identity-headers",
            ".requestHeaderModifier.set[1].name",
        ),
        (
            json!({"type": "CORS", "responseHeaderModifier": header("REMOTE-USER")}),
            "identity-headers",
            ".responseHeaderModifier.set[1].name",
        ),
        (
            json!({"type": "CORS", "requestHeaderModifier": header("HOST")}),
            "filter-headers",
            ".requestHeaderModifier.set[1].name",
        ),
        (
            json!({"type": "CORS", "responseHeaderModifier": header("access-control-max-age")}),
            "filter-headers",
            ".responseHeaderModifier.set[1].name",
        ),
        (
            json!({"type": "CORS", "responseHeaderModifier": {"remove": ["X-A", "b\n"]}}),
            "header-values",
            ".responseHeaderModifier.remove[1]",
        ),
        (
            json!({"type": "CORS", "requestMirror": {"backendRef": {"name": "web", "namespace": "sink"}}}),
            "backend-namespaces",
            ".requestMirror.backendRef.namespace",
        ),
    ])
}

/// Sets a member of the object at the JSON pointer `parent`.
fn set(object: &mut Value, parent: &str, member: &str, value: Value) {
    let parent = object.pointer_mut(parent).expect("the parent exists");
    parent[member.trim_start_matches('/')] = value;
}

/// Asserts that the object is rejected with a finding of `rule` at `path`.
fn assert_rejected(kind: &str, object: &Value, path: &str, rule: &str) {
    let response = respond(kind, object, &settings());
    let message = response["message"].as_str().unwrap_or_default();
    let lines: Vec<_> = message
        .lines()
        .filter(|line| line.starts_with(path))
        .collect();
    assert!(
        lines.iter().any(|line| {
            let rest = line.strip_prefix(path).unwrap_or_default();
            rest.starts_with(": ") && line.contains(&format!(" [{rule}]"))
        }),
        "no {path} [{rule}] in {message:?} of {object}"
    );
    assert_eq!(response["accepted"], json!(false));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[*.a-z$ {}é\\n]{0,9}".prop_map(Value::from),
        select(vec![
            "internal-gateway",
            "gateway",
            "https",
            "lab.k8tre.internal",
            "Service",
            "CORS"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(7, 64, 4, |inner| {
        let key = select(vec![
            "metadata",
            "annotations",
            "spec",
            "hostnames",
            "parentRefs",
            "rules",
            "useDefaultGateways",
            "backendRefs",
            "filters",
            "name",
            "namespace",
            "kind",
            "group",
            "port",
            "sectionName",
            "type",
            "backendRef",
            "requestMirror",
            "requestRedirect",
            "urlRewrite",
            "hostname",
            "cors",
            "allowOrigins",
            "requestHeaderModifier",
            "set",
            "add",
            "extensionRef",
            "externalAuth",
            "other",
        ]);
        let key = key.prop_map(str::to_owned);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key, inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Splits a path such as `spec.rules[10].name` into steps that sort like the fields of a document.
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
        kind in select(vec!["HTTPRoute", "GRPCRoute", "Gateway", "TLSRoute", "Other"]),
        object in prop_oneof![any_json(), any_json().prop_map(|spec| json!({"spec": spec}))],
        is_unrendered in any::<bool>(),
    ) {
        let mut settings = settings();
        if is_unrendered {
            settings["domain"] = json!("${DOMAIN}");
        }
        let response = respond(kind, &object, &settings);
        prop_assert_eq!(&response, &respond(kind, &object, &settings));
        let accepted = response["accepted"] == json!(true);
        prop_assert_eq!(response.get("message").is_none(), accepted);
        let message = response["message"].as_str().unwrap_or_default();
        let lines = message.lines().filter(|line| line.ends_with(']'));
        let paths: Vec<_> = lines.filter_map(|line| line.split(": ").next()).map(steps).collect();
        prop_assert!(paths.is_sorted(), "{message}");
    }

    #[test]
    fn a_route_of_valid_parts_is_accepted(route in route()) {
        let response = respond(route.kind, &route.object(), &settings());
        prop_assert_eq!(response, json!({"accepted": true}));
    }

    #[test]
    fn an_invalid_parent_is_rejected(
        route in route(),
        at in any::<prop::sample::Index>(),
        (member, value, rule, place) in invalid_parent(),
    ) {
        let mut object = route.object();
        let index = at.index(route.parents.len());
        set(&mut object, &format!("/spec/parentRefs/{index}"), member, value);
        assert_rejected(route.kind, &object, &format!("spec.parentRefs[{index}]{place}"), rule);
    }

    #[test]
    fn an_invalid_backend_is_rejected(
        mut route in route(),
        at in any::<prop::sample::Index>(),
        is_mirrored in any::<bool>(),
        (member, value, rule, place) in invalid_backend(),
    ) {
        let index = at.index(route.rules.len());
        let mut backend = json!({"name": "web", "port": 80});
        backend[member.trim_start_matches('/')] = value;
        let path = match is_mirrored {
            false => {
                route.rules[index]["backendRefs"] = json!([{"name": "api", "port": 80}, backend]);
                "backendRefs[1]"
            }
            true => {
                let filter = json!({"type": "RequestMirror", "requestMirror": {"backendRef": backend}});
                route.rules[index]["filters"] = json!([filter]);
                "filters[0].requestMirror.backendRef"
            }
        };
        let path = format!("spec.rules[{index}].{path}{place}");
        assert_rejected(route.kind, &route.object(), &path, rule);
    }

    #[test]
    fn an_invalid_filter_is_rejected(
        mut route in route(),
        at in any::<prop::sample::Index>(),
        is_of_backend in any::<bool>(),
        (filter, rule, place) in invalid_filter(),
    ) {
        let index = at.index(route.rules.len());
        let path = match is_of_backend {
            false => {
                route.rules[index]["filters"] = json!([filter]);
                "filters[0]"
            }
            true => {
                route.rules[index]["backendRefs"] = json!([{"name": "web", "filters": [filter]}]);
                "backendRefs[0].filters[0]"
            }
        };
        let path = format!("spec.rules[{index}].{path}{place}");
        assert_rejected(route.kind, &route.object(), &path, rule);
    }
}

/// Parsers disagree on which of two members counts.
#[test]
fn duplicate_fields_are_rejected() {
    for (object, path) in [
        (
            r#"{"spec":{},"spec":{"parentRefs":[{"name":"other"}]}}"#,
            "spec",
        ),
        (
            r#"{"spec":{"parentRefs":[{"name":"internal-gateway","name":"other"}]}}"#,
            "spec.parentRefs[0].name",
        ),
        (
            r#"{"spec":{"rules":[{"backendRefs":[{"namespace":"research","namespace":"hub"}]}]}}"#,
            "spec.rules[0].backendRefs[0].namespace",
        ),
        (
            r#"{"spec":{"rules":[{"filters":[{"type":"CORS","type":"ExtensionRef"}]}]}}"#,
            "spec.rules[0].filters[0].type",
        ),
    ] {
        let request = format!(
            r#"{{"kind":{{"group":"gateway.networking.k8s.io","version":"v1","kind":"HTTPRoute"}},"operation":"CREATE","namespace":"research","object":{object}}}"#
        );
        let response = respond_to(&request, &settings());
        assert_eq!(
            response["message"],
            json!(format!("{path}: is given twice [malformed-input]"))
        );
    }
}
