//! Ingresses that exceed the limits of one route or rule.

use serde_json::{Value, json};

use crate::common::{convert, ingress, paths, routes};

/// Returns an Ingress with `count` paths; `service` returns the Service of each.
fn ingress_with_paths(count: usize, service: impl Fn(usize) -> String) -> Value {
    let paths = (0..count).map(|index| {
        json!({"pathType": "Exact", "path": format!("/{index}"), "backend": {"service": {
            "name": service(index), "port": {"number": 80}}}})
    });
    let mut object = ingress("rules: []");
    object["spec"]["rules"] = json!([{"host": "web.k8tre.internal",
        "http": {"paths": paths.collect::<Vec<_>>()}}]);
    object
}

/// Returns the name of each route with the number of matches of each of its rules.
fn shape(object: &Value) -> Vec<(String, Vec<usize>)> {
    let translation = convert(object);
    let routes = routes(&translation);
    let shapes = routes.iter().map(|route| {
        let rules = route["spec"]["rules"].as_array().unwrap().iter();
        let counts = rules.map(|rule| rule["matches"].as_array().unwrap().len());
        let name = route["metadata"]["name"].as_str().unwrap();
        (name.to_owned(), counts.collect())
    });
    shapes.collect()
}

fn route(suffix: &str, counts: Vec<usize>) -> (String, Vec<usize>) {
    (format!("web-web-k8tre-internal{suffix}"), counts)
}

#[test]
fn more_than_16_rules_become_two_routes() {
    let object = ingress_with_paths(16, |index| format!("s{index}"));
    assert_eq!(shape(&object), [route("", vec![1; 16])]);
    let object = ingress_with_paths(17, |index| format!("s{index}"));
    assert_eq!(
        shape(&object),
        [route("", vec![1; 16]), route("-2", vec![1])]
    );
}

#[test]
fn more_than_64_matches_become_two_rules_and_more_than_128_two_routes() {
    let one_service = |_: usize| "web".to_owned();
    assert_eq!(
        shape(&ingress_with_paths(64, one_service)),
        [route("", vec![64])]
    );
    assert_eq!(
        shape(&ingress_with_paths(65, one_service)),
        [route("", vec![64, 1])]
    );
    assert_eq!(
        shape(&ingress_with_paths(128, one_service)),
        [route("", vec![64, 64])]
    );
    assert_eq!(
        shape(&ingress_with_paths(300, one_service)),
        [
            route("", vec![64, 64]),
            route("-2", vec![64, 64]),
            route("-3", vec![44])
        ]
    );
}

#[test]
fn more_than_16_hosts_become_two_routes() {
    let mut object = ingress(&paths(&["Prefix /"]));
    let rule = object["spec"]["rules"][0].clone();
    let rules = (0..17).map(|index| {
        let mut rule = rule.clone();
        rule["host"] = json!(format!("h{index}.k8tre.internal"));
        rule
    });
    object["spec"]["rules"] = rules.collect();
    let translation = convert(&object);
    let routes = routes(&translation);
    let hosts: Vec<(&str, usize)> = routes
        .iter()
        .map(|route| {
            let hosts = route["spec"]["hostnames"].as_array().unwrap().len();
            (route["metadata"]["name"].as_str().unwrap(), hosts)
        })
        .collect();
    assert_eq!(
        hosts,
        [("web-h0-k8tre-internal", 16), ("web-h16-k8tre-internal", 1)]
    );
}
