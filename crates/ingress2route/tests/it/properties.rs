//! Properties of the translation of generated Ingresses: no path is lost or added.

use std::collections::BTreeMap;

use ingress2route::{ANNOTATIONS, PREFIX};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::common::{all_routes, convert};

/// The backend of each match, by host, path type and path.
type Matches = BTreeMap<(String, String, String), String>;

const HOSTS: [&str; 6] = [
    "a.k8tre.internal",
    "b.k8tre.internal",
    "a-b.k8tre.internal",
    "c.k8tre.internal",
    "d.k8tre.internal",
    "on.k8tre.internal",
];

fn path() -> impl Strategy<Value = Value> {
    let kind = prop::sample::select(vec!["Prefix", "Exact", "ImplementationSpecific"]);
    let path = prop_oneof![
        prop::sample::select(vec![
            "/", "/a", "/a/", "/a/b", "/~x", "/null", "/1e3", "/%20", "/a:b"
        ])
        .prop_map(str::to_owned),
        "/[a-z0-9._~!$&'()*+,;=:@-]{1,8}",
    ];
    // Skip paths that the CRD rejects.
    let path = path.prop_filter("rejected by the CRD", |path| {
        !path.ends_with("/.") && !path.ends_with("/..")
    });
    let service = prop::sample::select(vec!["web", "api", "on", "1e3"]);
    let port = prop::sample::select(vec![json!({"number": 80}), json!({"number": 8080})]);
    (kind, path, service, port).prop_map(|(kind, path, service, port)| {
        json!({"pathType": kind, "path": path, "backend": {"service": {"name": service, "port": port}}})
    })
}

fn ingress() -> impl Strategy<Value = Value> {
    let host = prop::sample::select(HOSTS.to_vec());
    let paths = prop_oneof![
        4 => prop::collection::vec(path(), 0..12),
        1 => prop::collection::vec(path(), 60..200),
    ];
    let rule =
        (host, paths).prop_map(|(host, paths)| json!({"host": host, "http": {"paths": paths}}));
    let rules = prop::collection::vec(rule, 1..6);
    let default = prop::option::of(Just(
        json!({"service": {"name": "rest", "port": {"number": 80}}}),
    ));
    (rules, default).prop_map(|(rules, default)| {
        let mut object = json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
            "metadata": {"name": "web", "namespace": "app"}, "spec": {"rules": rules},
        });
        if let Some(default) = default {
            object["spec"]["defaultBackend"] = default;
        }
        object
    })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Computes the matches of the Ingress independently: the first of each host and path applies.
fn expected_matches(ingress: &Value) -> Matches {
    let mut expected = Matches::new();
    let backend = |backend: &Value| {
        let service = &backend["service"];
        format!("{}:{}", text(&service["name"]), service["port"]["number"])
    };
    for rule in ingress["spec"]["rules"].as_array().unwrap() {
        let host = text(&rule["host"]);
        for path in rule["http"]["paths"].as_array().unwrap() {
            let kind = match path["pathType"].as_str().unwrap() {
                "Exact" => "Exact",
                _ => "PathPrefix",
            };
            let value = text(&path["path"]);
            let to = backend(&path["backend"]);
            // A trailing slash of a prefix does not count.
            let equivalent = match value.strip_suffix('/') {
                Some(stem) => stem.to_owned(),
                None => format!("{value}/"),
            };
            let equivalent = (host.clone(), kind.to_owned(), equivalent);
            if kind == "PathPrefix" && expected.get(&equivalent).is_some_and(|other| *other != to) {
                continue;
            }
            expected
                .entry((host.clone(), kind.to_owned(), value))
                .or_insert(to);
        }
    }
    if let Some(default) = ingress["spec"].get("defaultBackend") {
        for rule in ingress["spec"]["rules"].as_array().unwrap() {
            let root = (text(&rule["host"]), "PathPrefix".to_owned(), "/".to_owned());
            expected.entry(root).or_insert(backend(default));
        }
    }
    // NGINX redirects `/a` to `/a/` if there is no path `/a`.
    let slashed: Vec<_> = expected.keys().cloned().collect();
    for (host, _, path) in slashed {
        let Some(bare) = path.strip_suffix('/').filter(|bare| !bare.is_empty()) else {
            continue;
        };
        let bare = |kind: &str| (host.clone(), kind.to_owned(), bare.to_owned());
        if !expected.contains_key(&bare("PathPrefix")) {
            let to = format!("301 {path}");
            expected.entry(bare("Exact")).or_insert(to);
        }
    }
    expected
}

/// Returns the matches of the routes, or an error if two rules have the same match.
fn actual_matches(routes: &[Value]) -> Result<Matches, String> {
    let mut actual = Matches::new();
    for route in routes {
        for host in route["spec"]["hostnames"].as_array().unwrap() {
            for rule in route["spec"]["rules"].as_array().unwrap() {
                let to = match rule.get("backendRefs") {
                    Some(backends) => {
                        assert_eq!(backends.as_array().unwrap().len(), 1);
                        format!("{}:{}", text(&backends[0]["name"]), backends[0]["port"])
                    }
                    None => {
                        let redirect = &rule["filters"][0]["requestRedirect"];
                        format!(
                            "{} {}",
                            redirect["statusCode"],
                            text(&redirect["path"]["replaceFullPath"])
                        )
                    }
                };
                for item in rule["matches"].as_array().unwrap() {
                    let path = &item["path"];
                    let key = (text(host), text(&path["type"]), text(&path["value"]));
                    if actual.insert(key.clone(), to.clone()).is_some() {
                        return Err(format!("{key:?} is in two rules"));
                    }
                }
            }
        }
    }
    Ok(actual)
}

fn annotations() -> impl Strategy<Value = Value> {
    let name = prop::sample::select(
        ANNOTATIONS
            .iter()
            .map(|known| known.name)
            .collect::<Vec<_>>(),
    );
    let likely = prop::sample::select(vec![
        "rewrite-target",
        "use-regex",
        "backend-protocol",
        "permanent-redirect",
        "app-root",
        "upstream-vhost",
        "x-forwarded-prefix",
        "proxy-read-timeout",
        "canary",
        "canary-by-header",
        "server-alias",
    ]);
    let value = prop_oneof![
        prop::sample::select(vec![
            "true",
            "false",
            "",
            "/",
            "/a",
            "/$1",
            "/$2",
            "GRPC",
            "https://a.k8tre.internal",
            "https://a.k8tre.internal/x$request_uri",
            "a.k8tre.internal",
            "X-Try",
            "60",
            "301",
            "308",
        ])
        .prop_map(str::to_owned),
        "[ -~]{0,12}",
    ];
    let one = (prop_oneof![name, likely], value);
    prop::collection::vec(one, 0..5).prop_map(|all| {
        let named = all
            .into_iter()
            .map(|(name, value)| (format!("{PREFIX}{name}"), json!(value)));
        Value::Object(named.collect())
    })
}

proptest! {
    /// `convert` verifies the routes against the CRDs, and their YAML against their JSON.
    #[test]
    fn routes_are_valid_with_any_annotations(
        (mut object, annotations) in (ingress(), annotations()),
        odd in "/[ -~]{0,8}",
    ) {
        object["metadata"]["annotations"] = annotations;
        let paths = &mut object["spec"]["rules"][0]["http"]["paths"];
        paths.as_array_mut().unwrap().push(json!({"pathType": "ImplementationSpecific", "path": odd,
            "backend": {"service": {"name": "odd", "port": {"number": 1}}}}));
        convert(&object);
    }

    #[test]
    fn every_path_of_the_ingress_is_in_exactly_one_rule(object in ingress()) {
        let expected = expected_matches(&object);
        let translation = convert(&object);
        prop_assert_eq!(actual_matches(&all_routes(&translation)).unwrap(), expected);
        prop_assert!(translation.untranslatable.is_empty(), "{:?}", translation);
    }
}
