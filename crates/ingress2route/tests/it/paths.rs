//! Paths and what they match.

use ingress2route::{Options, Translation};
use serde_json::{Value, json};

use crate::common::{
    OPTIONS, all_routes, annotated, convert, convert_group, convert_with, ingress, lines, paths,
    routes, sibling,
};

/// Returns the matches of the first rule, as `type value`.
fn matches(translation: &Translation) -> Vec<String> {
    let rules = &all_routes(translation)[0]["spec"]["rules"];
    let matches = rules[0]["matches"].as_array().unwrap().iter();
    matches
        .map(|item| {
            let text = |key: &str| item["path"][key].as_str().unwrap().to_owned();
            format!("{} {}", text("type"), text("value"))
        })
        .collect()
}

fn path(translation: &Translation) -> Value {
    all_routes(translation)[0]["spec"]["rules"][0].clone()
}

const OTHER_CONTROLLER: Options<'static> = Options {
    nginx: false,
    ..OPTIONS
};

#[test]
fn path_types_become_match_types() {
    let spec = paths(&["Prefix /a", "Exact /a", "ImplementationSpecific /b/"]);
    let translation = convert(&ingress(&spec));
    // NGINX redirects `/b` to `/b/`.
    assert_eq!(
        matches(&translation),
        ["PathPrefix /a", "Exact /a", "PathPrefix /b/"]
    );
    assert!(translation.is_complete() && lines(&translation.notes).is_empty());
}

#[test]
fn an_empty_path_matches_the_whole_host() {
    let spec = paths(&["ImplementationSpecific "]);
    assert_eq!(matches(&convert(&ingress(&spec))), ["PathPrefix /"]);
    let spec = spec.replace("path: '', ", "");
    let translation = convert(&ingress(&spec));
    assert_eq!(matches(&translation), ["PathPrefix /"]);
    assert!(translation.is_complete());
}

#[test]
fn implementation_specific_is_a_prefix_in_nginx() {
    let translation = convert(&ingress(&paths(&["ImplementationSpecific /app"])));
    assert_eq!(matches(&translation), ["PathPrefix /app"]);
    assert_eq!(lines(&translation.notes), [""; 0]);
    let translation = convert(&ingress(&paths(&["ImplementationSpecific /*"])));
    assert_eq!(matches(&translation), ["PathPrefix /*"]);
    assert_eq!(
        lines(&translation.notes),
        [
            "spec.rules[0].http.paths[0].path: `/*` is matched literally, because `use-regex` is not set"
        ]
    );
}

#[test]
fn implementation_specific_is_untranslatable_for_other_controllers() {
    for path in ["/*", "/app/*", "/a(b)"] {
        let spec = paths(&[&format!("ImplementationSpecific {path}")]);
        let translation = convert_with(&ingress(&spec), &OTHER_CONTROLLER);
        assert_eq!(
            lines(&translation.untranslatable),
            [format!(
                "spec.rules[0].http.paths[0].path: `{path}` depends on the controller \
                 (ImplementationSpecific); use Prefix or Exact"
            )]
        );
        assert!(translation.routes.is_empty());
    }
    // Except if it has no special characters.
    let spec = paths(&["ImplementationSpecific /app"]);
    let translation = convert_with(&ingress(&spec), &OTHER_CONTROLLER);
    assert_eq!(matches(&translation), ["PathPrefix /app"]);
}

#[test]
fn paths_that_the_crd_rejects_are_untranslatable() {
    let long = format!("/{}", "a".repeat(1024));
    for (path, reason) in [
        ("/a//b", "contains `//`"),
        ("/a/./b", "contains `/./`"),
        ("/a%2fb", "contains `%2f`"),
        ("/a#b", "contains `#`"),
        ("/a b", "contains characters that must be percent-encoded"),
        (&long, "is longer than 1024 characters"),
    ] {
        let kept = "Prefix /kept";
        let spec = paths(&[&format!("ImplementationSpecific {path}"), kept]);
        let translation = convert(&ingress(&spec));
        let [diagnostic] = &translation.untranslatable[..] else {
            panic!("{path}: {translation:?}");
        };
        assert!(
            diagnostic
                .message
                .ends_with(&format!(" {reason}, which Gateway API does not allow")),
            "{diagnostic}"
        );
        assert_eq!(diagnostic.path, "spec.rules[0].http.paths[0].path");
        assert_eq!(matches(&translation), ["PathPrefix /kept"]);
    }
}

#[test]
fn the_first_backend_of_a_duplicate_path_applies() {
    let path = |path: &str, service: &str| {
        format!(
            "{{pathType: Prefix, path: {path}, backend: {{service: {{name: {service}, port: {{number: 80}}}}}}}}"
        )
    };
    let spec = format!(
        "rules:\n- host: web.k8tre.internal\n  http: {{paths: [{}, {}, {}]}}\n",
        path("/a", "one"),
        path("/a", "two"),
        path("/a/", "three"),
    );
    let translation = convert(&ingress(&spec));
    let rules = &routes(&translation)[0]["spec"]["rules"];
    assert_eq!(rules.as_array().unwrap().len(), 1);
    assert_eq!(
        rules[0]["backendRefs"],
        json!([{"name": "one", "port": 80}])
    );
    assert_eq!(
        lines(&translation.notes),
        [
            "spec.rules[0].http.paths[1].path: duplicates path `/a`: the first one applies (`one:80`), \
             and `two:80` is ignored",
            "spec.rules[0].http.paths[2].path: duplicates path `/a`: the first one applies (`one:80`), \
             and `three:80` is ignored",
        ]
    );
}

#[test]
fn a_duplicate_path_with_the_same_backend_is_not_reported() {
    let translation = convert(&ingress(&paths(&["Prefix /a", "Prefix /a", "Prefix /a/"])));
    assert_eq!(matches(&translation), ["PathPrefix /a", "PathPrefix /a/"]);
    assert!(lines(&translation.notes).is_empty());
}

#[test]
fn a_regular_expression_is_kept_if_both_engines_match_the_same() {
    let regex = [("use-regex", "true")];
    for (path, expected) in [
        ("/v[0-9]+/users", "(?i)/v[0-9]+/users.*"),
        ("/files/.*", "(?i)/files/.*"),
        ("/(a|b)$", "(?i)/(a|b)$"),
    ] {
        let spec = paths(&[&format!("ImplementationSpecific {path}")]);
        let translation = convert(&annotated(&regex, &spec));
        assert_eq!(
            matches(&translation),
            [format!("RegularExpression {expected}")]
        );
        assert!(translation.is_complete());
    }
    for path in ["/(?!admin).*", "/a|b", "/(a"] {
        let spec = paths(&[&format!("ImplementationSpecific {path}")]);
        let translation = convert(&annotated(&regex, &spec));
        assert_eq!(
            lines(&translation.untranslatable),
            [format!(
                "spec.rules[0].http.paths[0].path: `{path}` may match other paths in the Gateway (RE2) than \
                 in NGINX (PCRE)"
            )]
        );
        assert!(translation.routes.is_empty());
    }
}

#[test]
fn use_regex_also_applies_to_plain_paths() {
    let translation = convert(&annotated(
        &[("use-regex", "true")],
        &paths(&["Prefix /v1.0", "Exact /a", "Prefix /"]),
    ));
    assert_eq!(
        matches(&translation),
        [
            "RegularExpression (?i)/v1.0.*",
            "RegularExpression (?i)/a.*",
            "PathPrefix /",
        ]
    );
}

#[test]
fn regular_expressions_keep_the_order_of_nginx() {
    let path = |path: &str, service: &str| {
        format!(
            "{{pathType: ImplementationSpecific, path: '{path}', backend: {{service: {{name: {service}, port: \
             {{number: 80}}}}}}}}"
        )
    };
    let convert = |annotations: &[(&str, &str)], paths: &[String]| {
        let spec = format!(
            "rules:\n- host: web.k8tre.internal\n  http: {{paths: [{}]}}\n",
            paths.join(", ")
        );
        convert(&annotated(annotations, &spec))
    };
    let regex = [("use-regex", "true")];
    let all = |translation: &Translation| {
        let rules = all_routes(translation)[0]["spec"]["rules"].clone();
        let rules = rules.as_array().unwrap().clone().into_iter();
        let regexes = rules.map(|rule| {
            rule["matches"][0]["path"]["value"]
                .as_str()
                .unwrap()
                .to_owned()
        });
        regexes.collect::<Vec<_>>()
    };
    // NGINX and Cilium try the longer path first.
    let translation = convert(&regex, &[path("/api/.*", "a"), path("/api/v[12]/.*", "b")]);
    assert_eq!(all(&translation), ["(?i)/api/.*", "(?i)/api/v[12]/.*"]);
    assert!(translation.is_complete());
    // With `.*` for one of them only, the shorter path would become the longer expression.
    let translation = convert(&regex, &[path("/ap.*", "a"), path("/api", "b")]);
    assert_eq!(all(&translation), ["(?i)/ap.*.*", "(?i)/api.*"]);
    assert!(translation.is_complete());
    let translation = convert(&regex, &[path("/a.*", "a"), path("/apis", "b")]);
    assert_eq!(all(&translation), ["(?i)/a.*", "(?i)/apis.*"]);
    assert!(translation.is_complete());
    // Cilium does not order expressions of the same length.
    let translation = convert(&regex, &[path("/a.c", "a"), path("/abc", "b")]);
    assert_eq!(
        lines(&translation.untranslatable),
        [
            "spec.rules[0].http.paths[1].path: `/abc` overlaps `/a.c`, and the Gateway would try them in \
             another order than NGINX"
        ]
    );
    // The order does not matter for the same Service.
    let translation = convert(&regex, &[path("/a.c", "a"), path("/abc", "a")]);
    assert!(translation.is_complete());
    // It tries expressions before the prefix that a rewrite replaces.
    let rewrite = [("rewrite-target", "/$2")];
    let translation = convert(
        &rewrite,
        &[path("/api(/|$)(.*)", "a"), path("/ap(i|p)(.*)", "b")],
    );
    assert_eq!(
        lines(&translation.untranslatable),
        [
            "spec.rules[0].http.paths[1].path: cannot rewrite `/ap(i|p)(.*)` to `/$2`: a route replaces a \
             prefix or the whole path"
        ]
    );
    // No conflict: a shorter prefix, a path that does not overlap, or the same backend.
    let rest = path("/", "rest");
    for other in [rest, path("/b/.*", "b"), path("/API/v[12]/.*", "a")] {
        let translation = convert(&regex, &[path("/api/.*", "a"), other]);
        assert!(translation.is_complete(), "{translation:?}");
    }
}

#[test]
fn an_exact_path_is_a_prefix_beside_regular_expressions() {
    let spec = "rules:\n- host: web.k8tre.internal\n  http:\n    paths:\n    \
         - {pathType: Exact, path: /a, backend: {service: {name: exact, port: {number: 80}}}}\n";
    let prefix =
        "    - {pathType: Prefix, path: /a, backend: {service: {name: web, port: {number: 80}}}}\n";
    let sibling = sibling("regex", &[("use-regex", "true")], &paths(&["Prefix /b"]));
    let convert =
        |spec: &str| convert_group(&ingress(spec), std::slice::from_ref(&sibling), &OPTIONS);
    // The exact path takes all requests.
    let translation = convert(&format!("{spec}{prefix}"));
    assert_eq!(
        lines(&translation.untranslatable),
        [
            "spec.rules[0].http.paths[0].path: `/a` overlaps `/a`, and the Gateway would try them in another \
             order than NGINX"
        ]
    );
    // The prefix takes those below it.
    let first = spec.find("    - ").unwrap();
    let translation = convert(&format!("{}{prefix}{}", &spec[..first], &spec[first..]));
    let rules = &routes(&translation)[0]["spec"]["rules"];
    assert_eq!(rules[0]["matches"][0]["path"]["value"], "(?i)/a/.*");
    assert_eq!(rules[1]["matches"][0]["path"]["value"], "(?i)/a.*");
}

#[test]
fn a_literal_rewrite_replaces_the_whole_path() {
    let rewrite = [("rewrite-target", "/new")];
    let translation = convert(&annotated(&rewrite, &paths(&["Prefix /old", "Exact /old"])));
    assert_eq!(
        path(&translation),
        json!({
            "matches": [
                {"path": {"type": "RegularExpression", "value": "(?i)/old.*"}},
            ],
            "filters": [{"type": "URLRewrite", "urlRewrite": {"path": {
                "type": "ReplaceFullPath", "replaceFullPath": "/new"}}}],
            "backendRefs": [{"name": "web", "port": 80}],
        })
    );
    assert_eq!(
        lines(&translation.notes),
        [
            "metadata.annotations[nginx.ingress.kubernetes.io/rewrite-target]: all requests below `/old` \
          reach the backend as `/new`; to keep the rest of the path, use ReplacePrefixMatch"
        ]
    );
}

#[test]
fn a_rewrite_that_removes_the_prefix_is_translated() {
    let rewrite = [("use-regex", "true"), ("rewrite-target", "/$2")];
    let spec = paths(&[
        "ImplementationSpecific /a(/|$)(.*)",
        "ImplementationSpecific /b(/|$)(.*)",
    ]);
    let translation = convert(&annotated(&rewrite, &spec));
    let rules = &routes(&translation)[0]["spec"]["rules"];
    // The CRD allows only one match in a rule with such a rewrite.
    for (index, prefix) in ["/a", "/b"].into_iter().enumerate() {
        let rule = &rules[index];
        assert_eq!(
            rule["matches"],
            json!([{"path": {"type": "PathPrefix", "value": prefix}}])
        );
        let expected = json!([{"type": "URLRewrite", "urlRewrite": {"path": {
            "type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}}}]);
        assert_eq!(rule["filters"], expected);
    }
}

#[test]
fn a_prefix_can_be_replaced_by_another_one() {
    let spec = paths(&["ImplementationSpecific /a(/|$)(.*)"]);
    let translation = convert(&annotated(&[("rewrite-target", "/b/c/$2")], &spec));
    assert_eq!(matches(&translation), ["PathPrefix /a"]);
    assert_eq!(
        routes(&translation)[0]["spec"]["rules"][0]["filters"],
        json!([{"type": "URLRewrite", "urlRewrite": {"path": {
            "type": "ReplacePrefixMatch", "replacePrefixMatch": "/b/c"}}}])
    );
    // NGINX always appends the slash of the target.
    let note = "NGINX rewrites `/a` to `/b/c/`, the route to `/b/c`";
    assert!(
        lines(&translation.notes)
            .iter()
            .any(|it| it.ends_with(note))
    );
}

#[test]
fn a_rewrite_to_the_same_path_is_omitted() {
    for (path, target, expected) in [
        ("/(.*)", "/$1", "PathPrefix /"),
        ("/api/(.*)", "/api/$1", "RegularExpression (?i)/api/(.*)"),
        ("/", "/", "PathPrefix /"),
    ] {
        let spec = paths(&[&format!("ImplementationSpecific {path}")]);
        let translation = convert(&annotated(&[("rewrite-target", target)], &spec));
        assert!(translation.is_complete());
        assert_eq!(matches(&translation), [expected]);
        assert_eq!(
            routes(&translation)[0]["spec"]["rules"][0].get("filters"),
            None
        );
    }
}

/// A route would send a literal `$1` to the backend.
#[test]
fn other_rewrites_with_capture_groups_are_untranslatable() {
    for (path, target) in [
        ("/a/(.*)", "/$1"),
        ("/a(/|$)(.*)", "/b$2"),
        ("/a/(.*)/(.*)", "/$2/$1"),
        ("/plain", "/$1"),
    ] {
        let spec = paths(&[&format!("ImplementationSpecific {path}")]);
        let translation = convert(&annotated(&[("rewrite-target", target)], &spec));
        assert_eq!(translation.untranslatable.len(), 1, "{path} {target}");
        assert!(translation.routes.is_empty(), "{path} {target}");
    }
}

/// `proxy_pass` in a location that ends in a slash makes NGINX redirect the path without it.
#[test]
fn a_path_with_a_trailing_slash_redirects_the_path_without_it() {
    let redirect = json!({
        "matches": [{"path": {"type": "Exact", "value": "/a"}}],
        "filters": [{"type": "RequestRedirect", "requestRedirect": {
            "path": {"type": "ReplaceFullPath", "replaceFullPath": "/a/"}, "statusCode": 301}}],
    });
    for path in ["Prefix /a/", "Exact /a/", "ImplementationSpecific /a/"] {
        let translation = convert(&ingress(&paths(&[path])));
        let rules = &routes(&translation)[0]["spec"]["rules"];
        assert_eq!(rules.as_array().unwrap().len(), 2, "{path}");
        assert_eq!(rules[1], redirect, "{path}");
    }
    for other in ["Prefix /a", "Exact /a"] {
        let translation = convert(&ingress(&paths(&["Prefix /a/", other])));
        assert_eq!(
            routes(&translation)[0]["spec"]["rules"]
                .as_array()
                .unwrap()
                .len(),
            1
        );
    }
    // Regular expressions redirect nothing, and `/` has no path without the slash.
    let translation = convert(&annotated(
        &[("use-regex", "true")],
        &paths(&["Prefix /a/", "Prefix /"]),
    ));
    assert_eq!(
        matches(&translation),
        ["RegularExpression (?i)/a/.*", "PathPrefix /"]
    );
    // Nor if another Ingress has that path.
    let other = sibling("other", &[], &paths(&["Exact /a"]));
    let translation = convert_group(&ingress(&paths(&["Prefix /a/"])), &[other], &OPTIONS);
    assert_eq!(matches(&translation), ["PathPrefix /a/"]);
    assert_eq!(
        routes(&translation)[0]["spec"]["rules"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn differences_are_noted_with_an_example() {
    let notes = |translation: &Translation| {
        let notes = translation.notes.iter();
        let notes =
            notes.filter_map(|note| Some(format!("{}: {}", note.difference?.code(), note.message)));
        notes.collect::<Vec<_>>()
    };
    assert_eq!(
        notes(&convert(&ingress(&paths(&["Prefix /", "Prefix /a"])))),
        [
            "path-normalization: NGINX decodes and normalizes the path before it matches it, the Gateway does \
             not: `/x/../a` no longer matches"
        ]
    );
    assert_eq!(
        notes(&convert(&ingress(&paths(&["Prefix /"])))),
        [
            "path-normalization: NGINX answers 400 to paths such as `/..`, which the Gateway forwards"
        ]
    );
    // `app-root` is the only rule.
    let app_root = annotated(&[("app-root", "/ui")], &paths(&["Exact /"]));
    assert!(notes(&convert(&app_root)).contains(
        &"path-normalization: NGINX decodes and normalizes the path before it matches it, the Gateway does not: \
          `/x/../` no longer matches"
            .to_owned()
    ));
    let rewrite = [("rewrite-target", "/$2")];
    let spec = paths(&["ImplementationSpecific /app(/|$)(.*)"]);
    assert_eq!(
        notes(&convert(&annotated(&rewrite, &spec)))[..2],
        [
            "path-case: NGINX ignores the case of `/app`, the route does not: `/APP` no longer matches",
            "rewrite-normalization: NGINX decodes and normalizes the rest of the path, the Gateway sends it \
             unchanged: `/app//a%2Fb`",
        ]
    );
    // A gRPC method is a path for NGINX.
    let grpc = [("backend-protocol", "GRPC")];
    assert_eq!(
        notes(&convert(&annotated(&grpc, &paths(&["Prefix /a.B"])))),
        [
            "path-normalization: NGINX decodes and normalizes the path before it matches it, the Gateway does \
             not: `/x/../a.B` no longer matches"
        ]
    );
    assert_eq!(
        notes(&convert(&ingress(&paths(&["Prefix /", "Prefix /a%20b"]))))[..1],
        [
            "encoded-path: NGINX compares `/a%20b` with the decoded path, in which `%` was `%25`; the Gateway \
             compares it with the path as sent"
        ]
    );
    let translation = convert_with(&ingress(&paths(&["Prefix /a%20b"])), &OTHER_CONTROLLER);
    assert_eq!(notes(&translation), [""; 0]);
}

/// Each host has a prefix `/`, even if no Ingress has it: NGINX tries it before another path `/`.
#[test]
fn an_exact_root_never_applies_beside_regular_expressions() {
    let regex = [("use-regex", "true")];
    let default = "defaultBackend: {service: {name: web, port: {number: 80}}}\n";
    let exact = paths(&["Exact /", "Prefix /a"]);
    for (spec, expected) in [
        (exact.clone(), vec!["RegularExpression (?i)/a.*"]),
        (
            format!("{default}{exact}"),
            vec!["RegularExpression (?i)/a.*", "PathPrefix /"],
        ),
        (
            paths(&["Exact /", "Prefix /"]).replacen("name: web", "name: exact", 1),
            vec!["PathPrefix /"],
        ),
    ] {
        let translation = convert(&annotated(&regex, &spec));
        assert_eq!(matches(&translation), expected);
        let routes = all_routes(&translation)[0].to_string();
        assert!(!routes.contains("exact"), "{routes}");
        assert_eq!(
            lines(&translation.notes).last().map(String::as_str),
            Some(
                "spec.rules[0].http.paths[0].path: omitted: NGINX tries the prefix `/` of the host first"
            )
        );
    }
    let translation = convert(&annotated(&regex, &paths(&["Exact /"])));
    assert_eq!(
        lines(&translation.blockers),
        ["spec.rules[0].host: has no paths that apply, and the Ingress has no default backend"]
    );
    // A sibling makes it a regular expression. Without one, it applies.
    let plain = ingress(&exact);
    let other = sibling("regex", &regex, &paths(&["Prefix /b"]));
    let translation = convert_group(&plain, &[other], &OPTIONS);
    assert_eq!(matches(&translation), ["RegularExpression (?i)/a.*"]);
    assert_eq!(matches(&convert(&plain)), ["Exact /", "PathPrefix /a"]);
}
