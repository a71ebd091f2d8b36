//! What annotations ask for.

use ingress2route::{ANNOTATIONS, Effect, Fate, Translation};
use serde_json::{Value, json};

use crate::common::{all_routes, annotated, convert, ingress, lines, paths, routes};

/// What is said of an Ingress with these annotations and the path `/`.
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
fn what_has_no_equal_is_named_with_the_reason() {
    let translation = with(&[
        ("auth-url", "https://auth"),
        ("server-snippet", "return 200;"),
    ]);
    assert_eq!(
        lines(&translation.untranslatable),
        [
            at(
                "auth-url",
                "asks another service about each request; routes may not (ExternalAuth)"
            ),
            at("server-snippet", "is NGINX configuration"),
        ]
    );
    // The rest is translated all the same.
    assert_eq!(translation.routes.len(), 1);
    assert!(!translation.is_complete());
}

/// Every annotation of the table, alone and with a value that does something.
#[test]
fn every_annotation_has_its_fate() {
    for known in ANNOTATIONS {
        let value = match known.effect {
            Effect::True => "true",
            _ => "7",
        };
        let translation = with(&[(known.name, value)]);
        let forced = !translation.untranslatable.is_empty();
        let said = lines(&translation.notes);
        match known.fate {
            Fate::Untranslatable => assert!(forced, "{}", known.name),
            Fate::Ignorable => assert_eq!(said.len(), 1, "{}", known.name),
            Fate::Satisfied => assert!(translation.is_complete(), "{}", known.name),
            // Whether the value makes sense is another matter.
            Fate::Translated => {}
        }
        assert!(translation.unknown.is_empty() && translation.foreign.is_empty());
    }
}

#[test]
fn a_value_without_effect_forces_nothing() {
    for (name, value) in [
        ("enable-cors", "false"),
        ("ssl-passthrough", "no"),
        ("auth-url", ""),
        ("proxy-body-size", "0"),
        ("limit-rps", "0"),
        ("proxy-redirect-from", "off"),
        ("canary", "false"),
        ("use-regex", "1x"),
    ] {
        let translation = with(&[(name, value)]);
        assert!(translation.is_complete(), "{name}: {translation:?}");
        assert_eq!(lines(&translation.notes), [""; 0], "{name}");
    }
}

#[test]
fn a_part_without_the_whole_has_no_effect() {
    let translation = with(&[("session-cookie-name", "route")]);
    assert!(translation.is_complete());
    assert_eq!(
        lines(&translation.notes),
        [at(
            "session-cookie-name",
            "has no effect without `affinity`"
        )]
    );
    // With it, the whole is what is named.
    let translation = with(&[("session-cookie-name", "route"), ("affinity", "cookie")]);
    assert_eq!(translation.untranslatable.len(), 1);
    assert!(translation.notes.is_empty());
}

#[test]
fn what_ingress_nginx_does_not_know_buys_no_exemption() {
    let translation = with(&[("auth-uri", "https://auth")]);
    assert_eq!(
        lines(&translation.unknown),
        [at(
            "auth-uri",
            "ingress-nginx has no annotation `auth-uri` and ignores it"
        )]
    );
    assert!(translation.untranslatable.is_empty());
    assert!(!translation.is_complete());
}

#[test]
fn annotations_of_other_controllers_are_not_understood() {
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
        lines(&translation.foreign),
        [
            "metadata.annotations[alb.ingress.kubernetes.io/scheme]: not understood: only the AWS Load \
             Balancer Controller reads it",
            "metadata.annotations[traefik.ingress.kubernetes.io/router.middlewares]: not understood: only \
             Traefik reads it",
        ]
    );
    assert!(translation.untranslatable.is_empty() && translation.unknown.is_empty());
    assert!(!translation.is_complete());
}

#[test]
fn the_gateway_redirects_plain_http_for_all() {
    let translation = with(&[("ssl-redirect", "true"), ("force-ssl-redirect", "true")]);
    assert!(translation.is_complete() && translation.notes.is_empty());
    assert_eq!(rule(&translation).get("filters"), None);
    assert_eq!(
        lines(&with(&[("ssl-redirect", "false")]).notes),
        [at(
            "ssl-redirect",
            "cannot be kept: the gateway redirects all plain HTTP"
        )]
    );
}

#[test]
fn a_redirect_stands_in_for_backend_and_rewrite() {
    let translation = convert(&annotated(
        &[
            ("permanent-redirect", "https://new.k8tre.internal/start"),
            ("rewrite-target", "/x"),
            ("upstream-vhost", "web.k8tre.internal"),
            ("proxy-read-timeout", "60"),
        ],
        // Neither is the port of the Service of interest.
        &paths(&["Prefix /a", "Exact /b"]).replace("number: 80", "name: absent"),
    ));
    assert_eq!(
        routes(&translation)[0]["spec"]["rules"],
        json!([{
            "matches": [
                {"path": {"type": "PathPrefix", "value": "/a"}},
                {"path": {"type": "Exact", "value": "/b"}},
            ],
            "filters": [{"type": "RequestRedirect", "requestRedirect": {
                "scheme": "https", "hostname": "new.k8tre.internal",
                "path": {"type": "ReplaceFullPath", "replaceFullPath": "/start"}, "statusCode": 301}}],
        }])
    );
}

#[test]
fn redirects_have_the_statuses_that_routes_have() {
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
    // What ingress-nginx does not take is its default.
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
    let translation = with(&[
        ("permanent-redirect", to),
        ("permanent-redirect-code", "308"),
    ]);
    assert_eq!(
        lines(&translation.untranslatable),
        [at(
            "permanent-redirect-code",
            "status 308: a route redirects with 301 or 302"
        )]
    );
}

#[test]
fn a_redirect_that_keeps_the_path_keeps_it() {
    let translation = with(&[(
        "permanent-redirect",
        "https://new.k8tre.internal:8443$request_uri",
    )]);
    assert_eq!(
        rule(&translation)["filters"][0]["requestRedirect"],
        json!({"scheme": "https", "hostname": "new.k8tre.internal", "port": 8443, "statusCode": 301})
    );
    let translation = with(&[("permanent-redirect", "https://$host/x")]);
    assert_eq!(
        lines(&translation.untranslatable),
        [at(
            "permanent-redirect",
            "`https://$host/x` holds an NGINX variable"
        )]
    );
}

#[test]
fn filters_may_name_hosts_of_the_plane_alone() {
    let translation = with(&[("permanent-redirect", "https://example.org")]);
    assert_eq!(
        lines(&translation.obstacles),
        [at(
            "permanent-redirect",
            "`example.org`: routes may redirect within `k8tre.internal` alone"
        )]
    );
    let translation = with(&[("upstream-vhost", "web.app.svc.cluster.local")]);
    assert_eq!(
        lines(&translation.obstacles),
        [at(
            "upstream-vhost",
            "`web.app.svc.cluster.local`: routes may rewrite hosts to `k8tre.internal` alone"
        )]
    );
}

#[test]
fn the_root_of_the_app_is_a_redirect_of_its_own() {
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
        ["spec.rules[0].http.paths[1].path: left out: `app-root` redirects it"]
    );
}

#[test]
fn a_rewrite_of_path_and_host_is_one_filter_beside_one_of_headers() {
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
fn the_longest_timeout_is_that_of_the_request() {
    for (read, send, expected) in [
        ("3600", "60", json!({"request": "3600s"})),
        ("60", "3600", json!({"request": "3600s"})),
        ("99999", "1", json!({"request": "99999s"})),
        // The CRD takes five digits.
        ("100000", "1", json!({"request": "28h"})),
        ("4294967295", "1", json!({"request": "99999h"})),
    ] {
        let translation = with(&[("proxy-read-timeout", read), ("proxy-send-timeout", send)]);
        assert_eq!(rule(&translation)["timeouts"], expected);
    }
    for value in ["60s", "-1", "0", "1.5"] {
        let translation = with(&[("proxy-read-timeout", value)]);
        assert_eq!(rule(&translation).get("timeouts"), None);
        assert_eq!(
            lines(&translation.notes),
            [at(
                "proxy-read-timeout",
                "has no effect: ingress-nginx wants a number of seconds"
            )]
        );
    }
}

#[test]
fn grpc_backends_are_a_grpcroute() {
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
            "left out: a GRPCRoute has no timeouts"
        )]
    );
    // A rule without matches takes every call.
    let translation = with(&[("backend-protocol", "grpc")]);
    assert_eq!(
        rule(&translation),
        json!({"backendRefs": [{"name": "web", "port": 80}]})
    );
}

#[test]
fn what_is_no_grpc_call_is_untranslatable() {
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
            [at(name, "a GRPCRoute cannot redirect or rewrite")]
        );
    }
}

#[test]
fn protocols_that_routes_do_not_speak_are_untranslatable() {
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
            "ingress-nginx knows no protocol `HTTP3` and takes HTTP"
        )]
    );
}

/// On its own it would take all of the traffic that it is to have a share of.
#[test]
fn a_canary_alone_is_no_route() {
    let translation = with(&[("canary", "true"), ("canary-weight", "10")]);
    assert!(translation.routes.is_empty() && translation.untranslatable.is_empty());
    assert_eq!(
        lines(&translation.obstacles),
        [at(
            "canary-weight",
            "a share means nothing alone: add this Service to the `backendRefs` of the main Ingress's \
             route, with `weight: 10`"
        )]
    );
    let translation = with(&[("canary", "true")]);
    assert!(translation.routes.is_empty());
    assert_eq!(
        lines(&translation.obstacles),
        [at(
            "canary",
            "a canary without weight or header gets no requests"
        )]
    );
}

#[test]
fn a_canary_by_header_is_a_route_for_requests_with_it() {
    let header = [("canary", "true"), ("canary-by-header", "X-Try")];
    let translation = with(&header);
    assert_eq!(
        rule(&translation)["matches"],
        json!([{"path": {"type": "PathPrefix", "value": "/"},
            "headers": [{"name": "X-Try", "value": "always"}]}])
    );
    let mut value = header.to_vec();
    value.push(("canary-by-header-value", "yes"));
    let translation = with(&value);
    assert_eq!(
        rule(&translation)["matches"][0]["headers"][0]["value"],
        "yes"
    );
    // A weight beside it is for the main route still.
    value.push(("canary-weight", "10"));
    let translation = with(&value);
    assert_eq!(translation.obstacles.len(), 1);
    assert_eq!(translation.routes.len(), 1);
}

#[test]
fn a_canary_by_cookie_or_pattern_forces_nginx() {
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
fn an_alias_is_another_hostname() {
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
    assert_eq!(translation.obstacles.len(), 1, "outside of the domain");
    let translation = with(&[("server-alias", r"~^w\d+\.k8tre\.internal$")]);
    assert_eq!(
        lines(&translation.untranslatable),
        [at(
            "server-alias",
            r"`~^w\d+\.k8tre\.internal$` is an expression; routes have names of hosts"
        )]
    );
}

#[test]
fn headers_of_a_config_map_are_for_the_author_to_write() {
    let translation = with(&[("custom-headers", "app/headers")]);
    assert_eq!(
        lines(&translation.obstacles),
        [at(
            "custom-headers",
            "write the headers of ConfigMap `app/headers` into a ResponseHeaderModifier of each rule"
        )]
    );
}

#[test]
fn the_name_with_www_is_redirected_to_the_one_without() {
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
                "hostname": "web.k8tre.internal", "statusCode": 301}}],
        }])
    );
    assert_eq!(
        lines(&translation.obstacles)[0],
        at(
            "from-to-www-redirect",
            "`www.web.k8tre.internal` is more than one label below `k8tre.internal`, which the Gateway's \
             certificate does not cover; write `www-web.k8tre.internal`"
        )
    );
    // The other way round, unless the Ingress has a rule for it.
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
