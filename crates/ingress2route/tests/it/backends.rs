//! Backends and their ports.

use serde_json::{Value, json};

use crate::common::{all_routes, convert, ingress, lines};

fn backend(backend: &str) -> Value {
    ingress(&format!(
        "rules:\n- host: web.k8tre.internal\n  http: {{paths: [{{pathType: Prefix, path: /, backend: {backend}}}]}}\n"
    ))
}

#[test]
fn a_named_port_is_that_of_the_service() {
    let translation = convert(&backend("{service: {name: web, port: {name: http}}}"));
    let rule = &all_routes(&translation)[0]["spec"]["rules"][0];
    assert_eq!(rule["backendRefs"], json!([{"name": "web", "port": 8080}]));
    assert!(translation.is_complete());
}

#[test]
fn a_port_that_nobody_can_tell_is_left_out() {
    for (service, name, why) in [
        ("absent", "http", "there is no such Service"),
        ("web", "metrics", "the Service has no port of this name"),
        ("elsewhere", "http", "the Service is not known here"),
    ] {
        let translation = convert(&backend(&format!(
            "{{service: {{name: {service}, port: {{name: {name}}}}}}}"
        )));
        let rule = &all_routes(&translation)[0]["spec"]["rules"][0];
        assert_eq!(rule["backendRefs"], json!([{"name": service}]));
        assert_eq!(
            lines(&translation.obstacles),
            [format!(
                "spec.rules[0].http.paths[0].backend.service.port.name: port `{name}` of Service \
                 `{service}` is left out, since routes want its number and {why}"
            )]
        );
    }
}

#[test]
fn what_is_true_of_a_service_is_said_once() {
    let path =
        "{pathType: Exact, path: /a, backend: {service: {name: absent, port: {name: http}}}}";
    let spec = format!(
        "rules:\n- host: web.k8tre.internal\n  http: {{paths: [{path}, {}]}}\n",
        path.replace("/a", "/b")
    );
    assert_eq!(convert(&ingress(&spec)).obstacles.len(), 1);
}

#[test]
fn a_backend_that_is_no_service_forces_the_controller() {
    let resource = "{resource: {apiGroup: k8s.example.org, kind: Bucket, name: files}}";
    let translation = convert(&backend(resource));
    assert_eq!(
        lines(&translation.untranslatable),
        [
            "spec.rules[0].http.paths[0].backend.resource: the backend is no Service; the gateway knows \
          Services alone"
        ]
    );
    assert!(translation.routes.is_empty());
    // As the default, too.
    let translation = convert(&ingress(&format!("defaultBackend: {resource}")));
    assert_eq!(translation.untranslatable.len(), 1);
    assert!(translation.routes.is_empty());
}

#[test]
fn a_backend_that_the_api_server_refuses_is_said() {
    for (given, expected) in [
        (
            "{}",
            ["spec.rules[0].http.paths[0].backend: names no Service"],
        ),
        (
            "{service: {name: web}}",
            ["spec.rules[0].http.paths[0].backend: names no port of Service `web`"],
        ),
        (
            "{service: {name: web, port: {number: 70000}}}",
            ["spec.rules[0].http.paths[0].backend.service.port.number: `70000` is no port"],
        ),
        (
            "{service: {name: web, port: {number: 0}}}",
            ["spec.rules[0].http.paths[0].backend.service.port.number: `0` is no port"],
        ),
    ] {
        let mut said = lines(&convert(&backend(given)).obstacles);
        said.truncate(1);
        assert_eq!(said, expected);
    }
}
