//! Translating in tests: Ingresses in YAML, the promises that hold for each of them, and how findings
//! read.

use admission::Node;
use ingress2route::{Finding, Gateway, Options, Port, Translation, translate};
use serde_json::Value;

use crate::crd;

pub(crate) const DOMAIN: &str = "k8tre.internal";

pub(crate) const OPTIONS: Options<'static> = Options {
    gateway: Gateway {
        namespace: "gateway",
        name: "internal-gateway",
        section_name: None,
    },
    domain: Some(DOMAIN),
    nginx: true,
};

/// The Service `web` has a port `http`; of `elsewhere` nobody knows; there are no others.
pub(crate) fn services(service: &str, port: &str) -> Port {
    match (service, port) {
        ("web", "http") => Port::Number(8080),
        ("web", _) => Port::NoPort,
        ("elsewhere", _) => Port::Unknown,
        _ => Port::NoService,
    }
}

/// The object of a YAML document, as kubectl reads it.
pub(crate) fn parse(yaml: &str) -> Value {
    let document = manifest::read("test.yaml", yaml.as_bytes()).next();
    let document = document.expect("a document").expect("YAML");
    let object = document.objects().next().expect("an object");
    object.expect("a manifest").value
}

/// The Ingress `app/web` with this spec, in YAML.
pub(crate) fn ingress(spec: &str) -> Value {
    annotated(&[], spec)
}

/// The same with annotations of ingress-nginx, without their prefix.
pub(crate) fn annotated(annotations: &[(&str, &str)], spec: &str) -> Value {
    let spec = spec.trim_end().replace('\n', "\n  ");
    let mut object = parse(&format!(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: web, namespace: app}}\n\
         spec:\n  {spec}\n"
    ));
    for (name, value) in annotations {
        let name = format!("nginx.ingress.kubernetes.io/{name}");
        object["metadata"]["annotations"][name] = (*value).into();
    }
    object
}

/// Rules for one host with one backend, `web:80`, one path each: `Prefix /a`.
pub(crate) fn paths(paths: &[&str]) -> String {
    let mut spec = "rules:\n- host: web.k8tre.internal\n  http:\n    paths:\n".to_owned();
    for path in paths {
        let (kind, path) = path.split_once(' ').expect("type and path");
        spec.push_str(&format!(
            "    - {{pathType: {kind}, path: '{path}', backend: {{service: {{name: web, port: {{number: 80}}}}}}}}\n"
        ));
    }
    spec
}

/// Translates for the plane, and holds the outcome to what is promised of every translation.
pub(crate) fn convert(ingress: &Value) -> Translation {
    convert_with(ingress, &OPTIONS)
}

pub(crate) fn convert_with(ingress: &Value, options: &Options<'_>) -> Translation {
    let text = ingress.to_string();
    let object = Node::parse(&text).unwrap().object().unwrap();
    let translation = translate(&object, options, &services).unwrap();
    holds(&translation);
    translation
}

/// What is promised of every translation.
pub(crate) fn holds(translation: &Translation) {
    let mut documents = manifest::read("routes.yaml", translation.to_yaml().as_bytes())
        .map(|document| document.expect("YAML"))
        .collect::<Vec<_>>()
        .into_iter();
    let mut names = Vec::new();
    for route in &translation.routes {
        let json: Value = serde_json::from_str(&route.to_json()).expect("JSON");
        let document = documents.next().expect("a document for each route");
        let read: Vec<_> = document.objects().collect();
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].as_ref().unwrap().value, json, "{}", route.to_yaml());
        if translation.obstacles.is_empty() {
            assert_eq!(crd::refusals(&json), [""; 0], "{}", route.to_yaml());
        }
        assert!(!names.contains(&&route.name), "two routes {}", route.name);
        names.push(&route.name);
    }
    assert!(documents.next().is_none(), "more documents than routes");
    if translation.is_complete() {
        assert!(!translation.routes.is_empty(), "complete, but nothing");
    }
    let lists = [
        &translation.untranslatable,
        &translation.unknown,
        &translation.foreign,
        &translation.obstacles,
        &translation.notes,
    ];
    for finding in lists.into_iter().flatten() {
        let length = finding.message.chars().count();
        assert!(length <= 200, "{length} characters: {finding}");
        assert!(!finding.message.contains(char::is_control), "{finding:?}");
    }
}

/// Findings as they read.
pub(crate) fn lines(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(Finding::to_string).collect()
}

/// The routes of a translation that has nothing to say but notes.
pub(crate) fn routes(translation: &Translation) -> Vec<Value> {
    assert!(translation.is_complete(), "{translation:#?}");
    all_routes(translation)
}

pub(crate) fn all_routes(translation: &Translation) -> Vec<Value> {
    let routes = translation.routes.iter();
    routes
        .map(|route| serde_json::from_str(&route.to_json()).unwrap())
        .collect()
}
