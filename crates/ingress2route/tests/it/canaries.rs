//! Canaries beside the Ingress whose requests they get.

use admission::Node;
use ingress2route::{Translation, translate};
use serde_json::{Value, json};

use crate::common::{
    OPTIONS, annotated, convert_group, ingress, lines, lookup_port, paths, routes, sibling,
};

/// Returns a canary with the Service `new`.
fn canary(annotations: &[(&str, &str)], spec: &str) -> Value {
    let mut all = vec![("canary", "true")];
    all.extend(annotations);
    sibling("canary", &all, &spec.replace("name: web", "name: new"))
}

fn beside(ingress: &Value, siblings: &[Value]) -> Translation {
    convert_group(ingress, siblings, &OPTIONS)
}

/// Returns the rules of the Ingress `web` with the path `/` beside a canary.
fn rules(annotations: &[(&str, &str)]) -> Value {
    let spec = paths(&["Prefix /"]);
    let translation = beside(&ingress(&spec), &[canary(annotations, &spec)]);
    routes(&translation)[0]["spec"]["rules"].clone()
}

fn root(headers: Value) -> Value {
    let mut item = json!({"path": {"type": "PathPrefix", "value": "/"}});
    if !headers.is_null() {
        item["headers"] = headers;
    }
    json!([item])
}

fn split(main: u32, canary: u32) -> Value {
    json!([{"name": "web", "port": 80, "weight": main}, {"name": "new", "port": 80, "weight": canary}])
}

#[test]
fn a_weight_splits_the_main_route() {
    for (weight, total, expected) in [
        ("10", None, split(90, 10)),
        ("10", Some("1000"), split(990, 10)),
        // A total below 100 counts as 100.
        ("10", Some("20"), split(90, 10)),
        ("20", Some("10000000"), split(999_998, 2)),
        ("100", None, json!([{"name": "new", "port": 80}])),
        ("200", None, json!([{"name": "new", "port": 80}])),
        ("0", None, json!([{"name": "web", "port": 80}])),
        ("x", None, json!([{"name": "web", "port": 80}])),
    ] {
        let mut annotations = vec![("canary-weight", weight)];
        annotations.extend(total.map(|total| ("canary-weight-total", total)));
        assert_eq!(
            rules(&annotations),
            json!([{"matches": root(json!(null)), "backendRefs": expected}]),
            "{weight} of {total:?}"
        );
    }
}

#[test]
fn a_header_selects_the_canary_or_the_main_service() {
    let web = json!([{"name": "web", "port": 80}]);
    let new = json!([{"name": "new", "port": 80}]);
    let header = |value: &str| root(json!([{"name": "X-Try", "value": value}]));
    assert_eq!(
        rules(&[("canary-by-header", "X-Try")]),
        json!([
            {"matches": root(json!(null)), "backendRefs": web},
            {"matches": header("always"), "backendRefs": new},
        ])
    );
    assert_eq!(
        rules(&[("canary-by-header", "X-Try"), ("canary-weight", "5")]),
        json!([
            {"matches": root(json!(null)), "backendRefs": split(95, 5)},
            {"matches": header("always"), "backendRefs": new},
            {"matches": header("never"), "backendRefs": web},
        ])
    );
    assert_eq!(
        rules(&[
            ("canary-by-header", "X-Try"),
            ("canary-by-header-value", "yes"),
            ("canary-weight", "5"),
        ]),
        json!([
            {"matches": root(json!(null)), "backendRefs": split(95, 5)},
            {"matches": header("yes"), "backendRefs": new},
        ])
    );
}

#[test]
fn a_canary_is_part_of_the_main_route() {
    let spec = paths(&["Prefix /"]);
    let translation = beside(
        &canary(&[("canary-weight", "10")], &spec),
        &[sibling("main", &[], &spec)],
    );
    assert!(translation.is_complete() && translation.routes.is_empty());
    let note = "spec.rules[0].http.paths[0].path: is part of the route of Ingress `app/main`";
    assert!(lines(&translation.notes).contains(&note.to_owned()));
    // The note in the main route.
    let object = canary(&[("canary-weight", "10")], &spec);
    let translation = beside(&ingress(&spec), &[object]);
    let note = "spec.rules[0].http.paths[0].path: includes the canary `app/canary`";
    assert!(lines(&translation.notes).contains(&note.to_owned()));
}

/// ingress-nginx looks for the same path and type, and skips a canary with the main Service.
#[test]
fn a_canary_without_a_main_path_gets_no_requests() {
    for (main, other, service) in [
        ("Prefix /", "Prefix /a", "new"),
        ("Prefix /a", "Exact /a", "new"),
        ("Prefix /", "Prefix /", "web"),
    ] {
        let main = paths(&[main]);
        let other = paths(&[other]);
        let mut object = canary(&[("canary-weight", "10")], &other);
        let path = &mut object["spec"]["rules"][0]["http"]["paths"][0];
        path["backend"]["service"]["name"] = service.into();
        let translation = beside(&ingress(&main), std::slice::from_ref(&object));
        let rules = &routes(&translation)[0]["spec"]["rules"];
        assert_eq!(
            rules[0]["backendRefs"],
            json!([{"name": "web", "port": 80}])
        );
        let translation = beside(&object, &[sibling("main", &[], &main)]);
        assert!(translation.routes.is_empty());
        let note = "spec.rules[0].http.paths[0].path: gets no requests: no other Ingress has this path with \
                    another Service";
        assert!(lines(&translation.notes).contains(&note.to_owned()));
    }
    // A Service with the same name in another namespace is another one.
    let mut main = sibling("main", &[], &paths(&["Prefix /"]));
    main["metadata"]["namespace"] = "other".into();
    let annotations = [("canary", "true"), ("canary-weight", "10")];
    let object = sibling("canary", &annotations, &paths(&["Prefix /"]));
    let note = "spec.rules[0].http.paths[0].path: is part of the route of Ingress `other/main`";
    assert_eq!(lines(&beside(&object, &[main]).notes), [note]);
    // ImplementationSpecific is Prefix.
    let translation = beside(
        &ingress(&paths(&["Prefix /"])),
        &[canary(
            &[("canary-weight", "10")],
            &paths(&["ImplementationSpecific /"]),
        )],
    );
    let rules = &routes(&translation)[0]["spec"]["rules"];
    assert_eq!(rules[0]["backendRefs"], split(90, 10));
}

/// In ingress-nginx, the canary belongs to the Service.
#[test]
fn a_canary_gets_requests_of_all_paths_of_the_service() {
    let translation = beside(
        &ingress(&paths(&["Prefix /", "Exact /a"]).replace(
            "path: '/a', backend: {service: {name: web",
            "path: '/a', backend: {service: {name: api",
        )),
        &[canary(&[("canary-weight", "10")], &paths(&["Prefix /"]))],
    );
    let rules = routes(&translation)[0]["spec"]["rules"].clone();
    assert_eq!(rules[0]["backendRefs"], split(90, 10));
    assert_eq!(
        rules[1]["backendRefs"],
        json!([{"name": "api", "port": 80}])
    );
    // Another host with the same Service.
    let host = paths(&["Prefix /"]);
    let other = host.replace("web.k8tre", "two.k8tre");
    let both = host.clone() + other.strip_prefix("rules:\n").unwrap();
    let translation = beside(
        &ingress(&both),
        &[canary(&[("canary-weight", "10")], &host)],
    );
    let routes = routes(&translation);
    assert_eq!(routes.len(), 1);
    assert_eq!(routes[0]["spec"]["rules"][0]["backendRefs"], split(90, 10));
}

#[test]
fn only_the_first_canary_counts() {
    let spec = paths(&["Prefix /"]);
    let mut first = canary(&[("canary-weight", "10")], &spec);
    first["metadata"]["creationTimestamp"] = "2025-01-01T00:00:00Z".into();
    let second = sibling(
        "second",
        &[("canary", "true"), ("canary-weight", "20")],
        &spec.replace("name: web", "name: newer"),
    );
    let translation = beside(&ingress(&spec), &[second.clone(), first.clone()]);
    let rules = &routes(&translation)[0]["spec"]["rules"];
    assert_eq!(rules[0]["backendRefs"], split(90, 10));
    // By another path with the same Service.
    let both = paths(&["Prefix /", "Prefix /a"]);
    let mut other = second;
    other["spec"]["rules"][0]["http"]["paths"][0]["path"] = "/a".into();
    let translation = beside(&ingress(&both), &[other, first]);
    let rules = &routes(&translation)[0]["spec"]["rules"];
    assert_eq!(rules[0]["backendRefs"], split(90, 10));
    assert_eq!(rules.as_array().map(Vec::len), Some(1));
}

#[test]
fn a_canary_by_cookie_makes_the_main_ingress_untranslatable() {
    let spec = paths(&["Prefix /"]);
    for annotation in [
        ("canary-by-cookie", "try"),
        ("canary-by-header-pattern", "a.*"),
    ] {
        let annotations = [("canary-by-header", "X-Try"), annotation];
        let translation = beside(&ingress(&spec), &[canary(&annotations, &spec)]);
        assert_eq!(
            lines(&translation.untranslatable),
            [
                "spec.rules[0].http.paths[0].path: canary `app/canary` selects requests by cookie or header \
                 pattern, which a route cannot"
            ]
        );
    }
}

#[test]
fn a_canary_of_another_namespace_must_be_added_by_hand() {
    let spec = paths(&["Prefix /"]);
    let mut object = canary(&[("canary-weight", "10")], &spec);
    object["metadata"]["namespace"] = "other".into();
    let translation = beside(&ingress(&spec), &[object]);
    assert_eq!(
        lines(&translation.blockers),
        [
            "spec.rules[0].host: canary `other/canary` is in another namespace; add its Service to the route, \
             and a ReferenceGrant"
        ]
    );
}

#[test]
fn a_canary_keeps_the_rewrite_and_the_filters_of_the_main_ingress() {
    let spec = paths(&["ImplementationSpecific /a(/|$)(.*)"]);
    let main = annotated(&[("rewrite-target", "/$2")], &spec);
    let object = canary(
        &[("canary-weight", "10"), ("canary-by-header", "X-Try")],
        &spec,
    );
    let translation = beside(&main, &[object]);
    let rules = routes(&translation)[0]["spec"]["rules"].clone();
    assert_eq!(rules.as_array().map(Vec::len), Some(3));
    for rule in rules.as_array().unwrap() {
        assert_eq!(
            rule["filters"],
            json!([{"type": "URLRewrite", "urlRewrite": {"path": {
                "type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}}}])
        );
    }
}

/// In ingress-nginx, the canary belongs to the Service of a path, even if a route does not need the path.
#[test]
fn a_canary_is_found_by_paths_that_are_no_rules() {
    let weight = ("canary-weight", "10");
    let redirect = ("permanent-redirect", "https://new.k8tre.internal/");
    let regex = ("use-regex", "true");
    let both = |path: &str| paths(&[path, "Prefix /x"]);
    let x = paths(&["Prefix /x"]);
    for (main, siblings) in [
        // Omitted, because NGINX never uses it.
        (
            annotated(&[regex], &both("Exact /")),
            vec![canary(&[weight], &paths(&["Exact /"]))],
        ),
        (
            annotated(&[("app-root", "/x")], &both("Exact /")),
            vec![canary(&[weight], &paths(&["Exact /"]))],
        ),
        // A redirect, which needs no Service.
        (
            ingress(&x),
            vec![
                sibling("other", &[redirect], &paths(&["Prefix /y"])),
                canary(&[weight], &paths(&["Prefix /y"])),
            ],
        ),
        // Untranslatable in another Ingress.
        (
            ingress(&x),
            vec![
                sibling(
                    "other",
                    &[regex],
                    &paths(&["ImplementationSpecific /y(?=z)"]),
                ),
                canary(&[weight], &paths(&["ImplementationSpecific /y(?=z)"])),
            ],
        ),
        // NGINX uses only the annotations `canary-…` of a canary.
        (ingress(&x), vec![canary(&[weight, redirect], &x)]),
        (
            ingress(&x),
            vec![canary(&[weight, ("rewrite-target", "/$9")], &x)],
        ),
    ] {
        let routes = routes(&beside(&main, &siblings));
        let rules = routes[0]["spec"]["rules"].as_array().unwrap();
        let splits: Vec<_> = rules
            .iter()
            .filter(|rule| rule["backendRefs"] == split(90, 10))
            .collect();
        assert_eq!(splits.len(), 1, "{main} {siblings:?}: {rules:?}");
    }
}

#[test]
fn the_port_of_a_canary_must_be_known() {
    let spec = paths(&["Prefix /"]);
    // `web` has a port `http`.
    let mut named = canary(&[("canary-weight", "100")], &spec);
    let path = &mut named["spec"]["rules"][0]["http"]["paths"][0];
    path["backend"]["service"] = json!({"name": "web", "port": {"name": "http"}});
    let routes = routes(&beside(&ingress(&spec), &[named]));
    let backends = &routes[0]["spec"]["rules"][0]["backendRefs"];
    assert_eq!(*backends, json!([{"name": "web", "port": 8080}]));
    let mut object = canary(&[("canary-weight", "10")], &spec);
    let path = &mut object["spec"]["rules"][0]["http"]["paths"][0];
    path["backend"]["service"] = json!({"name": "elsewhere", "port": {"name": "http"}});
    let expected = "spec.rules[0].http.paths[0].path: the port of canary `app/canary` is not known; set it in \
                    the route";
    let translation = beside(&ingress(&spec), std::slice::from_ref(&object));
    assert_eq!(lines(&translation.blockers), [expected]);
    // The canary's own translation names the field.
    let translation = beside(&object, &[sibling("main", &[], &spec)]);
    assert!(lines(&translation.blockers)[0].contains("cannot resolve port `http`"));
}

/// ingress-nginx reads the Service of the oldest Ingress with it: as a canary's, without a path, or as that of
/// a path, without a weight.
#[test]
fn a_service_of_a_canary_and_of_a_path_is_a_blocker() {
    let main = paths(&["Prefix /", "Prefix /new"]).replace(
        "path: '/new', backend: {service: {name: web",
        "path: '/new', backend: {service: {name: new",
    );
    let object = canary(&[("canary-weight", "10")], &paths(&["Prefix /"]));
    let expected = "Service `new:80` is also that of path `/new`: ingress-nginx ignores either the canary or \
                    the path, by their age; use another Service";
    let translation = beside(&ingress(&main), std::slice::from_ref(&object));
    assert_eq!(
        lines(&translation.blockers),
        [format!("spec.rules[0].host: {expected}")]
    );
    let translation = beside(&object, &[sibling("main", &[], &main)]);
    assert_eq!(
        lines(&translation.blockers),
        [format!("spec.rules[0].http.paths[0].path: {expected}")]
    );
    // An Ingress that has neither of them, and one with a Service of another namespace.
    let other = ingress(&paths(&["Prefix /x"]).replace("name: web", "name: api"));
    let third = [sibling("main", &[], &main), object.clone()];
    assert_eq!(lines(&beside(&other, &third).blockers), [""; 0]);
    let mut far = sibling("far", &[], &main);
    far["metadata"]["namespace"] = "other".into();
    let paths_of_web = paths(&["Prefix /"]);
    let far = [far, object.clone()];
    let translation = beside(&ingress(&paths_of_web), &far);
    assert!(!lines(&translation.blockers).join("\n").contains("Service"));
    // The same path: without effect, unless the canary is older.
    let spec = paths(&["Prefix /"]);
    for (created, blockers) in [("2025-01-02T00:00:00Z", 0), ("2025-01-01T00:00:00Z", 1)] {
        let mut main = ingress(&spec);
        main["metadata"]["creationTimestamp"] = "2025-01-01T12:00:00Z".into();
        let mut object = canary(&[("canary-weight", "10")], &spec);
        object["spec"] = main["spec"].clone();
        object["metadata"]["creationTimestamp"] = created.into();
        let translation = beside(&main, &[object]);
        assert_eq!(translation.blockers.len(), blockers, "{created}");
    }
}

#[test]
fn a_malformed_canary_is_an_error() {
    let spec = paths(&["Prefix /"]);
    let mut object = canary(&[("canary-weight", "10")], &spec);
    object["spec"]["rules"][0]["http"]["paths"][0]["backend"] = "new".into();
    let (canary, main) = (object.to_string(), sibling("main", &[], &spec).to_string());
    let read = |text| Node::parse(text).unwrap().object().unwrap();
    let translate =
        |ingress, sibling| translate(&read(ingress), &[read(sibling)], &OPTIONS, &lookup_port);
    assert!(translate(&canary, &main).is_err());
    // Its own translation reports it.
    assert!(translate(&main, &canary).unwrap().is_complete());
}

/// The default backend has the location `/`, which a canary does not replace.
#[test]
fn a_canary_of_the_default_backend_is_part_of_it() {
    let spec = format!(
        "defaultBackend: {{service: {{name: web, port: {{number: 80}}}}}}\n{}",
        paths(&["Prefix /a"]).replace("name: web", "name: api")
    );
    let object = canary(&[("canary-weight", "10")], &paths(&["Prefix /"]));
    let rules = routes(&beside(&ingress(&spec), &[object]))[0]["spec"]["rules"].clone();
    assert_eq!(rules[1]["matches"], root(json!(null)), "{rules}");
    assert_eq!(rules[1]["backendRefs"], split(90, 10));
}

#[test]
fn a_canary_older_than_its_main_ingress_is_still_a_canary() {
    let spec = paths(&["Prefix /"]);
    let mut object = canary(&[("canary-weight", "10")], &spec);
    object["metadata"]["creationTimestamp"] = "2025-01-01T00:00:00Z".into();
    let mut main = sibling("main", &[], &spec);
    main["metadata"]["creationTimestamp"] = "2025-01-02T00:00:00Z".into();
    let note = "spec.rules[0].http.paths[0].path: is part of the route of Ingress `app/main`";
    assert_eq!(lines(&beside(&object, &[main]).notes), [note]);
}

#[test]
fn a_canary_of_another_ingress_in_another_namespace_does_not_matter() {
    let spec = paths(&["Prefix /"]);
    let mut main = sibling("main", &[], &spec);
    let mut object = canary(&[("canary-weight", "10")], &spec);
    for object in [&mut main, &mut object] {
        object["metadata"]["namespace"] = "other".into();
    }
    let translation = beside(&ingress(&paths(&["Prefix /x"])), &[main, object]);
    let rules = &routes(&translation)[0]["spec"]["rules"];
    assert_eq!(
        rules[0]["backendRefs"],
        json!([{"name": "web", "port": 80}])
    );
}
