//! Backends and their ports.

use serde_json::{Value, json};

use crate::common::{all_routes, convert, ingress, lines};

fn backend(backend: &str) -> Value {
    ingress(&format!(
        "rules:\n- host: web.k8tre.internal\n  http: {{paths: [{{pathType: Prefix, path: /, backend: {backend}}}]}}\n"
    ))
}

#[test]
fn a_named_port_becomes_the_number_in_the_service() {
    let translation = convert(&backend("{service: {name: web, port: {name: http}}}"));
    let rule = &all_routes(&translation)[0]["spec"]["rules"][0];
    assert_eq!(rule["backendRefs"], json!([{"name": "web", "port": 8080}]));
    assert!(translation.is_complete());
}

#[test]
fn a_port_that_cannot_be_resolved_is_omitted_and_reported() {
    for (service, name, reason) in [
        ("absent", "http", "the Service does not exist"),
        ("web", "metrics", "the Service has no port with this name"),
        ("elsewhere", "http", "the Service could not be looked up"),
    ] {
        let translation = convert(&backend(&format!(
            "{{service: {{name: {service}, port: {{name: {name}}}}}}}"
        )));
        let rule = &all_routes(&translation)[0]["spec"]["rules"][0];
        assert_eq!(rule["backendRefs"], json!([{"name": service}]));
        assert_eq!(
            lines(&translation.blockers),
            [format!(
                "spec.rules[0].http.paths[0].backend.service.port.name: cannot resolve port `{name}` of \
                 Service `{service}`: {reason}; set the port number in the route"
            )]
        );
    }
}

#[test]
fn a_problem_of_a_service_is_reported_once() {
    let path =
        "{pathType: Exact, path: /a, backend: {service: {name: absent, port: {name: http}}}}";
    let spec = format!(
        "rules:\n- host: web.k8tre.internal\n  http: {{paths: [{path}, {}]}}\n",
        path.replace("/a", "/b")
    );
    assert_eq!(convert(&ingress(&spec)).blockers.len(), 1);
}

#[test]
fn a_backend_that_is_not_a_service_is_untranslatable() {
    let resource = "{resource: {apiGroup: k8s.example.org, kind: Bucket, name: files}}";
    let translation = convert(&backend(resource));
    assert_eq!(
        lines(&translation.untranslatable),
        [
            "spec.rules[0].http.paths[0].backend.resource: the backend is not a Service; the \
          Gateway supports only Services"
        ]
    );
    assert!(translation.routes.is_empty());
    // The same for the default backend.
    let translation = convert(&ingress(&format!("defaultBackend: {resource}")));
    assert_eq!(translation.untranslatable.len(), 1);
    assert!(translation.routes.is_empty());
}

#[test]
fn an_invalid_backend_is_reported() {
    for (given, expected) in [
        (
            "{}",
            ["spec.rules[0].http.paths[0].backend: does not name a Service"],
        ),
        (
            "{service: {name: web}}",
            ["spec.rules[0].http.paths[0].backend: does not name a port of Service `web`"],
        ),
        (
            "{service: {name: web, port: {number: 70000}}}",
            [
                "spec.rules[0].http.paths[0].backend.service.port.number: `70000` is not a port number",
            ],
        ),
        (
            "{service: {name: web, port: {number: 0}}}",
            ["spec.rules[0].http.paths[0].backend.service.port.number: `0` is not a port number"],
        ),
    ] {
        let mut actual = lines(&convert(&backend(given)).blockers);
        actual.truncate(1);
        assert_eq!(actual, expected);
    }
}
