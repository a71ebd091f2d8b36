//! Annotations of ingress-nginx and other controllers.

use ingress2route::{ANNOTATIONS, ActiveWhen, Capabilities, Handling, Options, Translation};
use serde_json::{Value, json};

use crate::common::{
    OPTIONS, all_routes, annotated, convert, convert_with, ingress, lines, paths, routes,
};

/// Translates an Ingress with these annotations and the path `/`.
fn with(annotations: &[(&str, &str)]) -> Translation {
    convert(&annotated(annotations, &paths(&["Prefix /"])))
}

fn rule(translation: &Translation) -> Value {
    routes(translation)[0]["spec"]["rules"][0].clone()
}

fn at(name: &str, message: &str) -> String {
    format!("metadata.annotations[nginx.ingress.kubernetes.io/{name}]: {message}")
}

#[test]
fn untranslatable_annotations_are_reported_with_the_reason() {
    let translation = with(&[
        ("auth-url", "https://auth"),
        ("server-snippet", "return 200;"),
    ]);
    assert_eq!(
        lines(&translation.untranslatable),
        [
            at(
                "auth-url",
                "a route cannot authorize requests with an external service"
            ),
            at(
                "server-snippet",
                "is NGINX configuration, which ingress-nginx rejects by default"
            ),
        ]
    );
    // The rest is still translated.
    assert_eq!(translation.routes.len(), 1);
    assert!(!translation.is_complete());
}

/// Every annotation of the table, alone and with a value that has an effect.
#[test]
fn every_annotation_is_handled_as_the_table_says() {
    for known in ANNOTATIONS {
        let value = match known.active_when {
            ActiveWhen::True => "true",
            ActiveWhen::OneOf(values) => values[0],
            ActiveWhen::Networks | ActiveWhen::SomeNetworks => "10.0.0.0/8",
            ActiveWhen::TwoWords(_) => "a b",
            ActiveWhen::Url(_) => "https://a",
            _ => "7",
        };
        let mut annotations = vec![(known.name, value)];
        if known.name == "proxy-redirect-from" {
            annotations.push(("proxy-redirect-to", "/"));
        }
        let translation = with(&annotations);
        let untranslatable = !translation.untranslatable.is_empty();
        let notes = lines(&translation.notes);
        match known.handling {
            // The default Gateway has none of these features.
            Handling::Untranslatable | Handling::Needs(_) => {
                assert!(untranslatable, "{}", known.name);
            }
            Handling::Ignored => assert_eq!(notes.len(), 1, "{}", known.name),
            Handling::BuiltIn => assert!(translation.is_complete(), "{}", known.name),
            // The value may be invalid.
            Handling::Translated => {}
        }
        assert!(translation.unknown.is_empty() && translation.other_controllers.is_empty());
    }
}

#[test]
fn a_value_without_effect_is_ignored() {
    for (name, value) in [
        ("enable-cors", "false"),
        ("ssl-passthrough", "0"),
        ("auth-url", ""),
        ("proxy-body-size", "0"),
        ("limit-rps", "0"),
        ("proxy-redirect-from", "off"),
        ("canary", "false"),
        ("use-regex", "f"),
        ("whitelist-source-range", ""),
        ("whitelist-source-range", "0.0.0.0/0"),
    ] {
        let translation = with(&[(name, value)]);
        assert!(translation.is_complete(), "{name}: {translation:?}");
        assert_eq!(lines(&translation.notes), [""; 0], "{name}");
    }
}

#[test]
fn another_annotation_can_turn_one_off() {
    for (annotations, is_off) in [
        (
            [
                ("auth-tls-secret", "app/ca"),
                ("auth-tls-verify-client", "off"),
            ],
            true,
        ),
        (
            [
                ("auth-tls-secret", "app/ca"),
                ("auth-tls-verify-client", "optional"),
            ],
            false,
        ),
        (
            [
                ("auth-tls-secret", "app/ca"),
                ("auth-tls-verify-depth", "2"),
            ],
            false,
        ),
        (
            [
                ("proxy-redirect-from", "http://a/"),
                ("proxy-redirect-to", "off"),
            ],
            true,
        ),
        (
            [
                ("proxy-redirect-from", "http://a/"),
                ("proxy-redirect-to", "/"),
            ],
            false,
        ),
    ] {
        let translation = with(&annotations);
        assert_eq!(translation.is_complete(), is_off, "{annotations:?}");
        assert_eq!(
            translation.untranslatable.is_empty(),
            is_off,
            "{annotations:?}"
        );
    }
    assert!(with(&[("proxy-redirect-from", "http://a/")]).is_complete());
}

#[test]
fn a_value_that_ingress_nginx_ignores_is_noted() {
    for (name, value) in [
        ("affinity", "none"),
        ("enable-cors", "yes"),
        ("enable-modsecurity", "on"),
        ("limit-rate", "1m"),
        ("mirror-target", "a b"),
        ("proxy-body-size", "half"),
        ("proxy-cookie-domain", "a"),
        ("rewrite-target", "/a?b"),
        ("app-root", "/a?b"),
        ("use-regex", "1x"),
        ("canary", "yes"),
    ] {
        let translation = with(&[(name, value)]);
        assert!(translation.is_complete(), "{name}: {translation:?}");
        assert_eq!(
            lines(&translation.notes),
            [at(
                name,
                "ingress-nginx cannot read the value and ignores it"
            )]
        );
    }
}

#[test]
fn a_value_for_which_ingress_nginx_does_not_serve_the_ingress_must_be_fixed() {
    for (name, value) in [
        ("allowlist-source-range", ""),
        ("allowlist-source-range", "10.0.0.0/33"),
        ("auth-tls-secret", "a;b"),
        ("auth-type", "none"),
        ("auth-url", "off"),
        ("auth-url", "https://auth/\"x\""),
        ("custom-http-errors", "none"),
        ("default-backend", "a.b"),
        ("denylist-source-range", "all"),
        ("from-to-www-redirect", "yes"),
        ("limit-connections", "many"),
        ("limit-rpm", "1.5"),
        ("limit-rps", "5 "),
        ("permanent-redirect", "https://$host/x"),
        ("ssl-passthrough", "yes"),
        ("temporal-redirect", "https://a/#b"),
        ("server-alias", "~a%b"),
        ("upstream-hash-by", "\"a\""),
        ("upstream-vhost", "a b"),
        ("whitelist-source-range", " x"),
    ] {
        let translation = with(&[(name, value)]);
        assert_eq!(
            lines(&translation.blockers),
            [at(
                name,
                "ingress-nginx cannot read the value and does not serve the Ingress; fix or remove it"
            )],
            "{value}"
        );
        assert_eq!(lines(&translation.untranslatable), [""; 0], "{name}");
    }
}

#[test]
fn the_gateway_accepts_bodies_of_any_size() {
    for size in ["1m", "8m", "1024k", "1048576", "1g"] {
        let translation = with(&[("proxy-body-size", size)]);
        assert!(translation.is_complete(), "{size}");
        assert_eq!(
            lines(&translation.notes),
            [at(
                "proxy-body-size",
                "omitted: the Gateway does not limit the request size"
            )]
        );
    }
}

#[test]
fn a_part_without_its_main_annotation_has_no_effect() {
    let translation = with(&[("session-cookie-name", "route")]);
    assert!(translation.is_complete());
    assert_eq!(
        lines(&translation.notes),
        [at(
            "session-cookie-name",
            "has no effect without `affinity`"
        )]
    );
    // With the main annotation, only that one is reported.
    let translation = with(&[("session-cookie-name", "route"), ("affinity", "cookie")]);
    assert_eq!(translation.untranslatable.len(), 1);
    assert!(lines(&translation.notes).is_empty());
}

#[test]
fn unknown_annotations_do_not_require_ingress_nginx() {
    let translation = with(&[("auth-uri", "https://auth")]);
    assert_eq!(
        lines(&translation.unknown),
        [at(
            "auth-uri",
            "ingress-nginx does not know `auth-uri` and ignores it"
        )]
    );
    assert!(translation.untranslatable.is_empty());
    assert!(!translation.is_complete());
}

#[test]
fn annotations_of_other_controllers_are_not_translated() {
    let mut object = ingress(&paths(&["Prefix /"]));
    object["metadata"]["annotations"] = json!({
        "alb.ingress.kubernetes.io/scheme": "internet-facing",
        "traefik.ingress.kubernetes.io/router.middlewares": "app-auth@kubernetescrd",
        "cert-manager.io/cluster-issuer": "internal",
        "kubernetes.io/ingress.class": "nginx",
        "example.org/owner": "us",
    });
    let translation = convert(&object);
    assert_eq!(
        lines(&translation.other_controllers),
        [
            "metadata.annotations[alb.ingress.kubernetes.io/scheme]: not translated: only the AWS Load \
             Balancer Controller reads it",
            "metadata.annotations[traefik.ingress.kubernetes.io/router.middlewares]: not translated: only \
             Traefik reads it",
        ]
    );
    assert!(translation.untranslatable.is_empty() && translation.unknown.is_empty());
    assert!(!translation.is_complete());
}

#[test]
fn the_redirect_of_plain_http_is_built_in() {
    let translation = with(&[("ssl-redirect", "true"), ("force-ssl-redirect", "true")]);
    assert!(translation.is_complete() && lines(&translation.notes).is_empty());
    assert_eq!(rule(&translation).get("filters"), None);
    assert_eq!(
        lines(&with(&[("ssl-redirect", "false")]).notes),
        [at(
            "ssl-redirect",
            "cannot be disabled: the Gateway redirects all plain HTTP"
        )]
    );
}

#[test]
fn a_redirect_replaces_backend_and_rewrite() {
    let translation = convert(&annotated(
        &[
            ("permanent-redirect", "https://new.k8tre.internal/start"),
            ("rewrite-target", "/x"),
            ("upstream-vhost", "web.k8tre.internal"),
            ("proxy-read-timeout", "60"),
        ],
        // The port of the Service is not looked up.
        &paths(&["Prefix /a", "Exact /b"]).replace("number: 80", "name: absent"),
    ));
    assert_eq!(
        routes(&translation)[0]["spec"]["rules"],
        json!([{
            "matches": [
                {"path": {"type": "RegularExpression", "value": "(?i)/a.*"}},
                {"path": {"type": "RegularExpression", "value": "(?i)/b.*"}},
                {"path": {"type": "PathPrefix", "value": "/"}},
            ],
            "filters": [{"type": "RequestRedirect", "requestRedirect": {
                "hostname": "new.k8tre.internal",
                "path": {"type": "ReplaceFullPath", "replaceFullPath": "/start"}, "statusCode": 301}}],
        }])
    );
}

/// ingress-nginx gives the location `/` of the host the same annotations.
#[test]
fn a_redirect_applies_to_the_whole_host() {
    let redirect = [("permanent-redirect", "https://new.k8tre.internal/x")];
    let translation = convert(&annotated(&redirect, &paths(&["Exact /a"])));
    assert_eq!(
        rule(&translation)["matches"],
        json!([
            {"path": {"type": "Exact", "value": "/a"}},
            {"path": {"type": "PathPrefix", "value": "/"}},
        ])
    );
    let options = Options {
        nginx: false,
        ..OPTIONS
    };
    let object = annotated(&redirect, &paths(&["Exact /a"]));
    let translation = convert_with(&object, &options);
    assert_eq!(
        rule(&translation)["matches"].as_array().map(Vec::len),
        Some(1)
    );
}

#[test]
fn redirects_are_limited_to_the_statuses_of_routes() {
    let to = "https://new.k8tre.internal";
    let status = |annotations: &[(&str, &str)]| {
        let filter = rule(&with(annotations))["filters"][0].clone();
        filter["requestRedirect"]["statusCode"].clone()
    };
    assert_eq!(status(&[("permanent-redirect", to)]), 301);
    assert_eq!(status(&[("temporal-redirect", to)]), 302);
    assert_eq!(
        status(&[
            ("permanent-redirect", to),
            ("permanent-redirect-code", "302")
        ]),
        302
    );
    // ingress-nginx replaces an invalid status with its default.
    assert_eq!(
        status(&[
            ("permanent-redirect", to),
            ("permanent-redirect-code", "200")
        ]),
        301
    );
    assert_eq!(
        status(&[("temporal-redirect", to), ("permanent-redirect", to)]),
        302
    );
    for code in ["303", "307", "308"] {
        let annotations = [
            ("permanent-redirect", to),
            ("permanent-redirect-code", code),
        ];
        assert_eq!(status(&annotations).to_string(), code);
        let old = Options {
            capabilities: Capabilities::new(4, 20, None),
            ..OPTIONS
        };
        let object = annotated(&annotations, &paths(&["Prefix /"]));
        assert_eq!(
            lines(&convert_with(&object, &old).untranslatable),
            [at(
                "permanent-redirect-code",
                &format!("a route cannot redirect with status {code} before Gateway API 1.5")
            )]
        );
    }
    let translation = with(&[
        ("permanent-redirect", to),
        ("permanent-redirect-code", "304"),
    ]);
    assert_eq!(
        lines(&translation.untranslatable),
        [at(
            "permanent-redirect-code",
            "a route cannot redirect with status 304"
        )]
    );
}

/// A redirect that names the listener's own scheme never applies in Cilium 1.20.
#[test]
fn a_redirect_names_only_another_scheme() {
    for (url, expected) in [
        ("https://new.k8tre.internal", json!(null)),
        ("HTTPS://new.k8tre.internal/", json!(null)),
        ("http://new.k8tre.internal", json!("http")),
    ] {
        let redirect = rule(&with(&[("permanent-redirect", url)]))["filters"][0].clone();
        assert_eq!(redirect["requestRedirect"]["scheme"], expected, "{url}");
    }
    // Behind a load balancer that terminates TLS.
    let mut options = OPTIONS;
    options.gateway.section_name = Some("http");
    for (url, expected) in [
        ("https://new.k8tre.internal", json!("https")),
        ("http://new.k8tre.internal", json!(null)),
    ] {
        let object = annotated(&[("permanent-redirect", url)], &paths(&["Prefix /"]));
        let redirect = rule(&convert_with(&object, &options))["filters"][0].clone();
        assert_eq!(redirect["requestRedirect"]["scheme"], expected, "{url}");
    }
    // Without a scheme, a redirect to a path would lead to plain HTTP.
    for annotation in [
        ("permanent-redirect", "/new"),
        ("app-root", "/app"),
        ("from-to-www-redirect", "true"),
    ] {
        let object = annotated(&[annotation], &paths(&["Prefix /", "Prefix /a/"]));
        let text = convert_with(&object, &options).to_yaml();
        let count = |text: &str, part: &str| text.matches(part).count();
        assert_eq!(
            count(&text, "scheme: https"),
            count(&text, "requestRedirect:"),
            "{text}"
        );
        assert!(count(&text, "requestRedirect:") > 1, "{text}");
    }
}

#[test]
fn a_redirect_keeps_the_query_unlike_nginx() {
    let note = "the Gateway keeps the query of the request (`?a=b`), NGINX drops it";
    for (name, value, expected) in [
        ("permanent-redirect", "https://new.k8tre.internal/x", true),
        ("temporal-redirect", "https://new.k8tre.internal", true),
        ("app-root", "/ui", true),
        (
            "permanent-redirect",
            "https://new.k8tre.internal$request_uri",
            false,
        ),
    ] {
        let notes = lines(&with(&[(name, value)]).notes);
        assert_eq!(notes.contains(&at(name, note)), expected, "{name} {value}");
    }
}

#[test]
fn a_redirect_can_keep_the_path() {
    let translation = with(&[(
        "permanent-redirect",
        "https://new.k8tre.internal:8443$request_uri",
    )]);
    assert_eq!(
        rule(&translation)["filters"][0]["requestRedirect"],
        json!({"hostname": "new.k8tre.internal", "port": 8443, "statusCode": 301})
    );
    let translation = with(&[("permanent-redirect", "https://new.k8tre.internal/?x")]);
    assert_eq!(
        lines(&translation.untranslatable),
        [at(
            "permanent-redirect",
            "`https://new.k8tre.internal/?x` has a query or fragment, which a route cannot redirect to"
        )]
    );
}

#[test]
fn filters_may_use_only_hosts_in_the_domain() {
    let translation = with(&[("permanent-redirect", "https://example.org")]);
    assert_eq!(
        lines(&translation.blockers),
        [at(
            "permanent-redirect",
            "`example.org`: routes may redirect only to hosts in `k8tre.internal`"
        )]
    );
    let translation = with(&[("upstream-vhost", "web.app.svc.cluster.local")]);
    assert_eq!(
        lines(&translation.blockers),
        [at(
            "upstream-vhost",
            "`web.app.svc.cluster.local`: routes may rewrite hostnames only to those in `k8tre.internal`"
        )]
    );
}

#[test]
fn app_root_precedes_a_redirect_of_all_requests() {
    let redirects = [
        ("app-root", "/ui"),
        ("permanent-redirect", "https://b.k8tre.internal/"),
    ];
    let translation = convert(&annotated(&redirects, &paths(&["Prefix /"])));
    let rules = &routes(&translation)[0]["spec"]["rules"];
    let redirect = |rule: usize| &rules[rule]["filters"][0]["requestRedirect"];
    assert_eq!(rules[0]["matches"][0]["path"]["type"], "Exact");
    assert_eq!(redirect(0)["path"]["replaceFullPath"], "/ui");
    assert_eq!(rules[1]["matches"][0]["path"]["type"], "PathPrefix");
    assert_eq!(redirect(1)["hostname"], "b.k8tre.internal");
    // It is the only rule if there is no other path.
    let translation = convert(&annotated(&[("app-root", "/ui")], &paths(&["Exact /"])));
    let rules = routes(&translation)[0]["spec"]["rules"].clone();
    assert_eq!(rules.as_array().map(Vec::len), Some(1));
}

#[test]
fn app_root_becomes_a_redirect_of_the_exact_path() {
    let spec = paths(&["Prefix /", "Exact /"]);
    let translation = convert(&annotated(&[("app-root", "/ui/")], &spec));
    let rules = &routes(&translation)[0]["spec"]["rules"];
    assert_eq!(
        rules[0],
        json!({
            "matches": [{"path": {"type": "Exact", "value": "/"}}],
            "filters": [{"type": "RequestRedirect", "requestRedirect": {
                "path": {"type": "ReplaceFullPath", "replaceFullPath": "/ui/"}, "statusCode": 302}}],
        })
    );
    assert_eq!(
        rules[1]["matches"],
        json!([{"path": {"type": "PathPrefix", "value": "/"}}])
    );
    assert_eq!(
        lines(&translation.notes),
        [
            at(
                "app-root",
                "the Gateway keeps the query of the request (`?a=b`), NGINX drops it"
            ),
            "spec.rules[0].http.paths[1].path: omitted: `app-root` redirects this path".to_owned(),
        ]
    );
}

#[test]
fn path_and_host_are_rewritten_in_one_filter() {
    let translation = convert(&annotated(
        &[
            ("rewrite-target", "/x"),
            ("upstream-vhost", "web.k8tre.internal"),
            ("x-forwarded-prefix", "/a"),
        ],
        &paths(&["Exact /a"]),
    ));
    assert_eq!(
        rule(&translation)["filters"],
        json!([
            {"type": "RequestHeaderModifier", "requestHeaderModifier": {
                "set": [{"name": "X-Forwarded-Prefix", "value": "/a"}]}},
            {"type": "URLRewrite", "urlRewrite": {"hostname": "web.k8tre.internal",
                "path": {"type": "ReplaceFullPath", "replaceFullPath": "/x"}}},
        ])
    );
    let translation = with(&[("x-forwarded-prefix", "/a")]);
    assert_eq!(
        lines(&translation.notes),
        [at(
            "x-forwarded-prefix",
            "has no effect without `rewrite-target`"
        )]
    );
}

#[test]
fn a_timeout_between_reads_does_not_limit_the_whole_request() {
    for name in ["proxy-read-timeout", "proxy-send-timeout"] {
        let translation = with(&[(name, "3600")]);
        assert_eq!(rule(&translation)["timeouts"], json!({"request": "0s"}));
        assert_eq!(
            lines(&translation.notes),
            [at(
                name,
                "becomes no limit in total, as in NGINX; without data, Cilium ends a stream after 5 minutes, \
                 NGINX after 3600 s"
            )]
        );
    }
    // As long as in Cilium.
    assert!(
        lines(&with(&[("proxy-read-timeout", "300")]).notes)
            .iter()
            .all(|it| !it.contains("timeout"))
    );
    for value in ["60s", "-1", "0", "1.5"] {
        let translation = with(&[("proxy-read-timeout", value)]);
        assert_eq!(rule(&translation).get("timeouts"), None);
        assert_eq!(
            lines(&translation.notes),
            [at(
                "proxy-read-timeout",
                "has no effect: ingress-nginx requires a number of seconds"
            )]
        );
    }
}

#[test]
fn grpc_backends_become_a_grpcroute() {
    let translation = convert(&annotated(
        &[("backend-protocol", "GRPC"), ("proxy-read-timeout", "60")],
        &paths(&[
            "Prefix /",
            "Prefix /pkg.Users",
            "Exact /pkg.Users/Get",
            "Prefix /pkg.Users/List/",
        ]),
    ));
    let route = &routes(&translation)[0];
    assert_eq!(route["kind"], "GRPCRoute");
    assert_eq!(
        route["spec"]["rules"],
        json!([{
            "matches": [
                {},
                {"method": {"service": "pkg.Users"}},
                {"method": {"service": "pkg.Users", "method": "Get"}},
                {"method": {"service": "pkg.Users", "method": "List"}},
            ],
            "backendRefs": [{"name": "web", "port": 80}],
        }])
    );
    assert_eq!(
        lines(&translation.notes),
        [at(
            "proxy-read-timeout",
            "omitted: a GRPCRoute has no timeouts"
        )]
    );
    // A rule without matches matches every request.
    let translation = with(&[("backend-protocol", "grpc")]);
    assert_eq!(
        rule(&translation),
        json!({"backendRefs": [{"name": "web", "port": 80}]})
    );
}

#[test]
fn paths_that_are_not_grpc_methods_are_untranslatable() {
    for path in [
        "Exact /",
        "Exact /pkg.Users",
        "Prefix /a-b",
        "Prefix /a/b/c",
        "Prefix /1a",
    ] {
        let grpc = [("backend-protocol", "GRPC")];
        let translation = convert(&annotated(&grpc, &paths(&[path])));
        assert_eq!(translation.untranslatable.len(), 1, "{path}");
        assert!(translation.routes.is_empty(), "{path}");
    }
    for name in [
        "rewrite-target",
        "permanent-redirect",
        "app-root",
        "upstream-vhost",
    ] {
        let translation = with(&[("backend-protocol", "GRPC"), (name, "/x")]);
        assert_eq!(
            lines(&translation.untranslatable),
            [at(name, "a GRPCRoute cannot do this")]
        );
    }
}

#[test]
fn other_backend_protocols_are_untranslatable() {
    for protocol in ["HTTPS", "GRPCS", "FCGI", "AUTO_HTTP", "https"] {
        assert_eq!(
            with(&[("backend-protocol", protocol)]).untranslatable.len(),
            1,
            "{protocol}"
        );
    }
    let translation = with(&[("backend-protocol", "HTTP3")]);
    assert!(translation.is_complete());
    assert_eq!(
        lines(&translation.notes),
        [at(
            "backend-protocol",
            "ingress-nginx does not know protocol `HTTP3` and uses HTTP"
        )]
    );
}

/// A route for the canary alone would receive all of the traffic.
#[test]
fn a_canary_by_weight_gets_no_route() {
    let translation = with(&[("canary", "true"), ("canary-weight", "10")]);
    assert!(translation.routes.is_empty() && translation.untranslatable.is_empty());
    assert_eq!(
        lines(&translation.blockers),
        [at(
            "canary-weight",
            "a weight needs the route of the main Ingress: translate both together, or add this Service to its \
             `backendRefs` with `weight: 10`"
        )]
    );
    let translation = with(&[("canary", "true")]);
    assert!(translation.routes.is_empty());
    assert_eq!(
        lines(&translation.blockers),
        [at(
            "canary",
            "a canary without weight or header receives no requests"
        )]
    );
}

#[test]
fn a_canary_by_header_becomes_a_header_match() {
    let header = [("canary", "true"), ("canary-by-header", "X-Try")];
    let rule = |translation: &Translation| all_routes(translation)[0]["spec"]["rules"][0].clone();
    let translation = with(&header);
    assert_eq!(
        rule(&translation)["matches"],
        json!([{"path": {"type": "PathPrefix", "value": "/"},
            "headers": [{"name": "X-Try", "value": "always"}]}])
    );
    // ingress-nginx returns 404 for the host.
    assert_eq!(
        lines(&translation.blockers),
        [at(
            "canary",
            "NGINX serves a canary only beside the main Ingress: translate both together"
        )]
    );
    let mut value = header.to_vec();
    value.push(("canary-by-header-value", "yes"));
    let translation = with(&value);
    assert_eq!(
        rule(&translation)["matches"][0]["headers"][0]["value"],
        "yes"
    );
    // A weight in addition still belongs in the main route.
    value.push(("canary-weight", "10"));
    let translation = with(&value);
    assert_eq!(translation.blockers.len(), 2);
    assert_eq!(translation.routes.len(), 1);
}

#[test]
fn a_canary_by_cookie_or_pattern_is_untranslatable() {
    for (name, value) in [
        ("canary-by-cookie", "try"),
        ("canary-by-header-pattern", "a.*"),
    ] {
        let translation = with(&[
            ("canary", "true"),
            ("canary-by-header", "X-Try"),
            (name, value),
        ]);
        assert_eq!(translation.untranslatable.len(), 1, "{name}");
        assert!(translation.routes.is_empty(), "{name}");
    }
}

#[test]
fn an_alias_becomes_a_hostname() {
    let translation = with(&[("server-alias", "w.k8tre.internal, www.example.org")]);
    let hostnames: Vec<Value> = all_routes(&translation)
        .iter()
        .map(|route| route["spec"]["hostnames"].clone())
        .collect();
    assert_eq!(
        hostnames,
        [
            json!(["web.k8tre.internal", "w.k8tre.internal"]),
            json!(["www.example.org"])
        ]
    );
    assert_eq!(translation.blockers.len(), 1, "outside the domain");
    let translation = with(&[("server-alias", r"~^w\d+\.k8tre\.internal$")]);
    assert_eq!(
        lines(&translation.untranslatable),
        [at(
            "server-alias",
            r"`~^w\d+\.k8tre\.internal$` is a regular expression; a route requires literal hostnames"
        )]
    );
}

#[test]
fn custom_headers_must_be_copied_from_the_config_map() {
    let translation = with(&[("custom-headers", "app/headers")]);
    assert_eq!(
        lines(&translation.blockers),
        [at(
            "custom-headers",
            "copy the headers from ConfigMap `app/headers` into a ResponseHeaderModifier filter of each rule"
        )]
    );
}

#[test]
fn from_to_www_redirect_becomes_a_second_route() {
    let www = [("from-to-www-redirect", "true")];
    let translation = with(&www);
    let routes = all_routes(&translation);
    assert_eq!(routes[1]["metadata"]["name"], "web-www-web-k8tre-internal");
    assert_eq!(
        routes[1]["spec"]["hostnames"],
        json!(["www.web.k8tre.internal"])
    );
    assert_eq!(
        routes[1]["spec"]["rules"],
        json!([{
            "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
            "filters": [{"type": "RequestRedirect", "requestRedirect": {
                "hostname": "web.k8tre.internal", "statusCode": 308}}],
        }])
    );
    assert!(!lines(&translation.notes).join("").contains("301"));
    assert_eq!(
        lines(&translation.blockers)[0],
        at(
            "from-to-www-redirect",
            "`www.web.k8tre.internal` is more than one label below `k8tre.internal`, so the Gateway's \
             certificate does not cover it; use `www-web.k8tre.internal`"
        )
    );
    // From `www.` to the name without it, unless the Ingress has a rule for that name.
    let spec = paths(&["Prefix /"]).replace("web.k8tre.internal", "www.example.org");
    let routes = all_routes(&convert(&annotated(&www, &spec)));
    assert_eq!(routes[1]["spec"]["hostnames"], json!(["example.org"]));
    let both = spec.clone()
        + spec
            .replace("www.example.org", "example.org")
            .strip_prefix("rules:\n")
            .unwrap();
    let routes = all_routes(&convert(&annotated(&www, &both)));
    assert_eq!(routes.len(), 1);
}
