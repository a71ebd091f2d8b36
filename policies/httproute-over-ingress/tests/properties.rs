//! Properties of the policy for generated Ingresses.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests are tests"
)]

use std::cell::RefCell;

use admission::{Cluster, NoCluster, Node, Query, QueryError};
use httproute_over_ingress::{Settings, evaluate};
use ingress2route::{ANNOTATIONS, Class, PREFIX, Port, Role, translate};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

/// A cluster that records the queries.
#[derive(Default)]
struct RecordingCluster(RefCell<Vec<String>>);

impl Cluster for RecordingCluster {
    fn list(&self, query: &Query<'_>) -> Result<String, QueryError> {
        if query.kind == "Ingress" {
            assert_eq!((query.namespace, query.name), (None, None));
            self.0.borrow_mut().push("all Ingresses".to_owned());
            return Ok(r#"{"items": []}"#.to_owned());
        }
        if query.kind == "Gateway" {
            let name = (query.namespace, query.name);
            assert_eq!(name, (Some("gateway"), Some("internal-gateway")));
            self.0.borrow_mut().push("Gateway".to_owned());
            return Ok(r#"{"items": [{"spec": {"gatewayClassName": "cilium"}}]}"#.to_owned());
        }
        if query.kind == "GatewayClass" {
            assert_eq!((query.namespace, query.name), (None, Some("cilium")));
            self.0.borrow_mut().push("GatewayClass".to_owned());
            return Err(QueryError::NotPermitted("no".to_owned()));
        }
        let name = query.name.expect("the query names one Service");
        assert_eq!(
            (query.api_version, query.kind, query.namespace),
            ("v1", "Service", Some("backend"))
        );
        assert_eq!(query.fields, ["spec.ports.name", "spec.ports.port"]);
        self.0.borrow_mut().push(name.to_owned());
        Err(QueryError::NotPermitted("no".to_owned()))
    }
}

fn respond(ingress: &Value, settings: &Value, cluster: &dyn Cluster) -> Value {
    let payload = json!({"settings": settings, "request": {
        "kind": {"group": "networking.k8s.io", "version": "v1", "kind": "Ingress"},
        "operation": "CREATE",
        "name": "portal",
        "namespace": "backend",
        "object": ingress,
    }});
    let response =
        admission::validate::<Settings>(payload.to_string().as_bytes(), evaluate, cluster);
    serde_json::from_slice(&response).expect("the response is JSON")
}

fn message(response: &Value) -> &str {
    response["message"].as_str().expect("it is rejected")
}

/// Returns an Ingress of class nginx with these annotations of ingress-nginx and one rule with these paths.
fn ingress(annotations: &[(&str, &str)], paths: Value) -> Value {
    let annotations = annotations.iter();
    let annotations = annotations.map(|(name, value)| (format!("{PREFIX}{name}"), json!(value)));
    json!({
        "metadata": {"name": "portal", "namespace": "backend",
            "annotations": annotations.collect::<serde_json::Map<_, _>>()},
        "spec": {"ingressClassName": "nginx", "rules": [
            {"host": "portal.k8tre.internal", "http": {"paths": paths}},
        ]},
    })
}

fn path(path: &str, service: &str, port: Value) -> Value {
    json!({"path": path, "pathType": "Prefix",
        "backend": {"service": {"name": service, "port": port}}})
}

#[test]
fn ingresses_and_services_are_looked_up_once_and_only_for_rejections() {
    let named = |service: &str, port: &str| path("/", service, json!({"name": port}));
    let paths = json!([named("a", "x"), named("a", "y"), named("b", "x")]);
    let cluster = RecordingCluster::default();
    let response = respond(&ingress(&[], paths.clone()), &json!({}), &cluster);
    assert!(message(&response).contains("the Service could not be looked up"));
    assert_eq!(cluster.0.take(), ["all Ingresses", "a", "b"]);

    let nginx = ingress(
        &[("auth-url", "https://auth.k8tre.internal")],
        paths.clone(),
    );
    assert_eq!(respond(&nginx, &json!({}), &cluster)["accepted"], true);
    let unknown = [
        ("auth-url", "https://auth.k8tre.internal"),
        ("auth-ulr", "x"),
    ];
    let unknown = ingress(&unknown, paths);
    assert_eq!(respond(&unknown, &json!({}), &cluster)["accepted"], false);
    assert_eq!(cluster.0.take(), [""; 0]);
    let mut numbered = ingress(&[], json!([path("/", "a", json!({"number": 80}))]));
    assert_eq!(respond(&numbered, &json!({}), &cluster)["accepted"], false);
    assert_eq!(cluster.0.take(), ["all Ingresses"]);
    // Another controller merges no Ingresses.
    numbered["spec"]["ingressClassName"] = json!("alb");
    assert_eq!(respond(&numbered, &json!({}), &cluster)["accepted"], false);
    assert_eq!(cluster.0.take(), [""; 0]);
}

#[test]
fn the_gateway_class_is_looked_up_only_for_features_that_it_reports() {
    let cluster = RecordingCluster::default();
    let paths = json!([path("/", "a", json!({"number": 80}))]);
    for (annotation, expected) in [
        (("enable-cors", "true"), &["Gateway", "GatewayClass"][..]),
        (("backend-protocol", "HTTPS"), &["Gateway", "GatewayClass"]),
        (("auth-url", "https://auth.k8tre.internal"), &[]),
    ] {
        let object = ingress(&[annotation], paths.clone());
        assert_eq!(respond(&object, &json!({}), &cluster)["accepted"], true);
        assert_eq!(cluster.0.take(), expected, "{annotation:?}");
    }
}

/// Adds, removes and changes each annotation of an Ingress that the policy rejects for its class.
#[test]
fn an_update_of_an_annotation_that_routes_or_protects_is_rejected() {
    for known in ANNOTATIONS {
        let with = |values: &[&str]| {
            let annotations: Vec<_> = values.iter().map(|value| (known.name, *value)).collect();
            let mut object = ingress(&annotations, json!([path("/", "a", json!({"number": 80}))]));
            object["spec"]["ingressClassName"] = json!("alb");
            object
        };
        for (old, new) in [(&[][..], &["1"][..]), (&["1"], &[]), (&["1"], &["2"])] {
            let payload = json!({"settings": {}, "request": {
                "kind": {"group": "networking.k8s.io", "version": "v1", "kind": "Ingress"},
                "operation": "UPDATE",
                "name": "portal",
                "namespace": "backend",
                "oldObject": with(old),
                "object": with(new),
            }});
            let payload = payload.to_string();
            let response =
                admission::validate::<Settings>(payload.as_bytes(), evaluate, &NoCluster);
            let response: Value = serde_json::from_slice(&response).expect("JSON");
            let is_neutral = known.role() == Role::Neutral;
            assert_eq!(
                response["accepted"] == true,
                is_neutral,
                "{}: {response}",
                known.name
            );
            let path = format!(
                "the update changes metadata.annotations[{PREFIX}{}]",
                known.name
            );
            assert!(
                is_neutral || message(&response).ends_with(&path),
                "{response}"
            );
        }
    }
}

/// Returns the YAML documents below the first line.
fn documents(message: &str) -> Vec<Value> {
    let (_, yaml) = message.split_once("\n\n").expect("more than a summary");
    manifest::read("message.yaml", yaml.as_bytes())
        .map(|document| document.expect("YAML").value().expect("YAML"))
        .filter(|document| !document.is_null())
        .collect()
}

#[test]
fn large_routes_are_truncated_and_become_a_comment() {
    let paths = |count: usize| -> Value {
        let paths = 0..count;
        let paths =
            paths.map(|it| path(&format!("/{it}"), &format!("s{it}"), json!({"number": 80})));
        paths.collect()
    };
    let fits = respond(&ingress(&[], paths(90)), &json!({}), &NoCluster);
    assert_eq!(documents(message(&fits)).len(), 6, "16 rules each");
    assert!(!message(&fits).contains("agnostics convert"));

    let large = respond(&ingress(&[], paths(900)), &json!({}), &NoCluster);
    let message = message(&large);
    assert_eq!(documents(message), [Value::Null; 0]);
    assert!(
        message.ends_with(
            "\n# truncated at 16 KiB: run `agnostics convert FILE` for the whole output"
        )
    );
    // More than a thousand lines, each with two characters of comment.
    assert!(
        (16_000..21_000).contains(&message.len()),
        "{}",
        message.len()
    );
}

#[test]
fn no_text_of_the_ingress_breaks_a_line() {
    let key = format!("{PREFIX}a\nkind: Secret\n");
    let mut hostile = ingress(
        &[],
        json!([path("/a\n---\nkind: Secret", "a", json!({"number": 80}))]),
    );
    hostile["metadata"]["annotations"] = json!({key: "x\u{2028}y"});
    hostile["metadata"]["name"] = json!("a\n---\nkind: Secret\n");
    hostile["spec"]["ingressClassName"] = json!("a\nb");
    let response = respond(&hostile, &json!({}), &NoCluster);
    assert_eq!(documents(message(&response)), [Value::Null; 0]);
    let first = message(&response).lines().next().unwrap();
    assert!(first.contains(": unknown to ingress-nginx"), "{first}");
}

#[test]
fn the_first_line_is_truncated() {
    let gateway =
        json!({"gateway": {"namespace": "gateway", "name": "é".repeat(10) + &"g".repeat(243)}});
    let long = json!({"gateway": {"namespace": "gateway", "name": "g".repeat(253)}});
    let plain = ingress(&[], json!([path("/", "a", json!({"number": 80}))]));
    let response = respond(&plain, &long, &NoCluster);
    let first = message(&response).lines().next().unwrap();
    assert_eq!(first.chars().count(), 200);
    assert!(first.ends_with("… [translatable-ingress]"));
    // The settings are validated.
    assert!(message(&respond(&plain, &gateway, &NoCluster)).starts_with("setting `gateway.name`"));
}

/// Arbitrary JSON with the keys that the policy reads.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,6}".prop_map(Value::from),
        select(vec![
            "nginx",
            "alb",
            "/",
            "Prefix",
            "portal.k8tre.internal",
            "true"
        ])
        .prop_map(Value::from),
    ];
    leaf.prop_recursive(7, 64, 4, |inner| {
        let key = select(vec![
            "metadata",
            "annotations",
            "labels",
            "ownerReferences",
            "managedFields",
            "time",
            "name",
            "generateName",
            "creationTimestamp",
            "kubernetes.io/ingress.class",
            "nginx.ingress.kubernetes.io/auth-url",
            "nginx.ingress.kubernetes.io/x",
            "nginx.ingress.kubernetes.io/server-alias",
            "acme.cert-manager.io/http01-solver",
            "spec",
            "ingressClassName",
            "rules",
            "host",
            "http",
            "paths",
            "path",
            "pathType",
            "backend",
            "defaultBackend",
            "service",
            "serviceName",
            "servicePort",
            "port",
            "number",
            "resource",
            "tls",
            "hosts",
        ])
        .prop_map(str::to_owned);
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(key, inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Well-formed Ingresses with annotations of every kind.
fn any_ingress() -> impl Strategy<Value = Value> {
    let names = ANNOTATIONS.iter().map(|known| known.name);
    let name = select(names.chain(["made-up"]).collect::<Vec<_>>());
    let value = select(vec![
        "",
        "0",
        "true",
        "false",
        "/",
        "/$1",
        "GRPC",
        "HTTPS",
        "https://a.k8tre.internal",
    ]);
    let annotations = proptest::collection::vec((name, value), 0..3);
    let class = select(vec![None, Some("nginx"), Some("alb")]);
    let paths = select(vec!["/", "/a", "/a//b", "/(.*)", "/[0-9]+", "/a b"]);
    let paths = proptest::collection::vec(paths, 0..3);
    (annotations, class, class_annotation(), paths).prop_map(
        |(annotations, class, annotation, paths)| {
            let number = json!({"number": 80});
            let paths = paths
                .iter()
                .map(|it| path(it, "a", number.clone()))
                .collect();
            let mut object = ingress(&annotations, paths);
            object["spec"]["ingressClassName"] = json!(class);
            if let Some(class) = annotation {
                object["metadata"]["annotations"]["kubernetes.io/ingress.class"] = json!(class);
            }
            object
        },
    )
}

fn class_annotation() -> impl Strategy<Value = Option<&'static str>> {
    select(vec![None, None, Some("nginx"), Some("alb")])
}

fn any_settings() -> impl Strategy<Value = Value> {
    let pick = |names: [&'static str; 2]| select(names.to_vec());
    (
        pick(["reject", "warn"]),
        pick(["allow", "reject"]),
        any::<bool>(),
    )
        .prop_map(|(mode, untranslatable, solvers)| {
            let acme = solvers.then(|| json!({}));
            json!({"mode": mode, "untranslatable": untranslatable, "acmeSolvers": acme})
        })
}

proptest! {
    /// A panic would trap in the `.wasm` module.
    #[test]
    fn any_object_gets_a_deterministic_response(object in any_json(), settings in any_settings()) {
        let response = respond(&object, &settings, &NoCluster);
        prop_assert_eq!(&response, &respond(&object, &settings, &NoCluster));
        let accepted = response["accepted"] == true;
        prop_assert_eq!(response.get("message").is_none(), accepted);
        // No exemption applies to this namespace, so every response has a warning.
        prop_assert!(response.get("warnings").is_some(), "{}", response);
    }

    #[test]
    fn accepts_only_untranslatable_ingresses_of_the_allowed_class(object in any_ingress()) {
        let response = respond(&object, &json!({}), &NoCluster);
        let text = object.to_string();
        let ingress = Node::parse(&text).unwrap().object().unwrap();
        let settings = Settings::default();
        let is_nginx = settings.serves(&Class::read(&ingress).unwrap());
        let options = settings.options(is_nginx, None);
        let translation = translate(&ingress, &[], &options, &|_, _| Port::Unknown).unwrap();
        let class = |value: &Value| value.is_null() || value == "nginx";
        let field = &object["spec"]["ingressClassName"];
        let annotation = &object["metadata"]["annotations"]["kubernetes.io/ingress.class"];
        let nginx = class(field) && class(annotation) && !(field.is_null() && annotation.is_null());
        let accepted = nginx && translation.unknown.is_empty() && !translation.untranslatable.is_empty();
        prop_assert_eq!(response["accepted"] == true, accepted, "{}", response);
        if accepted {
            let warnings = response["warnings"].as_array().unwrap();
            // The first one says that ingress-nginx is retired.
            prop_assert_eq!(warnings.len(), 1 + translation.untranslatable.len());
        }
        // A message contains all routes of a complete translation.
        if !accepted && translation.is_complete() && translation.to_yaml().len() < 16_384 {
            let routes: Vec<Value> = translation.routes.iter()
                .map(|route| serde_json::from_str(&route.to_json()).unwrap())
                .collect();
            prop_assert_eq!(documents(message(&response)), routes);
        }
    }

    #[test]
    fn accepts_no_class_except_the_allowed_one(class in "[a-zA-Z.-]{0,8}", by_annotation in any::<bool>()) {
        let mut object = ingress(&[("auth-url", "https://auth.k8tre.internal")], json!([]));
        match by_annotation {
            true => {
                object["spec"]["ingressClassName"] = Value::Null;
                object["metadata"]["annotations"]["kubernetes.io/ingress.class"] = json!(class);
            }
            false => object["spec"]["ingressClassName"] = json!(class),
        }
        let response = respond(&object, &json!({}), &NoCluster);
        prop_assert_eq!(response["accepted"] == true, class == "nginx");
    }

    #[test]
    fn rejects_every_unknown_annotation(name in "[a-z./-]{0,12}", value in ".{0,8}") {
        prop_assume!(ingress2route::annotation(&name).is_none());
        let annotations = [(name.as_str(), value.as_str()), ("configuration-snippet", "deny all;")];
        let response = respond(&ingress(&annotations, json!([])), &json!({}), &NoCluster);
        let expected = format!("metadata.annotations[{PREFIX}{name}]: unknown to ingress-nginx");
        prop_assert!(message(&response).starts_with(&expected), "{}", response);
    }
}
