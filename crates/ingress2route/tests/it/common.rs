//! Helpers of the tests: Ingresses in YAML, and checks that every translation must pass.

use admission::Node;
use ingress2route::{
    Capabilities, Diagnostic, Difference, Gateway, Options, Port, Translation, translate,
};
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
    capabilities: Capabilities::K8TRE,
    auth_backends: &[],
};

/// The Service `web` has a port `http`; `elsewhere` cannot be looked up; no others exist.
pub(crate) fn lookup_port(service: &str, port: &str) -> Port {
    match (service, port) {
        ("web", "http") => Port::Number(8080),
        ("web", _) => Port::PortNotFound,
        ("elsewhere", _) => Port::Unknown,
        _ => Port::ServiceNotFound,
    }
}

/// Parses a YAML document as kubectl does.
pub(crate) fn parse(yaml: &str) -> Value {
    let document = manifest::read("test.yaml", yaml.as_bytes()).next();
    let document = document.expect("a document").expect("YAML");
    let object = document.objects().next().expect("an object");
    object.expect("a manifest").value
}

/// Returns the Ingress `app/web` with this spec.
pub(crate) fn ingress(spec: &str) -> Value {
    annotated(&[], spec)
}

/// Returns the Ingress `app/web` with these annotations of ingress-nginx (names without prefix).
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

/// Returns the Ingress `app/NAME` with these annotations of ingress-nginx.
pub(crate) fn sibling(name: &str, annotations: &[(&str, &str)], spec: &str) -> Value {
    let mut object = annotated(annotations, spec);
    object["metadata"]["name"] = name.into();
    object
}

/// Returns a spec with one rule: one host and a list of paths, such as `Prefix /a`, all for `web:80`.
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

/// Translates with the default options, and verifies the result.
pub(crate) fn convert(ingress: &Value) -> Translation {
    convert_with(ingress, &OPTIONS)
}

pub(crate) fn convert_with(ingress: &Value, options: &Options<'_>) -> Translation {
    convert_group(ingress, &[], options)
}

/// Translates an Ingress beside its siblings.
pub(crate) fn convert_group(
    ingress: &Value,
    siblings: &[Value],
    options: &Options<'_>,
) -> Translation {
    let text = ingress.to_string();
    let object = Node::parse(&text).unwrap().object().unwrap();
    let texts: Vec<_> = siblings.iter().map(Value::to_string).collect();
    let siblings = texts
        .iter()
        .map(|text| Node::parse(text).unwrap().object().unwrap());
    let siblings: Vec<_> = siblings.collect();
    let translation = translate(&object, &siblings, options, &lookup_port).unwrap();
    verify(&translation);
    translation
}

/// Checks what must be true of every translation.
pub(crate) fn verify(translation: &Translation) {
    let mut documents = manifest::read("routes.yaml", translation.to_yaml().as_bytes())
        .map(|document| document.expect("YAML"))
        .collect::<Vec<_>>()
        .into_iter();
    let mut names = Vec::new();
    for route in &translation.routes {
        let json: Value = serde_json::from_str(&route.to_json()).expect("JSON");
        let document = documents.next().expect("one document per route");
        let read: Vec<_> = document.objects().collect();
        assert_eq!(read.len(), 1);
        assert_eq!(read[0].as_ref().unwrap().value, json, "{}", route.to_yaml());
        if translation.blockers.is_empty() {
            assert_eq!(crd::violations(&json), [""; 0], "{}", route.to_yaml());
        }
        assert!(!names.contains(&&route.name), "two routes {}", route.name);
        names.push(&route.name);
    }
    assert!(documents.next().is_none(), "more documents than routes");
    if translation.is_complete() {
        let is_in_another_route = translation.notes.iter().any(|note| {
            let message = &note.message;
            message.starts_with("is part of the route") || message.starts_with("gets no requests")
        });
        assert!(
            !translation.routes.is_empty() || is_in_another_route,
            "complete, but without routes"
        );
    }
    let lists = [
        &translation.untranslatable,
        &translation.unknown,
        &translation.other_controllers,
        &translation.blockers,
        &translation.notes,
    ];
    for diagnostic in lists.into_iter().flatten() {
        let length = diagnostic.message.chars().count();
        assert!(length <= 200, "{length} characters: {diagnostic}");
        assert!(
            !diagnostic.message.contains(char::is_control),
            "{diagnostic:?}"
        );
    }
}

/// Formats diagnostics as messages, except the note of every translation about the normalization of paths.
pub(crate) fn lines(diagnostics: &[Diagnostic]) -> Vec<String> {
    let others = diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.difference != Some(Difference::PathNormalization));
    others.map(Diagnostic::to_string).collect()
}

/// Returns the routes of a complete translation.
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
