//! Whatever an object holds, there is an answer; a route of permitted parts passes, and one bad part is
//! refused at its place, by its rule.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests are tests"
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

/// What a route is made of.
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
    let section = prop::option::of(select(vec!["http", "https"]));
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

/// What is put in at a pointer, the rule that it breaks, and what the refusal's path has after the place.
type Bad = (&'static str, Value, &'static str, &'static str);

fn bad_parent() -> impl Strategy<Value = Bad> {
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
        ("/port", json!(443), "parentPorts", ".port"),
        ("/port", json!(0), "parentPorts", ".port"),
        (
            "/sectionName",
            json!("grpc"),
            "sectionNames",
            ".sectionName",
        ),
        ("/sectionName", json!(""), "sectionNames", ".sectionName"),
        ("/selector", json!({}), "unknownFields", ""),
    ])
}

fn bad_backend() -> impl Strategy<Value = Bad> {
    select(vec![
        ("/kind", json!("ServiceImport"), "backendKinds", ".kind"),
        ("/kind", json!(""), "backendKinds", ".kind"),
        (
            "/group",
            json!("multicluster.x-k8s.io"),
            "backendKinds",
            ".kind",
        ),
        (
            "/namespace",
            json!("jupyterhub"),
            "backendNamespaces",
            ".namespace",
        ),
        ("/name", json!("hub"), "backends", ".name"),
        ("/name", json!(null), "backends", ".name"),
        ("/cluster", json!("east"), "unknownFields", ""),
    ])
}

fn bad_filter() -> impl Strategy<Value = (Value, &'static str, &'static str)> {
    let header = |name: &str| json!({"set": [{"name": "X-A"}, {"name": name}]});
    select(vec![
        (json!({"type": "ExtensionRef"}), "extensionRefs", ""),
        (
            json!({"type": "CORS", "extensionRef": {}}),
            "extensionRefs",
            "",
        ),
        (json!({"type": "ExternalAuth"}), "externalAuth", ""),
        (
            json!({"type": "URLRewrite", "externalAuth": {}}),
            "externalAuth",
            "",
        ),
        (json!({"type": "Wasm"}), "unknownFilters", ""),
        (json!({}), "unknownFilters", ""),
        (json!({"type": "CORS", "wasm": {}}), "unknownFields", ""),
        (
            json!({"type": "URLRewrite", "urlRewrite": {"hostname": "evil.example"}}),
            "filterHostnames",
            ".urlRewrite.hostname",
        ),
        (
            json!({"type": "CORS", "requestRedirect": {"hostname": ".k8tre.internal"}}),
            "filterHostnames",
            ".requestRedirect.hostname",
        ),
        (
            json!({"type": "CORS", "cors": {"allowOrigins": ["https://k8tre.internal.evil.example"]}}),
            "corsOrigins",
            ".cors.allowOrigins[0]",
        ),
        (
            json!({"type": "CORS", "requestHeaderModifier": header("x_auth_user")}),
            "identityHeaders",
            ".requestHeaderModifier.set[1].name",
        ),
        (
            json!({"type": "CORS", "responseHeaderModifier": header("REMOTE-USER")}),
            "identityHeaders",
            ".responseHeaderModifier.set[1].name",
        ),
        (
            json!({"type": "CORS", "requestMirror": {"backendRef": {"name": "web", "namespace": "sink"}}}),
            "backendNamespaces",
            ".requestMirror.backendRef.namespace",
        ),
    ])
}

/// Puts `value` in at a pointer below `place`.
fn put(object: &mut Value, place: &str, member: &str, value: Value) {
    let holder = object.pointer_mut(place).expect("the place is there");
    holder[member.trim_start_matches('/')] = value;
}

/// That the object is refused for one reason.
fn assert_refused(kind: &str, object: &Value, path: &str, rule: &str) {
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

/// `spec.rules[10].name` as steps that sort as the document does.
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
    /// The SDK would trap on a panic; output must not depend on chance, and is ordered by path.
    #[test]
    fn any_object_has_one_answer(
        kind in select(vec!["HTTPRoute", "GRPCRoute", "Gateway", "TLSRoute", "Other"]),
        object in prop_oneof![any_json(), any_json().prop_map(|spec| json!({"spec": spec}))],
        unrendered in any::<bool>(),
    ) {
        let mut settings = settings();
        if unrendered {
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
    fn permitted_parts_make_a_permitted_route(route in route()) {
        let response = respond(route.kind, &route.object(), &settings());
        prop_assert_eq!(response, json!({"accepted": true}));
    }

    #[test]
    fn one_bad_parent_is_refused(
        route in route(),
        at in any::<prop::sample::Index>(),
        (member, value, rule, place) in bad_parent(),
    ) {
        let mut object = route.object();
        let index = at.index(route.parents.len());
        put(&mut object, &format!("/spec/parentRefs/{index}"), member, value);
        assert_refused(route.kind, &object, &format!("spec.parentRefs[{index}]{place}"), rule);
    }

    #[test]
    fn one_bad_backend_is_refused(
        mut route in route(),
        at in any::<prop::sample::Index>(),
        mirrored in any::<bool>(),
        (member, value, rule, place) in bad_backend(),
    ) {
        let index = at.index(route.rules.len());
        let mut backend = json!({"name": "web", "port": 80});
        backend[member.trim_start_matches('/')] = value;
        let path = match mirrored {
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
        assert_refused(route.kind, &route.object(), &path, rule);
    }

    #[test]
    fn one_bad_filter_is_refused(
        mut route in route(),
        at in any::<prop::sample::Index>(),
        of_backend in any::<bool>(),
        (filter, rule, place) in bad_filter(),
    ) {
        let index = at.index(route.rules.len());
        let path = match of_backend {
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
        assert_refused(route.kind, &route.object(), &path, rule);
    }
}

/// Parsers disagree on which of two members counts, so neither does.
#[test]
fn fields_that_are_given_twice_are_refused() {
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
        assert_eq!(response["message"], json!(format!("{path} is given twice")));
    }
}
