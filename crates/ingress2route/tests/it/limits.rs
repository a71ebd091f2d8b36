//! More than one route, one rule or one match can hold.

use serde_json::{Value, json};

use crate::common::{convert, ingress, paths, routes};

/// A path for each number below `count`, each for the backend that `service` names.
fn many(count: usize, service: impl Fn(usize) -> String) -> Value {
    let paths = (0..count).map(|index| {
        json!({"pathType": "Exact", "path": format!("/{index}"), "backend": {"service": {
            "name": service(index), "port": {"number": 80}}}})
    });
    let mut object = ingress("rules: []");
    object["spec"]["rules"] = json!([{"host": "web.k8tre.internal",
        "http": {"paths": paths.collect::<Vec<_>>()}}]);
    object
}

/// Name of each route, with the numbers of matches of its rules.
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

fn part(suffix: &str, counts: Vec<usize>) -> (String, Vec<usize>) {
    (format!("web-web-k8tre-internal{suffix}"), counts)
}

#[test]
fn more_than_16_rules_are_two_routes() {
    let object = many(16, |index| format!("s{index}"));
    assert_eq!(shape(&object), [part("", vec![1; 16])]);
    let object = many(17, |index| format!("s{index}"));
    assert_eq!(shape(&object), [part("", vec![1; 16]), part("-2", vec![1])]);
}

#[test]
fn more_than_64_matches_are_two_rules_and_more_than_128_two_routes() {
    let all = |_: usize| "web".to_owned();
    assert_eq!(shape(&many(64, all)), [part("", vec![64])]);
    assert_eq!(shape(&many(65, all)), [part("", vec![64, 1])]);
    assert_eq!(shape(&many(128, all)), [part("", vec![64, 64])]);
    assert_eq!(
        shape(&many(300, all)),
        [
            part("", vec![64, 64]),
            part("-2", vec![64, 64]),
            part("-3", vec![44])
        ]
    );
}

#[test]
fn more_than_16_hosts_are_two_routes() {
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
