//! Hosts, names of routes, and what no host is said of.

use admission::Node;
use ingress2route::{Options, translate};
use serde_json::{Value, json};

use crate::common::{
    OPTIONS, all_routes, convert, convert_with, ingress, lines, parse, paths, routes, services,
};

/// A rule for each host, all with the same path.
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
fn an_ingress_becomes_a_route_that_can_be_applied_as_it_stands() {
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
fn a_listener_is_named_where_it_is_wanted() {
    let mut options = OPTIONS;
    options.gateway.section_name = Some("https");
    let translation = convert_with(&ingress(&hosts(&["web.k8tre.internal"])), &options);
    let expected =
        json!([{"name": "internal-gateway", "namespace": "gateway", "sectionName": "https"}]);
    assert_eq!(routes(&translation)[0]["spec"]["parentRefs"], expected);
}

#[test]
fn a_rule_without_host_gets_a_placeholder_that_nobody_can_apply() {
    let spec = hosts(&["web.k8tre.internal"]).replace("host: 'web.k8tre.internal', ", "");
    let translation = convert(&ingress(&spec));
    let route = &all_routes(&translation)[0];
    assert_eq!(route["metadata"]["name"], "web");
    assert_eq!(route["spec"]["hostnames"], json!(["<host>.k8tre.internal"]));
    assert!(crate::crd::refusals(route)[0].starts_with("spec.hostnames[0]"));
    assert_eq!(
        lines(&translation.obstacles),
        [
            "spec.rules[0]: names no host, and a route must: put it in place of `<host>.k8tre.internal`"
        ]
    );
    // Without a domain there is no more to say.
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
        lines(&translation.obstacles),
        [
            "spec.defaultBackend: names no host, and a route must: put it in place of `<host>.k8tre.internal`"
        ]
    );
}

#[test]
fn a_default_backend_takes_the_rest_of_each_host() {
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
            "spec.defaultBackend: serves the hosts of the rules alone: a route for all others would claim \
          the domain"
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
fn a_host_that_is_refused_does_not_spoil_the_others() {
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
        lines(&translation.obstacles),
        [
            "spec.rules[1].host: `a.example.org` is outside of `k8tre.internal`, where the Gateway's \
          certificate and DNS end"
        ]
    );
}

#[test]
fn rules_of_one_host_are_one_route() {
    let spec = paths(&["Prefix /a"]) + paths(&["Prefix /b"]).strip_prefix("rules:\n").unwrap();
    let translation = convert(&ingress(&spec));
    let routes = routes(&translation);
    assert_eq!(names(&routes), ["web-web-k8tre-internal"]);
    let matches = routes[0]["spec"]["rules"][0]["matches"].as_array().unwrap();
    assert_eq!(matches.len(), 2);
}

#[test]
fn names_that_would_collide_are_told_apart() {
    // The dots of both are dashes in names, and their paths differ.
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
    // And always the same way.
    assert_eq!(convert(&ingress(spec)), first);
}

#[test]
fn names_that_would_be_too_long_are_cut_and_told_apart() {
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
fn an_ingress_whose_name_is_to_be_generated_has_a_stem() {
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
fn hosts_that_the_plane_refuses_are_obstacles() {
    for (host, expected) in [
        (
            "*.k8tre.internal",
            "`*.k8tre.internal` would claim every host of the plane; name the hosts",
        ),
        (
            "*.web.k8tre.internal",
            "routes may not claim a wildcard, and their `*.web.k8tre.internal` is any number of labels, an \
             Ingress's one; name the hosts",
        ),
        (
            "k8tre.internal",
            "`k8tre.internal` is the plane's domain itself; choose a name below it",
        ),
        (
            "a.b.k8tre.internal",
            "`a.b.k8tre.internal` is more than one label below `k8tre.internal`, which the Gateway's \
             certificate does not cover; write `a-b.k8tre.internal`",
        ),
        (
            "webk8tre.internal",
            "`webk8tre.internal` is outside of `k8tre.internal`, where the Gateway's certificate and DNS end",
        ),
        (
            "Web.k8tre.internal",
            "`Web.k8tre.internal` is no host name that a route takes",
        ),
        ("10.0.0.1", "`10.0.0.1` is no host name that a route takes"),
        ("*", "`*` is no host name that a route takes"),
    ] {
        let translation = convert(&ingress(&hosts(&[host])));
        let expected = format!("spec.rules[0].host: {expected}");
        assert_eq!(lines(&translation.obstacles), [expected]);
        assert_eq!(
            all_routes(&translation)[0]["spec"]["hostnames"],
            json!([host])
        );
        assert!(!translation.is_complete());
    }
}

#[test]
fn without_a_domain_any_host_will_do() {
    let options = Options {
        domain: None,
        ..OPTIONS
    };
    let spec = hosts(&["a.b.example.org", "example.org"]);
    assert!(convert_with(&ingress(&spec), &options).is_complete());
}

#[test]
fn tls_is_the_gateways() {
    let spec = hosts(&["web.k8tre.internal"])
        + "tls:\n- {hosts: [web.k8tre.internal, other.k8tre.internal], secretName: web}\n- {secretName: x}\n";
    let translation = convert(&ingress(&spec));
    assert_eq!(
        lines(&translation.notes),
        [
            "spec.tls: left out: TLS and its certificate are the Gateway's",
            "spec.tls[0].hosts[1]: no rule has the host `other.k8tre.internal`, so no route has it",
        ]
    );
    assert!(!translation.to_yaml().contains("other"));
}

#[test]
fn what_routes_nothing_is_said() {
    for (spec, expected) in [
        (
            "ingressClassName: nginx",
            "spec: names neither rules nor a default backend, so there is nothing to route",
        ),
        (
            "rules: [{host: web.k8tre.internal}]",
            "spec.rules[0].host: has no path to route, and the Ingress no default backend",
        ),
        (
            "rules: [{host: web.k8tre.internal, http: {paths: []}}]",
            "spec.rules[0].host: has no path to route, and the Ingress no default backend",
        ),
    ] {
        let translation = convert(&ingress(spec));
        assert_eq!(lines(&translation.obstacles), [expected]);
        assert!(translation.routes.is_empty());
    }
    let mut object = ingress("rules: []");
    object.as_object_mut().unwrap().remove("spec");
    let translation = convert(&object);
    assert_eq!(translation.obstacles.len(), 1);
}

#[test]
fn manifests_from_before_v1_are_read_too() {
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
fn a_domain_that_is_not_filled_in_yet_asks_little() {
    let options = Options {
        domain: Some("${DOMAIN}"),
        ..OPTIONS
    };
    let said = |host: &str| {
        let spec = paths(&["Prefix /"]).replace("web.k8tre.internal", &format!("'{host}'"));
        let text = ingress(&spec).to_string();
        let object = Node::parse(&text).unwrap().object().unwrap();
        let translation = translate(&object, &options, &services).unwrap();
        assert_eq!(translation.routes.len(), 1);
        (
            translation.routes[0].name.clone(),
            lines(&translation.obstacles),
        )
    };
    assert_eq!(said("web.${DOMAIN}"), ("web-web".to_owned(), vec![]));
    assert_eq!(said("web.example.org").1, [""; 0]);
    for refused in ["a.b.${DOMAIN}", "${DOMAIN}", "*.${DOMAIN}", "web.${OTHER}"] {
        let expected =
            format!("spec.rules[0].host: `{refused}` is no host name that a route takes");
        assert_eq!(said(refused).1, [expected]);
    }
}
