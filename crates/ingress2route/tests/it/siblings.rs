//! Ingresses of the same host.

use ingress2route::Translation;
use serde_json::Value;

use crate::common::{OPTIONS, all_routes, convert_group, ingress, lines, paths, routes, sibling};

fn beside(ingress: &Value, siblings: &[Value]) -> Translation {
    convert_group(ingress, siblings, &OPTIONS)
}

/// Returns the values of all matches.
fn values(translation: &Translation) -> Vec<String> {
    let routes = all_routes(translation);
    let rules = routes
        .iter()
        .flat_map(|route| route["spec"]["rules"].as_array().unwrap());
    let matches = rules.flat_map(|rule| rule["matches"].as_array().unwrap());
    let text = |item: &Value| item["path"]["value"].as_str().unwrap().to_owned();
    matches.map(text).collect()
}

#[test]
fn regular_expressions_apply_to_the_whole_host() {
    let plain = ingress(&paths(&["Prefix /bar", "Exact /foo"]));
    for annotations in [("use-regex", "true"), ("rewrite-target", "/new")] {
        let other = sibling("other", &[annotations], &paths(&["Prefix /other"]));
        let translation = beside(&plain, &[other]);
        assert!(translation.is_complete());
        assert_eq!(
            values(&translation),
            ["(?i)/bar.*", "(?i)/foo.*"],
            "{annotations:?}"
        );
    }
    // Without effect: the same path as the target, a value that ingress-nginx ignores, another host.
    for (annotations, path) in [
        (("rewrite-target", "/"), "Prefix /"),
        (("rewrite-target", "/a b"), "Prefix /other"),
        (("use-regex", "yes"), "Prefix /other"),
    ] {
        let other = sibling("other", &[annotations], &paths(&[path]));
        assert_eq!(
            values(&beside(&plain, &[other])),
            ["/bar", "/foo"],
            "{annotations:?}"
        );
    }
    let spec = paths(&["Prefix /other"]).replace("web.k8tre", "other.k8tre");
    let other = sibling("other", &[("use-regex", "true")], &spec);
    assert_eq!(values(&beside(&plain, &[other])), ["/bar", "/foo"]);
    // A canary has no locations.
    let canary = [("use-regex", "true"), ("canary", "true")];
    let other = sibling("other", &canary, &paths(&["Prefix /bar"]));
    assert_eq!(values(&beside(&plain, &[other])), ["/bar", "/foo"]);
}

/// The location `/` has the annotations of the oldest Ingress, unless another one has that path.
#[test]
fn the_default_location_counts() {
    let rewrite = [("rewrite-target", "/app")];
    let mut other = sibling("other", &rewrite, &paths(&["Prefix /app"]));
    other["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z".into();
    let plain = ingress(&paths(&["Prefix /bar"]));
    assert_eq!(
        values(&beside(&plain, std::slice::from_ref(&other))),
        ["(?i)/bar.*"]
    );
    let root = ingress(&paths(&["Prefix /bar", "Prefix /"]));
    assert_eq!(
        values(&beside(&root, std::slice::from_ref(&other))),
        ["/bar", "/"]
    );
    // The translated Ingress is older.
    let mut older = plain;
    older["metadata"]["creationTimestamp"] = "2025-01-01T00:00:00Z".into();
    assert_eq!(values(&beside(&older, &[other])), ["/bar"]);
}

#[test]
fn other_controllers_do_not_merge_ingresses() {
    let options = ingress2route::Options {
        nginx: false,
        ..OPTIONS
    };
    let other = sibling(
        "other",
        &[("use-regex", "true")],
        &paths(&["Prefix /other"]),
    );
    let translation = convert_group(&ingress(&paths(&["Prefix /bar/"])), &[other], &options);
    // Nor do they redirect `/bar`, or normalize paths as NGINX does.
    assert_eq!(values(&translation), ["/bar/"]);
    assert!(translation.notes.is_empty());
}

#[test]
fn the_path_of_an_older_ingress_applies() {
    let spec = paths(&["Prefix /a", "Exact /a"]);
    let other = |created: &str| {
        let mut other = sibling("other", &[], &paths(&["Prefix /a"]));
        other["metadata"]["creationTimestamp"] = created.into();
        other
    };
    let mut web = ingress(&spec);
    web["metadata"]["creationTimestamp"] = "2026-01-02T00:00:00Z".into();
    let translation = beside(&web, &[other("2026-01-01T00:00:00Z")]);
    assert_eq!(
        lines(&translation.blockers),
        [
            "spec.rules[0].http.paths[0].path: `/a` is also a path of Ingress `app/other`, which applies if it \
             is older; remove one of them"
        ]
    );
    assert_eq!(values(&translation), ["/a"]);
    let translation = beside(&web, &[other("2026-01-03T00:00:00Z")]);
    assert!(translation.is_complete());
    assert_eq!(values(&translation), ["/a", "/a"]);
    // Of the same age: the last in the alphabet. An Ingress that is being created is the youngest.
    assert!(beside(&web, &[other("2026-01-02T00:00:00Z")]).is_complete());
    assert!(!beside(&ingress(&spec), &[other("2026-01-02T00:00:00Z")]).is_complete());
    // The namespace counts before the name.
    let mut far = sibling("zzz", &[], &paths(&["Prefix /a"]));
    far["metadata"]["namespace"] = "aaa".into();
    assert!(beside(&ingress(&spec), &[far]).is_complete());
    // The same path with another type is another path.
    let exact = sibling("zzz", &[], &paths(&["Exact /b"]));
    assert!(beside(&ingress(&paths(&["Prefix /b"])), &[exact]).is_complete());
}

#[test]
fn the_default_backend_of_the_oldest_ingress_applies() {
    let spec = format!(
        "defaultBackend: {{service: {{name: rest, port: {{number: 80}}}}}}\n{}",
        paths(&["Prefix /a"])
    );
    let older = sibling("zzz", &[], &paths(&["Prefix /b"]));
    let translation = beside(&ingress(&spec), &[older]);
    assert_eq!(values(&translation), ["/a"]);
    assert_eq!(
        lines(&translation.notes)[1..],
        ["spec.defaultBackend: is ignored for a host of the older Ingress `app/zzz`"]
    );
    let younger = sibling("aaa", &[], &paths(&["Prefix /b"]));
    assert_eq!(values(&beside(&ingress(&spec), &[younger])), ["/a", "/"]);
    let root = sibling("aaa", &[], &paths(&["Prefix /"]));
    assert_eq!(values(&beside(&ingress(&spec), &[root])), ["/a"]);
}

/// NGINX redirects `/` of the host, whichever Ingress has `app-root` or the path.
#[test]
fn app_root_applies_to_the_whole_host() {
    let spec = paths(&["Exact /", "Prefix /a"]);
    let other =
        |annotations: &[(&str, &str)]| sibling("other", annotations, &paths(&["Prefix /b"]));
    let translation = beside(&ingress(&spec), &[other(&[("app-root", "/b")])]);
    assert_eq!(values(&translation), ["/a"]);
    assert_eq!(
        lines(&translation.notes),
        ["spec.rules[0].http.paths[0].path: omitted: `app-root` redirects this path"]
    );
    let canary = [("app-root", "/b"), ("canary", "true")];
    let new = paths(&["Prefix /b"]).replace("name: web", "name: new");
    let canary = sibling("other", &canary, &new);
    let translation = beside(&ingress(&spec), std::slice::from_ref(&canary));
    assert_eq!(values(&translation), ["/", "/a"]);
    // A canary says that it gets nothing.
    let no_requests = [("canary", "true"), ("canary-weight", "10")];
    let no_requests = sibling("canary", &no_requests, &paths(&["Exact /"]));
    let notes = beside(&no_requests, &[other(&[("app-root", "/b")])]).notes;
    assert!(lines(&notes)[0].contains("gets no requests"), "{notes:?}");
    // One of several targets applies.
    let own = sibling("web", &[("app-root", "/a")], &spec);
    let same = other(&[("app-root", "/a")]);
    assert!(beside(&own, &[same]).is_complete());
    assert!(beside(&own, &[canary]).is_complete());
    assert_eq!(
        lines(&beside(&own, &[other(&[("app-root", "/b")])]).blockers),
        ["spec.rules[0].host: has another `app-root` in Ingress `app/other`; remove one of them"]
    );
}

#[test]
fn annotations_of_the_server_apply_to_the_whole_host() {
    for (name, value) in [
        ("auth-tls-secret", "app/ca"),
        ("ssl-passthrough", "true"),
        ("server-snippet", "return 403;"),
    ] {
        let other = sibling("other", &[(name, value)], &paths(&["Prefix /b"]));
        let translation = beside(&ingress(&paths(&["Prefix /a"])), &[other]);
        assert_eq!(
            lines(&translation.untranslatable),
            [format!(
                "spec.rules[0].host: `{name}` of Ingress `app/other` applies to the whole host"
            )]
        );
    }
    let other = sibling(
        "other",
        &[("auth-url", "https://a")],
        &paths(&["Prefix /b"]),
    );
    assert!(beside(&ingress(&paths(&["Prefix /a"])), &[other]).is_complete());
}

#[test]
fn paths_of_other_ingresses_keep_their_place() {
    let rewrite = [("rewrite-target", "/$2")];
    let api = sibling(
        "api",
        &rewrite,
        &paths(&["ImplementationSpecific /api(/|$)(.*)"]),
    );
    // Cilium tries the expression first, NGINX the longer path of the other Ingress.
    let translation = beside(
        &ingress(&paths(&["Prefix /ap"])),
        std::slice::from_ref(&api),
    );
    assert_eq!(
        lines(&translation.untranslatable),
        [
            "spec.rules[0].http.paths[0].path: `/ap` overlaps `/api(/|$)(.*)` of Ingress `app/api`, and the \
             Gateway would try them in another order than NGINX"
        ]
    );
    let translation = beside(&api, &[ingress(&paths(&["Prefix /ap"]))]);
    assert_eq!(translation.untranslatable.len(), 1);
    // A longer segment and the root do not overlap, or come last.
    let segment = ingress(&paths(&["Prefix /apis"]));
    assert!(beside(&api, &[segment]).is_complete());
    let translation = beside(&ingress(&paths(&["Prefix /apis", "Prefix /"])), &[api]);
    assert!(translation.is_complete(), "{translation:?}");
    assert_eq!(values(&translation), ["(?i)/apis.*", "/"]);
    // Expressions of the same length in two routes have no certain order.
    let regex = [("use-regex", "true")];
    let other = sibling("other", &regex, &paths(&["ImplementationSpecific /a.c"]));
    let translation = beside(&ingress(&paths(&["Prefix /abc"])), &[other]);
    assert_eq!(translation.untranslatable.len(), 1);
}

#[test]
fn a_malformed_sibling_is_skipped() {
    let mut other = sibling("other", &[("use-regex", "true")], &paths(&["Prefix /b"]));
    other["spec"]["rules"][0]["http"] = "".into();
    let plain = ingress(&paths(&["Prefix /a"]));
    assert!(beside(&plain, &[other]).is_complete());
    assert_eq!(
        routes(&beside(&plain, &[Value::from(serde_json::Map::new())])).len(),
        1
    );
    let mut other = sibling("other", &[], &paths(&["Prefix /b"]));
    other["spec"]["rules"][0]["http"]["paths"][0]["pathType"] = "Regex".into();
    assert!(beside(&plain, &[other]).is_complete());
}

/// A path that matches everything is no duplicate of `/`: NGINX tries it first.
#[test]
fn a_longer_path_that_matches_everything_comes_first() {
    let all = sibling(
        "all",
        &[("rewrite-target", "/$1")],
        &paths(&["ImplementationSpecific /(.*)"]),
    );
    let root = ingress(&paths(&["Prefix /"]));
    for (ingress, other) in [(&all, &root), (&root, &all)] {
        let translation = beside(ingress, std::slice::from_ref(other));
        assert_eq!(translation.untranslatable.len(), 1, "{translation:?}");
    }
}

#[test]
fn too_many_paths_are_not_compared() {
    let many: Vec<_> = (0..1000).map(|index| format!("Prefix /{index}")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    let regex = [("use-regex", "true")];
    let spec = paths(&["ImplementationSpecific /a.c"]);
    let few = sibling("other", &regex, &spec);
    // With the default backend of the host, these are 1000.
    let translation = beside(&ingress(&paths(&many[2..])), std::slice::from_ref(&few));
    assert!(translation.is_complete());
    let translation = beside(&ingress(&paths(&many[1..])), &[few]);
    assert_eq!(
        lines(&translation.untranslatable),
        ["spec.rules[0].host: has too many paths to compare them"]
    );
}
