//! What depends on the versions of Gateway API and Cilium, with versions that have it.

use ingress2route::{Capabilities, Options, Translation};
use serde_json::{Value, json};

use crate::common::{
    DOMAIN, OPTIONS, all_routes, annotated, convert, convert_group, convert_with, lines, paths,
    routes, sibling,
};

fn with(annotations: &[(&str, &str)]) -> Translation {
    let auth_backends = ["auth/verifier".to_owned()];
    let options = Options {
        capabilities: Capabilities::new(6, 20, None),
        auth_backends: &auth_backends,
        domain: None,
        ..OPTIONS
    };
    convert_with(&annotated(annotations, &paths(&["Prefix /"])), &options)
}

/// Returns the filter of the only rule.
fn filter(translation: &Translation, key: &str) -> Value {
    let filters = &routes(translation)[0]["spec"]["rules"][0]["filters"];
    assert_eq!(filters.as_array().map(Vec::len), Some(1), "{filters}");
    filters[0][key].clone()
}

fn at(name: &str, message: &str) -> String {
    format!("metadata.annotations[nginx.ingress.kubernetes.io/{name}]: {message}")
}

#[test]
fn older_versions_are_named() {
    for (annotation, expected) in [
        (
            ("enable-cors", "true"),
            "a route cannot do this before Gateway API 1.5 and Cilium 1.20",
        ),
        (
            ("backend-protocol", "HTTPS"),
            "a route cannot use TLS to backends before Gateway API 1.4 and Cilium 1.20",
        ),
    ] {
        let translation = convert(&annotated(&[annotation], &paths(&["Prefix /"])));
        assert_eq!(
            lines(&translation.untranslatable),
            [at(annotation.0, expected)]
        );
    }
    let options = Options {
        auth_backends: &["auth/verifier".to_owned()],
        ..OPTIONS
    };
    let auth = [("auth-url", "http://verifier.auth.svc/")];
    let translation = convert_with(&annotated(&auth, &paths(&["Prefix /"])), &options);
    assert_eq!(
        lines(&translation.untranslatable),
        [at(
            "auth-url",
            "a route cannot do this before Gateway API 1.4 and Cilium 1.20"
        )]
    );
}

#[test]
fn cors_has_the_defaults_of_ingress_nginx() {
    let translation = with(&[("enable-cors", "true")]);
    assert_eq!(
        filter(&translation, "cors"),
        json!({
            "allowOrigins": ["*"],
            "allowMethods": ["GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"],
            "allowHeaders": ["DNT", "Keep-Alive", "User-Agent", "X-Requested-With", "If-Modified-Since",
                "Cache-Control", "Content-Type", "Range", "Authorization"],
            "maxAge": 1_728_000,
        })
    );
}

/// Envoy would answer with the origin of the request, and browsers would send cookies to it.
#[test]
fn cors_for_any_origin_allows_no_credentials() {
    for origins in ["*", "https://a.org, *"] {
        let translation = with(&[
            ("enable-cors", "true"),
            ("cors-allow-origin", origins),
            ("cors-allow-credentials", "true"),
        ]);
        let cors = filter(&translation, "cors");
        assert_eq!(cors["allowOrigins"], json!(["*"]));
        assert_eq!(cors.get("allowCredentials"), None);
        let note = at(
            "cors-allow-origin",
            "allows no credentials: with the origin `*`, browsers do not send them in NGINX either",
        );
        assert!(lines(&translation.notes).contains(&note));
    }
    for (origins, credentials) in [("https://a.org", "true"), ("*", "false")] {
        let translation = with(&[
            ("enable-cors", "true"),
            ("cors-allow-origin", origins),
            ("cors-allow-credentials", credentials),
        ]);
        let notes = lines(&translation.notes).join("\n");
        assert!(!notes.contains("allows no credentials"), "{notes}");
    }
}

#[test]
fn cors_lists_are_converted() {
    let translation = with(&[
        ("enable-cors", "true"),
        (
            "cors-allow-origin",
            "https://a.org,https://*.b.org:8443, https://a.org",
        ),
        ("cors-allow-methods", "GET, POST"),
        ("cors-allow-headers", "X-A,X-B"),
        ("cors-expose-headers", "*"),
        ("cors-max-age", "60"),
    ]);
    assert_eq!(
        filter(&translation, "cors"),
        json!({
            "allowOrigins": ["https://a.org", "https://*.b.org:8443"],
            "allowCredentials": true,
            "allowMethods": ["GET", "POST"],
            "allowHeaders": ["X-A", "X-B"],
            "exposeHeaders": ["*"],
            "maxAge": 60,
        })
    );
    let note = "`https://*.b.org:8443` also allows names with more labels; in NGINX, `*` is one";
    assert!(lines(&translation.notes).contains(&at("cors-allow-origin", note)));
    let translation = with(&[
        ("enable-cors", "true"),
        ("cors-allow-origin", "https://a.org"),
        ("cors-allow-credentials", "false"),
        ("cors-max-age", "-1"),
    ]);
    let cors = filter(&translation, "cors");
    assert_eq!(cors.get("allowCredentials"), None);
    assert_eq!(cors["maxAge"], 1);
    for (seconds, expected) in [("0", 1), ("4000000000", 1 << 30)] {
        let translation = with(&[("enable-cors", "true"), ("cors-max-age", seconds)]);
        assert_eq!(filter(&translation, "cors")["maxAge"], expected);
    }
    let translation = with(&[
        ("enable-cors", "true"),
        ("cors-allow-origin", "http://a.org"),
    ]);
    let origins = &filter(&translation, "cors")["allowOrigins"];
    assert_eq!(*origins, json!(["http://a.org"]));
}

#[test]
fn cors_values_that_the_crd_rejects_are_reported() {
    for (name, value, expected) in [
        (
            "cors-allow-methods",
            "GET, PURGE",
            "a route cannot allow `PURGE`",
        ),
        (
            "cors-allow-methods",
            "GET POST,T",
            "a route cannot allow `T`",
        ),
        (
            "cors-allow-headers",
            "X-A,X/B",
            "a route cannot allow `X/B`",
        ),
        ("cors-expose-headers", "a@b", "a route cannot allow `a@b`"),
    ] {
        let translation = with(&[("enable-cors", "true"), (name, value)]);
        assert_eq!(lines(&translation.untranslatable), [at(name, expected)]);
    }
    let many: Vec<_> = (0..65).map(|index| format!("X-{index}")).collect();
    let translation = with(&[
        ("enable-cors", "true"),
        ("cors-allow-headers", &many.join(",")),
    ]);
    assert_eq!(
        lines(&translation.untranslatable),
        [at("cors-allow-headers", "lists more than 64 items")]
    );
    for origin in [
        "a.org",
        "https://",
        "https://a.org:x",
        "https://a.org:123456",
        "https://a_b",
        "https://a.*.org",
    ] {
        let translation = with(&[("enable-cors", "true"), ("cors-allow-origin", origin)]);
        let message = format!(
            "`{origin}` is not an origin such as `https://app.example.org`; fix or remove it"
        );
        assert_eq!(
            lines(&translation.blockers),
            [at("cors-allow-origin", &message)]
        );
    }
}

/// httproute-attachment rejects them.
#[test]
fn cors_origins_must_be_in_the_domain() {
    for (origin, host) in [
        ("https://a.org", "a.org"),
        ("*", "*"),
        ("https://*.a.org", "a.org"),
    ] {
        let options = Options {
            capabilities: Capabilities::new(5, 20, None),
            domain: Some(DOMAIN),
            ..OPTIONS
        };
        let annotations = [("enable-cors", "true"), ("cors-allow-origin", origin)];
        let object = annotated(&annotations, &paths(&["Prefix /"]));
        assert_eq!(
            lines(&convert_with(&object, &options).blockers),
            [at(
                "cors-allow-origin",
                &format!("`{host}`: routes may allow only origins in `k8tre.internal`")
            )]
        );
    }
}

#[test]
fn an_allowed_auth_url_becomes_external_auth() {
    let auth = |name, url: &str| {
        let translation = with(&[
            ("auth-url", url),
            ("auth-response-headers", "X-User, X-Group,X-User"),
        ]);
        (filter(&translation, "externalAuth"), name)
    };
    for (url, port, path) in [
        (
            "http://verifier.auth.svc.cluster.local:4180/verify",
            4180,
            json!("/verify"),
        ),
        ("http://verifier.auth.svc/verify/", 80, json!("/verify")),
        ("http://verifier.auth.svc", 80, json!(null)),
    ] {
        let (filter, _) = auth("", url);
        assert_eq!(filter["protocol"], "HTTP");
        assert_eq!(
            filter["backendRef"],
            json!({"name": "verifier", "namespace": "auth", "port": port})
        );
        assert_eq!(filter["http"]["path"], path, "{url}");
        assert_eq!(filter["http"]["allowedHeaders"], json!(["Cookie"]));
        assert_eq!(
            filter["http"]["allowedResponseHeaders"],
            json!(["X-User", "X-Group"])
        );
    }
    // An empty list would copy every header of the response.
    for names in ["", "x@y"] {
        let translation = with(&[
            ("auth-url", "http://verifier.auth.svc/"),
            ("auth-response-headers", names),
        ]);
        let filter = filter(&translation, "externalAuth");
        assert_eq!(filter["http"]["allowedResponseHeaders"], json!(["X-None"]));
    }
}

#[test]
fn other_auth_urls_require_ingress_nginx() {
    const NO_SERVICE: &str = "is not the URL of a Service: `http://NAME.NAMESPACE.svc/PATH`";
    for (url, expected) in [
        (
            "http://other.auth.svc/",
            "does not name one of `authBackends`",
        ),
        (
            "http://verifier.other.svc/",
            "does not name one of `authBackends`",
        ),
        ("https://verifier.auth.svc/", NO_SERVICE),
        ("http://verifier.auth/", NO_SERVICE),
        ("http://verifier.auth.svc.example.org/", NO_SERVICE),
        ("http://a.verifier.auth.svc/", NO_SERVICE),
        ("http://a_b.auth.svc/", NO_SERVICE),
        ("http://verifier.a_b.svc/", NO_SERVICE),
        ("http://verifier.auth.svc:0/", NO_SERVICE),
        ("http://verifier.auth.svc:99999/", NO_SERVICE),
        (
            "http://user:x@verifier.auth.svc/",
            "ingress-nginx cannot read",
        ),
        (
            "http://verifier.auth.svc/verify?a=b",
            "has a query or a path that Gateway API does not allow",
        ),
        (
            "http://verifier.auth.svc/$request_uri?a",
            "has a query or a path that Gateway API does not allow",
        ),
    ] {
        let translation = with(&[("auth-url", url)]);
        let found = match expected {
            "ingress-nginx cannot read" => &translation.blockers,
            _ => &translation.untranslatable,
        };
        let found = lines(found);
        assert!(
            found.len() == 1 && found[0].contains(expected),
            "{url}: {found:?}"
        );
    }
    for part in [
        "auth-method",
        "auth-proxy-set-headers",
        "auth-request-redirect",
        "auth-signin",
        "auth-snippet",
    ] {
        let translation = with(&[("auth-url", "http://verifier.auth.svc/"), (part, "a")]);
        assert_eq!(
            lines(&translation.untranslatable),
            [at(part, "a route cannot do this")]
        );
    }
}

#[test]
fn a_redirect_needs_no_filters() {
    let translation = with(&[
        (
            "permanent-redirect",
            "https://new.k8tre.internal$request_uri",
        ),
        ("auth-url", "http://verifier.auth.svc/"),
        ("enable-cors", "true"),
    ]);
    assert_eq!(
        filter(&translation, "requestRedirect"),
        json!({"hostname": "new.k8tre.internal", "statusCode": 301})
    );
    assert!(!lines(&translation.notes).join("").contains("OPTIONS"));
    // Values that a route cannot express do not matter either.
    let others = [("rewrite-target", "x"), ("upstream-vhost", "a b")];
    let redirect = ("permanent-redirect", "https://new.k8tre.internal");
    for other in others {
        assert_eq!(lines(&with(&[redirect, other]).untranslatable), [""; 0]);
        assert!(!with(&[other]).is_complete());
    }
    // The other rules of an Ingress keep their filters.
    let translation = with(&[
        ("app-root", "/app"),
        ("auth-url", "http://verifier.auth.svc/"),
        ("enable-cors", "true"),
        ("upstream-vhost", "web.internal"),
    ]);
    let rules = routes(&translation)[0]["spec"]["rules"].clone();
    let filters = |index: usize| rules[index]["filters"].as_array().map(Vec::len);
    assert_eq!((filters(0), filters(1)), (Some(1), Some(3)), "{rules}");
    assert_eq!(rules[0]["filters"][0]["type"], "RequestRedirect");
    let translation = with(&[("backend-protocol", "GRPC"), ("enable-cors", "true")]);
    assert_eq!(
        lines(&translation.untranslatable),
        [at("enable-cors", "a GRPCRoute cannot do this")]
    );
}

#[test]
fn tls_to_backends_becomes_a_policy_that_needs_a_certificate() {
    for (name, hostname) in [
        (None, "web.app.svc"),
        (Some("Web.internal"), "web.internal"),
        (Some("a b"), "web.app.svc"),
    ] {
        let mut annotations = vec![("backend-protocol", "HTTPS")];
        annotations.extend(name.map(|name| ("proxy-ssl-name", name)));
        let translation = with(&annotations);
        assert!(translation.untranslatable.is_empty());
        assert_eq!(
            lines(&translation.blockers),
            [at(
                "backend-protocol",
                &format!(
                    "the Gateway verifies backends: add ConfigMap `web-ca` with their CA as `ca.crt`; their \
                     certificate must be for `{hostname}`"
                )
            )]
        );
        let objects = all_routes(&translation);
        assert_eq!(objects[0]["kind"], "HTTPRoute");
        assert_eq!(
            objects[1],
            json!({
                "apiVersion": "gateway.networking.k8s.io/v1",
                "kind": "BackendTLSPolicy",
                "metadata": {"name": "web-tls", "namespace": "app"},
                "spec": {
                    "targetRefs": [{"group": "", "kind": "Service", "name": "web"}],
                    "validation": {
                        "hostname": hostname,
                        "caCertificateRefs": [{"group": "", "kind": "ConfigMap", "name": "web-ca"}],
                    },
                },
            })
        );
        assert_eq!(objects.len(), 2);
        assert!(crate::crd::violations(&objects[1]).is_empty());
    }
    // Cilium does not apply the policy to GRPCRoutes.
    let translation = with(&[("backend-protocol", "GRPCS")]);
    assert_eq!(
        lines(&translation.untranslatable),
        [at(
            "backend-protocol",
            "a GRPCRoute cannot use TLS to backends in Cilium"
        )]
    );
}

#[test]
fn each_service_of_a_route_gets_one_policy() {
    let options = Options {
        capabilities: Capabilities::new(6, 20, None),
        ..OPTIONS
    };
    let spec = paths(&["Prefix /", "Exact /a"]);
    let main = annotated(
        &[("backend-protocol", "HTTPS"), ("app-root", "/app")],
        &spec,
    );
    let canary = sibling(
        "canary",
        &[("canary", "true"), ("canary-weight", "10")],
        &paths(&["Prefix /"]).replace("name: web", "name: new"),
    );
    let translation = convert_group(&main, &[canary], &options);
    let policies = all_routes(&translation).into_iter();
    let policies = policies.filter(|it| it["kind"] == "BackendTLSPolicy");
    let names: Vec<_> = policies.map(|it| it["metadata"]["name"].clone()).collect();
    assert_eq!(names, ["web-tls", "new-tls"]);
}
