//! Hosts, default backends, names of routes and TLS.

use admission::Node;
use ingress2route::{Options, translate};
use serde_json::{Value, json};

use crate::common::{
    OPTIONS, all_routes, convert, convert_with, ingress, lines, lookup_port, parse, paths, routes,
};

/// Returns a rule for each host, all with the same path.
fn hosts(hosts: &[&str]) -> String {
    let rules = hosts.iter().map(|host| {
        format!(
            "- {{host: '{host}', http: {{paths: [{{pathType: Prefix, path: /, backend: \
             {{service: {{name: web, port: {{number: 80}}}}}}}}]}}}}\n"
        )
    });
    format!("rules:\n{}", rules.collect::<String>())
}

fn names(routes: &[Value]) -> Vec<&str> {
    let names = routes.iter();
    names
        .map(|route| route["metadata"]["name"].as_str().unwrap())
        .collect()
}

#[test]
fn an_ingress_becomes_a_complete_route() {
    let translation = convert(&ingress(
        "ingressClassName: nginx
rules:
- host: web.k8tre.internal
  http:
    paths:
    - {pathType: Prefix, path: /, backend: {service: {name: web, port: {name: http}}}}
    - {pathType: Exact, path: /health, backend: {service: {name: health, port: {number: 80}}}}
",
    ));
    assert!(translation.is_complete());
    assert_eq!(
        translation.to_yaml(),
        "apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: web-web-k8tre-internal
  namespace: app
spec:
  parentRefs:
  - name: internal-gateway
    namespace: gateway
  hostnames:
  - web.k8tre.internal
  rules:
  - matches:
    - path:
        type: PathPrefix
        value: /
    backendRefs:
    - name: web
      port: 8080
  - matches:
    - path:
        type: Exact
        value: /health
    backendRefs:
    - name: health
      port: 80
"
    );
}

#[test]
fn the_listener_is_named_if_the_options_set_it() {
    let mut options = OPTIONS;
    options.gateway.section_name = Some("https");
    let translation = convert_with(&ingress(&hosts(&["web.k8tre.internal"])), &options);
    let expected =
        json!([{"name": "internal-gateway", "namespace": "gateway", "sectionName": "https"}]);
    assert_eq!(routes(&translation)[0]["spec"]["parentRefs"], expected);
}

#[test]
fn a_rule_without_host_gets_an_invalid_placeholder() {
    let spec = hosts(&["web.k8tre.internal"]).replace("host: 'web.k8tre.internal', ", "");
    let translation = convert(&ingress(&spec));
    let route = &all_routes(&translation)[0];
    assert_eq!(route["metadata"]["name"], "web");
    assert_eq!(route["spec"]["hostnames"], json!(["<host>.k8tre.internal"]));
    assert!(crate::crd::violations(route)[0].starts_with("spec.hostnames[0]"));
    assert_eq!(
        lines(&translation.blockers),
        ["spec.rules[0]: has no host; replace `<host>.k8tre.internal`"]
    );
    // Without a domain, the placeholder is only the host.
    let options = Options {
        domain: None,
        ..OPTIONS
    };
    let translation = convert_with(&ingress(&spec), &options);
    assert_eq!(
        all_routes(&translation)[0]["spec"]["hostnames"],
        json!(["<host>"])
    );
}

#[test]
fn a_default_backend_alone_never_claims_the_whole_domain() {
    let spec = "defaultBackend: {service: {name: web, port: {number: 80}}}";
    let translation = convert(&ingress(spec));
    assert_eq!(
        all_routes(&translation)[0]["spec"]["hostnames"],
        json!(["<host>.k8tre.internal"])
    );
    assert_eq!(
        lines(&translation.blockers),
        ["spec.defaultBackend: has no host; replace `<host>.k8tre.internal`"]
    );
}

#[test]
fn a_default_backend_serves_the_rest_of_each_host() {
    let spec = "defaultBackend: {service: {name: rest, port: {number: 80}}}
rules:
- host: a.k8tre.internal
  http: {paths: [{pathType: Prefix, path: /a, backend: {service: {name: web, port: {number: 80}}}}]}
- host: b.k8tre.internal
  http: {paths: [{pathType: Prefix, path: /, backend: {service: {name: web, port: {number: 80}}}}]}
- host: c.k8tre.internal
";
    let translation = convert(&ingress(spec));
    let rules: Vec<(String, Vec<String>)> = routes(&translation)
        .iter()
        .map(|route| {
            let host = route["spec"]["hostnames"][0].as_str().unwrap().to_owned();
            let rules = route["spec"]["rules"].as_array().unwrap().iter();
            let rules = rules.map(|rule| {
                let path = rule["matches"][0]["path"]["value"].as_str().unwrap();
                format!(
                    "{path} {}",
                    rule["backendRefs"][0]["name"].as_str().unwrap()
                )
            });
            (host, rules.collect())
        })
        .collect();
    let expected = [
        ("a.k8tre.internal", vec!["/a web", "/ rest"]),
        ("b.k8tre.internal", vec!["/ web"]),
        ("c.k8tre.internal", vec!["/ rest"]),
    ]
    .map(|(host, rules)| {
        (
            host.to_owned(),
            rules.into_iter().map(str::to_owned).collect(),
        )
    });
    assert_eq!(rules, expected);
    assert_eq!(
        lines(&translation.notes),
        [
            "spec.defaultBackend: serves only the hosts of the rules: a route for all other hosts would \
          claim the domain"
        ]
    );
}

#[test]
fn hosts_with_the_same_rules_share_a_route() {
    let spec = hosts(&["a.k8tre.internal", "b.k8tre.internal"]);
    let translation = convert(&ingress(&spec));
    let routes = routes(&translation);
    assert_eq!(names(&routes), ["web-a-k8tre-internal"]);
    assert_eq!(
        routes[0]["spec"]["hostnames"],
        json!(["a.k8tre.internal", "b.k8tre.internal"])
    );
}

#[test]
fn an_invalid_host_gets_a_route_of_its_own() {
    let spec = hosts(&["a.k8tre.internal", "a.example.org", "b.k8tre.internal"]);
    let translation = convert(&ingress(&spec));
    let hostnames: Vec<Value> = all_routes(&translation)
        .iter()
        .map(|route| route["spec"]["hostnames"].clone())
        .collect();
    assert_eq!(
        hostnames,
        [
            json!(["a.k8tre.internal", "b.k8tre.internal"]),
            json!(["a.example.org"])
        ]
    );
    assert_eq!(
        lines(&translation.blockers),
        [
            "spec.rules[1].host: `a.example.org` is outside `k8tre.internal`, the domain of the Gateway's \
          certificate and DNS"
        ]
    );
}

#[test]
fn rules_of_one_host_become_one_route() {
    let spec = paths(&["Prefix /a"]) + paths(&["Prefix /b"]).strip_prefix("rules:\n").unwrap();
    let translation = convert(&ingress(&spec));
    let routes = routes(&translation);
    assert_eq!(names(&routes), ["web-web-k8tre-internal"]);
    let matches = routes[0]["spec"]["rules"][0]["matches"].as_array().unwrap();
    assert_eq!(matches.len(), 2);
}

#[test]
fn colliding_names_get_a_hash() {
    // Both hosts give the same name, and their paths differ.
    let spec = "rules:
- host: a-b.org
  http: {paths: [{pathType: Prefix, path: /a, backend: {service: {name: web, port: {number: 80}}}}]}
- host: a.b.org
  http: {paths: [{pathType: Prefix, path: /b, backend: {service: {name: web, port: {number: 80}}}}]}
- host: '*.b.org'
  http: {paths: [{pathType: Prefix, path: /c, backend: {service: {name: web, port: {number: 80}}}}]}
- host: b.org
  http: {paths: [{pathType: Prefix, path: /d, backend: {service: {name: web, port: {number: 80}}}}]}
";
    let first = convert(&ingress(spec));
    let routes = all_routes(&first);
    assert_eq!(
        names(&routes),
        [
            "web-a-b-org",
            "web-a-b-org-83a136c3",
            "web-wildcard-b-org",
            "web-b-org"
        ]
    );
    // The names are deterministic.
    assert_eq!(convert(&ingress(spec)), first);
}

#[test]
fn long_names_are_truncated_and_get_a_hash() {
    let mut object = ingress(&hosts(&["web.k8tre.internal"]));
    let name = "n".repeat(253);
    object["metadata"]["name"] = json!(name);
    let long = convert(&object);
    object["metadata"]["name"] = json!(format!("{}m", &name[1..]));
    let other = convert(&object);
    for translation in [&long, &other] {
        assert_eq!(translation.routes[0].name.len(), 253);
    }
    assert_ne!(long.routes[0].name, other.routes[0].name);
}

#[test]
fn names_start_with_generate_name_if_there_is_no_name() {
    let mut object = ingress(&hosts(&["web.k8tre.internal"]));
    object["metadata"] = json!({"generateName": "preview-"});
    let translation = convert(&object);
    assert_eq!(translation.routes[0].name, "preview-web-k8tre-internal");
    assert_eq!(translation.routes[0].namespace, None);
    object["metadata"] = json!({});
    assert_eq!(
        convert(&object).routes[0].name,
        "ingress-web-k8tre-internal"
    );
}

#[test]
fn hosts_that_routes_may_not_use_are_blockers() {
    for (host, expected) in [
        (
            "*.k8tre.internal",
            "`*.k8tre.internal` would claim every hostname in the domain; list the hostnames",
        ),
        (
            "*.web.k8tre.internal",
            "routes may not use wildcards: in a route, `*.web.k8tre.internal` matches any number of labels, not \
             one; list the hostnames",
        ),
        (
            "k8tre.internal",
            "`k8tre.internal` is the domain itself; use a name below it",
        ),
        (
            "a.b.k8tre.internal",
            "`a.b.k8tre.internal` is more than one label below `k8tre.internal`, so the Gateway's \
             certificate does not cover it; use `a-b.k8tre.internal`",
        ),
        (
            "webk8tre.internal",
            "`webk8tre.internal` is outside `k8tre.internal`, the domain of the Gateway's certificate and DNS",
        ),
        (
            "Web.k8tre.internal",
            "`Web.k8tre.internal` is not a valid hostname for a route",
        ),
        ("10.0.0.1", "`10.0.0.1` is not a valid hostname for a route"),
        ("*", "`*` is not a valid hostname for a route"),
    ] {
        let translation = convert(&ingress(&hosts(&[host])));
        let expected = format!("spec.rules[0].host: {expected}");
        assert_eq!(lines(&translation.blockers), [expected]);
        assert_eq!(
            all_routes(&translation)[0]["spec"]["hostnames"],
            json!([host])
        );
        assert!(!translation.is_complete());
    }
}

#[test]
fn without_a_domain_any_host_is_accepted() {
    let options = Options {
        domain: None,
        ..OPTIONS
    };
    let spec = hosts(&["a.b.example.org", "example.org"]);
    assert!(convert_with(&ingress(&spec), &options).is_complete());
}

#[test]
fn tls_is_omitted() {
    let spec = hosts(&["web.k8tre.internal"])
        + "tls:\n- {hosts: [web.k8tre.internal, other.k8tre.internal], secretName: web}\n- {secretName: x}\n";
    let translation = convert(&ingress(&spec));
    assert_eq!(
        lines(&translation.notes),
        [
            "spec.tls: omitted: the Gateway terminates TLS with its own certificate",
            "spec.tls[0].hosts[1]: no rule has host `other.k8tre.internal`, so it gets no route",
        ]
    );
    assert!(!translation.to_yaml().contains("other"));
}

#[test]
fn an_ingress_that_routes_nothing_is_reported() {
    for (spec, expected) in [
        (
            "ingressClassName: nginx",
            "spec: has no rules and no default backend, so there is nothing to route",
        ),
        (
            "rules: [{host: web.k8tre.internal}]",
            "spec.rules[0].host: has no paths that apply, and the Ingress has no default backend",
        ),
        (
            "rules: [{host: web.k8tre.internal, http: {paths: []}}]",
            "spec.rules[0].host: has no paths that apply, and the Ingress has no default backend",
        ),
    ] {
        let translation = convert(&ingress(spec));
        assert_eq!(lines(&translation.blockers), [expected]);
        assert!(translation.routes.is_empty());
    }
    let mut object = ingress("rules: []");
    object.as_object_mut().unwrap().remove("spec");
    let translation = convert(&object);
    assert_eq!(translation.blockers.len(), 1);
}

#[test]
fn v1beta1_is_supported() {
    let object = parse(
        "apiVersion: extensions/v1beta1
kind: Ingress
metadata: {name: web}
spec:
  backend: {serviceName: rest, servicePort: 80}
  rules:
  - host: web.k8tre.internal
    http:
      paths:
      - {path: /a, backend: {serviceName: web, servicePort: http}}
      - {path: /b, backend: {serviceName: web, servicePort: '8080'}}
",
    );
    let translation = convert(&object);
    let rules = &routes(&translation)[0]["spec"]["rules"];
    let of = |rule: &Value| {
        (
            rule["matches"].as_array().unwrap().len(),
            rule["backendRefs"][0].clone(),
        )
    };
    assert_eq!(of(&rules[0]), (2, json!({"name": "web", "port": 8080})));
    assert_eq!(of(&rules[1]), (1, json!({"name": "rest", "port": 80})));
}

#[test]
fn a_placeholder_domain_is_checked_only_for_hosts_that_use_it() {
    let options = Options {
        domain: Some("${DOMAIN}"),
        ..OPTIONS
    };
    let name_and_blockers = |host: &str| {
        let spec = paths(&["Prefix /"]).replace("web.k8tre.internal", &format!("'{host}'"));
        let text = ingress(&spec).to_string();
        let object = Node::parse(&text).unwrap().object().unwrap();
        let translation = translate(&object, &[], &options, &lookup_port).unwrap();
        assert_eq!(translation.routes.len(), 1);
        (
            translation.routes[0].name.clone(),
            lines(&translation.blockers),
        )
    };
    assert_eq!(
        name_and_blockers("web.${DOMAIN}"),
        ("web-web".to_owned(), vec![])
    );
    assert_eq!(name_and_blockers("web.example.org").1, [""; 0]);
    for invalid in ["a.b.${DOMAIN}", "${DOMAIN}", "*.${DOMAIN}", "web.${OTHER}"] {
        let expected =
            format!("spec.rules[0].host: `{invalid}` is not a valid hostname for a route");
        assert_eq!(name_and_blockers(invalid).1, [expected]);
    }
}
