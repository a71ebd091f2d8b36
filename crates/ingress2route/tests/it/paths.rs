//! Paths and what they match.

use ingress2route::{Options, Translation};
use serde_json::{Value, json};

use crate::common::{
    OPTIONS, all_routes, annotated, convert, convert_with, ingress, lines, paths, routes,
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
    assert_eq!(
        matches(&translation),
        ["PathPrefix /a", "Exact /a", "PathPrefix /b/"]
    );
    assert!(translation.is_complete() && translation.notes.is_empty());
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
    assert_eq!(
        lines(&translation.notes),
        [
            "spec.rules[0].http.paths[0].path: NGINX also matches `/appx`; a route matches whole path \
          segments"
        ]
    );
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
    assert!(translation.notes.is_empty());
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
fn use_regex_does_not_change_plain_paths() {
    let translation = convert(&annotated(
        &[("use-regex", "true")],
        &paths(&["Prefix /v1.0", "Exact /a"]),
    ));
    assert_eq!(matches(&translation), ["PathPrefix /v1.0", "Exact /a"]);
}

#[test]
fn overlapping_regular_expressions_are_untranslatable() {
    let path = |path: &str, service: &str| {
        format!(
            "{{pathType: ImplementationSpecific, path: '{path}', backend: {{service: {{name: {service}, port: \
             {{number: 80}}}}}}}}"
        )
    };
    let convert = |paths: &[String]| {
        let spec = format!(
            "rules:\n- host: web.k8tre.internal\n  http: {{paths: [{}]}}\n",
            paths.join(", ")
        );
        convert(&annotated(&[("use-regex", "true")], &spec))
    };
    // NGINX tries the longer path first; the precedence in a route is undefined.
    let translation = convert(&[path("/api/.*", "a"), path("/api/v[12]/.*", "b")]);
    assert_eq!(
        lines(&translation.untranslatable),
        [
            "spec.rules[0].http.paths[0].path: `/api/.*` overlaps `/api/v[12]/.*`, and Gateway API does not \
          define which one takes precedence"
        ]
    );
    // A prefix longer than the expression takes precedence in NGINX, but not in Cilium.
    let translation = convert(&[path("/a.*", "a"), path("/api/v1", "b")]);
    assert_eq!(translation.untranslatable.len(), 1);
    // No conflict: a shorter prefix, a path that does not overlap, or the same backend.
    let rest = path("/", "rest");
    for other in [rest, path("/b/.*", "b"), path("/API/v[12]/.*", "a")] {
        let translation = convert(&[path("/api/.*", "a"), other]);
        assert!(translation.is_complete(), "{translation:?}");
    }
}

#[test]
fn a_literal_rewrite_replaces_the_whole_path() {
    let rewrite = [("rewrite-target", "/new")];
    let translation = convert(&annotated(&rewrite, &paths(&["Prefix /old", "Exact /old"])));
    assert_eq!(
        path(&translation),
        json!({
            "matches": [
                {"path": {"type": "PathPrefix", "value": "/old"}},
                {"path": {"type": "Exact", "value": "/old"}},
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
        ("/a(/|$)(.*)", "/b/$2"),
        ("/a/(.*)/(.*)", "/$2/$1"),
        ("/(a)(.*)", "/(a)$1"),
        ("/plain", "/$1"),
    ] {
        let spec = paths(&[&format!("ImplementationSpecific {path}")]);
        let translation = convert(&annotated(&[("rewrite-target", target)], &spec));
        assert_eq!(translation.untranslatable.len(), 1, "{path} {target}");
        assert!(translation.routes.is_empty(), "{path} {target}");
    }
}
