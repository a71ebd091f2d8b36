//! The table of ingress-nginx's annotations.

use ingress2route::{
    ANNOTATIONS, ActiveWhen, Effect, Handling, Role, annotation, other_controller,
};

#[test]
fn the_table_is_complete_sorted_and_searchable() {
    assert_eq!(ANNOTATIONS.len(), 138, "ingress-nginx 1.15 knows 138");
    for pair in ANNOTATIONS.windows(2) {
        assert!(
            pair[0].name < pair[1].name,
            "{} before {}",
            pair[0].name,
            pair[1].name
        );
    }
    for known in ANNOTATIONS {
        assert_eq!(annotation(known.name), Some(known));
        assert!(
            known.reason.chars().count() <= 120,
            "{}: {}",
            known.name,
            known.reason
        );
    }
    assert_eq!(annotation("auth-urls"), None);
}

#[test]
fn parts_belong_to_an_annotation_that_is_not_a_part() {
    for part in ANNOTATIONS {
        if let ActiveWhen::PartOf(main) = part.active_when {
            let main = annotation(main).unwrap();
            assert!(
                !matches!(main.active_when, ActiveWhen::PartOf(_)),
                "{}",
                part.name
            );
            assert_eq!(part.handling, Handling::Ignored, "{}", part.name);
        }
    }
}

#[test]
fn ingress_nginx_acts_on_some_values() {
    use Effect::{Active, Ignored, NotServed, Off};

    for (name, value, expected) in [
        ("enable-cors", "true", Active),
        ("enable-cors", "T", Active),
        ("enable-cors", "false", Off),
        ("enable-cors", "", Off),
        ("enable-cors", "yes", Ignored),
        ("ssl-passthrough", "yes", NotServed),
        ("auth-url", "", Off),
        ("auth-url", " ", Off),
        ("auth-url", "https://auth", Active),
        ("auth-url", "https://$host/oauth2?a=b&c=d", Active),
        ("auth-url", "/verify", NotServed),
        ("auth-url", "https://auth;", NotServed),
        ("auth-type", "basic", Active),
        ("auth-type", " digest ", Active),
        ("auth-type", "none", NotServed),
        ("affinity", "cookie", Active),
        ("affinity", "Cookie", Ignored),
        ("affinity", "none", Ignored),
        ("proxy-body-size", "0", Off),
        ("proxy-body-size", "00k", Off),
        ("proxy-body-size", "1", Active),
        ("proxy-body-size", "512k", Active),
        ("proxy-body-size", "1023K", Active),
        ("proxy-body-size", "1048575", Active),
        ("proxy-body-size", "1024k", Off),
        ("proxy-body-size", "1048576", Off),
        ("proxy-body-size", "1m", Off),
        ("proxy-body-size", "99999999999", Off),
        ("proxy-body-size", "0m", Off),
        ("proxy-body-size", "8G", Off),
        ("proxy-body-size", "8b", Ignored),
        ("proxy-body-size", "8 k", Ignored),
        ("proxy-body-size", "-1", Ignored),
        ("proxy-body-size", "+1k", Ignored),
        ("proxy-body-size", "k", Ignored),
        ("limit-rps", "5", Active),
        ("limit-rps", "+5", Active),
        ("limit-rps", "0", Off),
        ("limit-rps", "00", Off),
        ("limit-rps", "-5", Off),
        ("limit-rps", "5r/s", NotServed),
        ("limit-rps", "+", NotServed),
        ("limit-rate", "5k", Ignored),
        ("allowlist-source-range", "10.0.0.0/8, 192.0.2.1", Active),
        ("allowlist-source-range", "2001:db8::/32", Active),
        ("allowlist-source-range", "10.0.0.0/8,0.0.0.0/0", Off),
        ("allowlist-source-range", "::/0", Off),
        ("allowlist-source-range", "", NotServed),
        ("allowlist-source-range", "10.0.0.0/8,", NotServed),
        ("allowlist-source-range", "10.0.0.0/x", NotServed),
        ("allowlist-source-range", "2001:db8::/129", NotServed),
        ("whitelist-source-range", "", Off),
        ("denylist-source-range", "0.0.0.0/0", Active),
        ("denylist-source-range", "", NotServed),
        ("custom-http-errors", "404, 503", Active),
        ("custom-http-errors", "all", NotServed),
        ("default-backend", "errors", Active),
        ("default-backend", "app/errors", NotServed),
        ("mirror-target", "https://a$request_uri", Active),
        ("mirror-target", "https://a/%20", Ignored),
        ("upstream-hash-by", "${request_uri}", Active),
        ("upstream-hash-by", "$request_uri;", NotServed),
        ("proxy-cookie-path", "off", Off),
        ("proxy-cookie-path", "/a /b", Active),
        ("proxy-cookie-path", "~*^/a /b", Ignored),
        ("proxy-cookie-domain", "off", Off),
        ("proxy-cookie-domain", "a.org b.org", Active),
        ("proxy-cookie-domain", "a.org", Ignored),
        ("proxy-redirect-from", "off", Off),
        ("server-snippet", "off", Active),
        ("session-cookie-name", "route", Off),
    ] {
        let known = annotation(name).unwrap();
        assert_eq!(known.effect(value), expected, "{name}: {value}");
    }
}

/// An update that changes such an annotation is not accepted because of `existing: warn`.
#[test]
fn only_buffers_timeouts_and_logs_are_neutral() {
    let neutral = ANNOTATIONS
        .iter()
        .filter(|known| known.role() == Role::Neutral);
    let neutral: Vec<_> = neutral.map(|known| known.name).collect();
    assert_eq!(
        neutral,
        [
            "client-body-buffer-size",
            "enable-opentelemetry",
            "enable-rewrite-log",
            "http2-push-preload",
            "load-balance",
            "opentelemetry-operation-name",
            "opentelemetry-trust-incoming-span",
            "proxy-buffer-size",
            "proxy-buffering",
            "proxy-buffers-number",
            "proxy-busy-buffers-size",
            "proxy-connect-timeout",
            "proxy-http-version",
            "proxy-max-temp-file-size",
            "proxy-next-upstream",
            "proxy-next-upstream-timeout",
            "proxy-next-upstream-tries",
            "proxy-read-timeout",
            "proxy-request-buffering",
            "proxy-send-timeout",
            "relative-redirects",
            "service-upstream",
            "use-port-in-redirects",
        ]
    );
}

#[test]
fn a_prefix_identifies_the_controller() {
    for (prefix, expected) in [
        (
            "alb.ingress.kubernetes.io",
            Some("the AWS Load Balancer Controller"),
        ),
        ("traefik.ingress.kubernetes.io", Some("Traefik")),
        (
            "alb.networking.azure.io",
            Some("Azure's Application Gateway for Containers"),
        ),
        ("nginx.org", Some("F5's NGINX controller")),
        ("example.ingress.kubernetes.io", Some("another controller")),
        ("nginx.ingress.kubernetes.io", None),
        ("kubernetes.io", None),
        ("cert-manager.io", None),
        ("", None),
    ] {
        assert_eq!(other_controller(prefix), expected, "{prefix}");
    }
}
