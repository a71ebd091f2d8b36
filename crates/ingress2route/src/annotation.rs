//! Every annotation that ingress-nginx knows, and what becomes of it.
//!
//! Source: `internal/ingress/annotations` of kubernetes/ingress-nginx 1.15, which knows some that its
//! manual leaves out. What Gateway API can say is that of its standard channel, as far as Cilium 1.19
//! carries it out.

/// The prefix of ingress-nginx's annotations, with the slash.
pub const PREFIX: &str = "nginx.ingress.kubernetes.io/";

/// What becomes of an annotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The route says it too, or the translation says why not in this case.
    Translated,
    /// The gateway does it for every route.
    Satisfied,
    /// It is left out, and what the Ingress means stays the same.
    Ignorable,
    /// Neither Gateway API nor Cilium has an equal: it forces NGINX.
    Untranslatable,
}

impl Fate {
    /// The fate in a word, for tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Translated => "translated",
            Self::Satisfied => "satisfied",
            Self::Ignorable => "ignorable",
            Self::Untranslatable => "untranslatable",
        }
    }
}

/// When an annotation has an effect at all. One without buys no exemption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// With any value that is not empty.
    Given,
    /// Where Go's `strconv.ParseBool` reads the value as true.
    True,
    /// With any value that is neither empty nor this one.
    Not(&'static str),
    /// Only beside the annotation of this name, which says everything.
    Beside(&'static str),
}

/// An annotation of ingress-nginx.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Annotation {
    /// Its name, without [`PREFIX`].
    pub name: &'static str,
    /// What becomes of it where it has an effect.
    pub fate: Fate,
    /// When it has one.
    pub effect: Effect,
    /// Why, or how: words that may follow the name and a colon.
    pub why: &'static str,
}

impl Annotation {
    /// Whether this value makes ingress-nginx do anything.
    pub fn has_effect(&self, value: &str) -> bool {
        match self.effect {
            Effect::Given => !value.trim_ascii().is_empty(),
            Effect::True => is_true(value),
            Effect::Not(off) => !value.trim_ascii().is_empty() && value != off,
            Effect::Beside(_) => false,
        }
    }
}

/// Go's `strconv.ParseBool`, which ingress-nginx reads its flags with; what is no flag counts as false.
pub(crate) fn is_true(value: &str) -> bool {
    matches!(value, "1" | "t" | "T" | "true" | "TRUE" | "True")
}

/// The annotation of this name, without [`PREFIX`].
pub fn annotation(name: &str) -> Option<&'static Annotation> {
    ANNOTATIONS
        .binary_search_by(|known| known.name.cmp(name))
        .ok()
        .and_then(|index| ANNOTATIONS.get(index))
}

/// Whose annotations a prefix (what stands before the slash) marks, for those of other controllers that
/// serve Ingresses.
pub fn other_controller(prefix: &str) -> Option<&'static str> {
    let known = OTHER_CONTROLLERS.iter().find(|(known, _)| *known == prefix);
    match known {
        Some((_, controller)) => Some(controller),
        None if prefix.ends_with(".ingress.kubernetes.io") && !PREFIX.starts_with(prefix) => {
            Some("another controller")
        }
        None => None,
    }
}

/// Prefixes of annotations that only other controllers read.
pub static OTHER_CONTROLLERS: &[(&str, &str)] = &[
    (
        "alb.ingress.kubernetes.io",
        "the AWS Load Balancer Controller",
    ),
    ("apisix.apache.org", "APISIX"),
    ("appgw.ingress.kubernetes.io", "Azure's Application Gateway"),
    ("cilium.io", "Cilium's own ingress controller"),
    ("cloud.google.com", "GKE"),
    ("getambassador.io", "Emissary"),
    ("haproxy-ingress.github.io", "HAProxy Ingress"),
    ("haproxy.org", "HAProxy's controller"),
    ("ingress.cilium.io", "Cilium's own ingress controller"),
    ("ingress.gcp.kubernetes.io", "GKE"),
    ("ingress.kubernetes.io", "HAProxy Ingress"),
    ("k8s.apisix.apache.org", "APISIX"),
    ("konghq.com", "Kong"),
    ("networking.gke.io", "GKE"),
    ("nginx.com", "F5's NGINX controller"),
    ("nginx.org", "F5's NGINX controller"),
    ("projectcontour.io", "Contour"),
    ("traefik.ingress.kubernetes.io", "Traefik"),
];

use Effect::{Beside, Given, Not, True};
use Fate::{Ignorable, Satisfied, Translated, Untranslatable};

const fn row(name: &'static str, fate: Fate, effect: Effect, why: &'static str) -> Annotation {
    Annotation {
        name,
        fate,
        effect,
        why,
    }
}

/// One that only shapes what another asks for: left out with it.
const fn part(name: &'static str, of: &'static str) -> Annotation {
    row(name, Ignorable, Beside(of), "has no effect of its own")
}

/// The table, in the order of the names.
#[rustfmt::skip]
pub static ANNOTATIONS: &[Annotation] = &[
    row("affinity", Untranslatable, Given, "binds a client to one pod; Gateway API's session persistence is experimental and not in Cilium"),
    part("affinity-canary-behavior", "affinity"),
    part("affinity-mode", "affinity"),
    row("allowlist-source-range", Untranslatable, Given, "admits only some client addresses; a route cannot"),
    row("app-root", Translated, Given, "a redirect of `/` (RequestRedirect, 302)"),
    part("auth-always-set-cookie", "auth-url"),
    part("auth-cache-duration", "auth-url"),
    part("auth-cache-key", "auth-url"),
    part("auth-keepalive", "auth-url"),
    part("auth-keepalive-requests", "auth-url"),
    part("auth-keepalive-share-vars", "auth-url"),
    part("auth-keepalive-timeout", "auth-url"),
    part("auth-method", "auth-url"),
    part("auth-proxy-set-headers", "auth-url"),
    part("auth-realm", "auth-type"),
    part("auth-request-redirect", "auth-url"),
    part("auth-response-headers", "auth-url"),
    part("auth-secret", "auth-type"),
    part("auth-secret-type", "auth-type"),
    part("auth-signin", "auth-url"),
    part("auth-signin-redirect-param", "auth-url"),
    part("auth-snippet", "auth-url"),
    part("auth-tls-error-page", "auth-tls-secret"),
    part("auth-tls-match-cn", "auth-tls-secret"),
    part("auth-tls-pass-certificate-to-upstream", "auth-tls-secret"),
    row("auth-tls-secret", Untranslatable, Given, "asks clients for certificates; the Gateway's listeners do not"),
    part("auth-tls-verify-client", "auth-tls-secret"),
    part("auth-tls-verify-depth", "auth-tls-secret"),
    row("auth-type", Untranslatable, Given, "asks for a password; a route cannot"),
    row("auth-url", Untranslatable, Given, "asks another service about each request; routes may not (ExternalAuth)"),
    row("backend-protocol", Translated, Given, "`GRPC` makes a GRPCRoute, `HTTP` is the default; others are untranslatable"),
    row("canary", Translated, True, "a canary by header is a route with a header match; weights belong into the main route"),
    part("canary-by-cookie", "canary"),
    part("canary-by-header", "canary"),
    part("canary-by-header-pattern", "canary"),
    part("canary-by-header-value", "canary"),
    part("canary-weight", "canary"),
    part("canary-weight-total", "canary"),
    row("client-body-buffer-size", Ignorable, Given, "sizes a buffer that the gateway does not have"),
    row("configuration-snippet", Untranslatable, Given, "is NGINX configuration"),
    row("connection-proxy-header", Ignorable, Given, "the gateway keeps its own connections to backends"),
    part("cors-allow-credentials", "enable-cors"),
    part("cors-allow-headers", "enable-cors"),
    part("cors-allow-methods", "enable-cors"),
    part("cors-allow-origin", "enable-cors"),
    part("cors-expose-headers", "enable-cors"),
    part("cors-max-age", "enable-cors"),
    row("custom-headers", Translated, Given, "the headers are in a ConfigMap; they go into a ResponseHeaderModifier by hand"),
    row("custom-http-errors", Untranslatable, Given, "replaces error pages; a route cannot"),
    row("default-backend", Untranslatable, Given, "stands in for a Service without pods; a route cannot"),
    row("denylist-source-range", Untranslatable, Given, "refuses some client addresses; a route cannot"),
    part("disable-proxy-intercept-errors", "custom-http-errors"),
    row("enable-access-log", Ignorable, Given, "the gateway logs by its own configuration"),
    row("enable-cors", Untranslatable, True, "answers for CORS; Cilium 1.19 does not have the CORS filter"),
    row("enable-global-auth", Ignorable, Given, "is about ingress-nginx's own global authentication"),
    row("enable-modsecurity", Untranslatable, True, "is a web application firewall; the gateway has none"),
    row("enable-opentelemetry", Ignorable, Given, "the gateway traces by its own configuration"),
    row("enable-owasp-core-rules", Untranslatable, True, "is a web application firewall; the gateway has none"),
    row("enable-rewrite-log", Ignorable, Given, "the gateway logs by its own configuration"),
    part("fastcgi-index", "backend-protocol"),
    part("fastcgi-params-configmap", "backend-protocol"),
    row("force-ssl-redirect", Satisfied, Given, "the gateway redirects all plain HTTP"),
    row("from-to-www-redirect", Translated, True, "a route for the other name that redirects (301 in place of 308)"),
    row("http2-push-preload", Ignorable, Given, "browsers have given up HTTP/2 push"),
    part("limit-allowlist", "limit-rps"),
    part("limit-burst-multiplier", "limit-rps"),
    row("limit-connections", Untranslatable, Not("0"), "limits connections; a route cannot"),
    row("limit-rate", Untranslatable, Not("0"), "limits bandwidth; a route cannot"),
    part("limit-rate-after", "limit-rate"),
    row("limit-rpm", Untranslatable, Not("0"), "limits requests; a route cannot"),
    row("limit-rps", Untranslatable, Not("0"), "limits requests; a route cannot"),
    part("limit-whitelist", "limit-rps"),
    row("load-balance", Ignorable, Given, "the gateway spreads requests its own way"),
    part("mirror-host", "mirror-target"),
    part("mirror-request-body", "mirror-target"),
    row("mirror-target", Untranslatable, Given, "mirrors to a URL; a route mirrors to Services only"),
    part("modsecurity-snippet", "enable-modsecurity"),
    part("modsecurity-transaction-id", "enable-modsecurity"),
    part("opentelemetry-operation-name", "enable-opentelemetry"),
    part("opentelemetry-trust-incoming-span", "enable-opentelemetry"),
    row("permanent-redirect", Translated, Given, "RequestRedirect"),
    part("permanent-redirect-code", "permanent-redirect"),
    part("preserve-trailing-slash", "ssl-redirect"),
    row("proxy-body-size", Untranslatable, Not("0"), "limits the size of requests; a route cannot"),
    row("proxy-buffer-size", Ignorable, Given, "sizes a buffer that the gateway does not have"),
    row("proxy-buffering", Ignorable, Given, "the gateway streams"),
    row("proxy-buffers-number", Ignorable, Given, "sizes a buffer that the gateway does not have"),
    row("proxy-busy-buffers-size", Ignorable, Given, "sizes a buffer that the gateway does not have"),
    row("proxy-connect-timeout", Ignorable, Given, "the gateway has its own time to connect"),
    row("proxy-cookie-domain", Untranslatable, Not("off"), "rewrites cookies; a route cannot"),
    row("proxy-cookie-path", Untranslatable, Not("off"), "rewrites cookies; a route cannot"),
    row("proxy-http-version", Ignorable, Given, "the gateway agrees on a version with each backend"),
    row("proxy-max-temp-file-size", Ignorable, Given, "sizes a buffer that the gateway does not have"),
    row("proxy-next-upstream", Ignorable, Given, "the gateway does not retry"),
    part("proxy-next-upstream-timeout", "proxy-next-upstream"),
    part("proxy-next-upstream-tries", "proxy-next-upstream"),
    row("proxy-read-timeout", Translated, Given, "`timeouts.request`"),
    row("proxy-redirect-from", Untranslatable, Not("off"), "rewrites the backend's redirects; a route cannot"),
    part("proxy-redirect-to", "proxy-redirect-from"),
    row("proxy-request-buffering", Ignorable, Given, "the gateway streams"),
    row("proxy-send-timeout", Translated, Given, "`timeouts.request`"),
    part("proxy-ssl-ciphers", "backend-protocol"),
    part("proxy-ssl-name", "backend-protocol"),
    part("proxy-ssl-protocols", "backend-protocol"),
    part("proxy-ssl-secret", "backend-protocol"),
    part("proxy-ssl-server-name", "backend-protocol"),
    part("proxy-ssl-verify", "backend-protocol"),
    part("proxy-ssl-verify-depth", "backend-protocol"),
    row("relative-redirects", Ignorable, Given, "is about NGINX's own redirects"),
    row("rewrite-target", Translated, Given, "URLRewrite, where the target is literal or keeps what follows the prefix"),
    part("satisfy", "auth-type"),
    row("server-alias", Translated, Given, "more hostnames of the route"),
    row("server-snippet", Untranslatable, Given, "is NGINX configuration"),
    row("service-upstream", Ignorable, Given, "the gateway knows the pods behind a Service"),
    part("session-cookie-change-on-failure", "affinity"),
    part("session-cookie-conditional-samesite-none", "affinity"),
    part("session-cookie-domain", "affinity"),
    part("session-cookie-expires", "affinity"),
    part("session-cookie-max-age", "affinity"),
    part("session-cookie-name", "affinity"),
    part("session-cookie-path", "affinity"),
    part("session-cookie-samesite", "affinity"),
    part("session-cookie-secure", "affinity"),
    row("ssl-ciphers", Satisfied, Given, "TLS is the Gateway's"),
    row("ssl-passthrough", Untranslatable, True, "hands TLS through to the pod; the Gateway terminates it"),
    row("ssl-prefer-server-ciphers", Satisfied, Given, "TLS is the Gateway's"),
    row("ssl-redirect", Satisfied, Given, "the gateway redirects all plain HTTP"),
    row("stream-snippet", Untranslatable, Given, "is NGINX configuration"),
    row("temporal-redirect", Translated, Given, "RequestRedirect"),
    part("temporal-redirect-code", "temporal-redirect"),
    row("upstream-hash-by", Untranslatable, Given, "chooses the pod by a key; a route cannot"),
    part("upstream-hash-by-subset", "upstream-hash-by"),
    part("upstream-hash-by-subset-size", "upstream-hash-by"),
    row("upstream-vhost", Translated, Given, "URLRewrite of the host name"),
    row("use-port-in-redirects", Ignorable, Given, "is about NGINX's own redirects"),
    row("use-regex", Translated, True, "RegularExpression, where both engines match the same paths"),
    row("whitelist-source-range", Untranslatable, Given, "admits only some client addresses; a route cannot"),
    row("x-forwarded-prefix", Translated, Given, "a RequestHeaderModifier, beside a rewrite"),
];
