//! Every annotation of ingress-nginx, and how the translation handles it.
//!
//! Source: `internal/ingress/annotations` of kubernetes/ingress-nginx 1.15, which includes some that its
//! manual does not mention. Of Gateway API, only the standard channel counts, as far as Cilium 1.19
//! implements it.

/// The prefix of ingress-nginx's annotations, including the slash.
pub const PREFIX: &str = "nginx.ingress.kubernetes.io/";

/// How the translation handles an annotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handling {
    /// Expressed in the route, or reported with the reason why this value cannot be.
    Translated,
    /// The Gateway already does this for every route.
    BuiltIn,
    /// Omitted: requests are routed the same way without it.
    Ignored,
    /// No equivalent in Gateway API or Cilium: the Ingress requires ingress-nginx.
    Untranslatable,
}

impl Handling {
    /// Returns the name for tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Translated => "translated",
            Self::BuiltIn => "built in",
            Self::Ignored => "ignored",
            Self::Untranslatable => "untranslatable",
        }
    }
}

/// When an annotation has an effect. An annotation without effect does not require ingress-nginx.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActiveWhen {
    /// If the value is not empty.
    NotEmpty,
    /// If Go's `strconv.ParseBool` parses the value as true.
    True,
    /// If the value is neither empty nor this one.
    Not(&'static str),
    /// Only together with the annotation of this name, which decides the handling.
    PartOf(&'static str),
}

/// An annotation of ingress-nginx.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Annotation {
    /// The name, without [`PREFIX`].
    pub name: &'static str,
    /// How the translation handles it if it has an effect.
    pub handling: Handling,
    /// When it has an effect.
    pub active_when: ActiveWhen,
    /// The reason for the handling, or how it is done; may follow the name and a colon in a message.
    pub reason: &'static str,
}

impl Annotation {
    /// Whether ingress-nginx acts on this value.
    pub fn is_active(&self, value: &str) -> bool {
        match self.active_when {
            ActiveWhen::NotEmpty => !value.trim_ascii().is_empty(),
            ActiveWhen::True => is_true(value),
            ActiveWhen::Not(off) => !value.trim_ascii().is_empty() && value != off,
            ActiveWhen::PartOf(_) => false,
        }
    }
}

/// Parses a flag as ingress-nginx does, with Go's `strconv.ParseBool`; anything invalid is false.
pub(crate) fn is_true(value: &str) -> bool {
    matches!(value, "1" | "t" | "T" | "true" | "TRUE" | "True")
}

/// Returns the annotation with this name, without [`PREFIX`].
pub fn annotation(name: &str) -> Option<&'static Annotation> {
    ANNOTATIONS
        .binary_search_by(|known| known.name.cmp(name))
        .ok()
        .and_then(|index| ANNOTATIONS.get(index))
}

/// Returns the controller that owns an annotation prefix (the part before the slash), if it is an Ingress
/// controller other than ingress-nginx.
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

/// Annotation prefixes of other Ingress controllers.
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

use ActiveWhen::{Not, NotEmpty, PartOf, True};
use Handling::{BuiltIn, Ignored, Translated, Untranslatable};

const fn row(
    name: &'static str,
    handling: Handling,
    active_when: ActiveWhen,
    reason: &'static str,
) -> Annotation {
    Annotation {
        name,
        handling,
        active_when,
        reason,
    }
}

/// An annotation that only configures the feature of another one.
const fn part(name: &'static str, of: &'static str) -> Annotation {
    row(name, Ignored, PartOf(of), "has no effect on its own")
}

/// All annotations, sorted by name.
#[rustfmt::skip]
pub static ANNOTATIONS: &[Annotation] = &[
    row("affinity", Untranslatable, NotEmpty, "pins clients to a pod; session persistence is experimental in Gateway API and not in Cilium"),
    part("affinity-canary-behavior", "affinity"),
    part("affinity-mode", "affinity"),
    row("allowlist-source-range", Untranslatable, NotEmpty, "a route cannot restrict client addresses"),
    row("app-root", Translated, NotEmpty, "redirects `/` (RequestRedirect, 302)"),
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
    row("auth-tls-secret", Untranslatable, NotEmpty, "requires client certificates, which the Gateway's listeners do not request"),
    part("auth-tls-verify-client", "auth-tls-secret"),
    part("auth-tls-verify-depth", "auth-tls-secret"),
    row("auth-type", Untranslatable, NotEmpty, "a route cannot ask for a password"),
    row("auth-url", Untranslatable, NotEmpty, "a route cannot authorize requests with an external service"),
    row("backend-protocol", Translated, NotEmpty, "`GRPC` becomes a GRPCRoute, `HTTP` is the default; other values are untranslatable"),
    row("canary", Translated, True, "a canary by header becomes a header match; a weight belongs in the main route"),
    part("canary-by-cookie", "canary"),
    part("canary-by-header", "canary"),
    part("canary-by-header-pattern", "canary"),
    part("canary-by-header-value", "canary"),
    part("canary-weight", "canary"),
    part("canary-weight-total", "canary"),
    row("client-body-buffer-size", Ignored, NotEmpty, "sizes a buffer that the Gateway does not have"),
    row("configuration-snippet", Untranslatable, NotEmpty, "is NGINX configuration"),
    row("connection-proxy-header", Ignored, NotEmpty, "the Gateway manages its own connections to backends"),
    part("cors-allow-credentials", "enable-cors"),
    part("cors-allow-headers", "enable-cors"),
    part("cors-allow-methods", "enable-cors"),
    part("cors-allow-origin", "enable-cors"),
    part("cors-expose-headers", "enable-cors"),
    part("cors-max-age", "enable-cors"),
    row("custom-headers", Translated, NotEmpty, "copy the headers from the ConfigMap into a ResponseHeaderModifier filter"),
    row("custom-http-errors", Untranslatable, NotEmpty, "a route cannot replace error pages"),
    row("default-backend", Untranslatable, NotEmpty, "a route has no fallback for a Service without pods"),
    row("denylist-source-range", Untranslatable, NotEmpty, "a route cannot block client addresses"),
    part("disable-proxy-intercept-errors", "custom-http-errors"),
    row("enable-access-log", Ignored, NotEmpty, "the Gateway has its own log configuration"),
    row("enable-cors", Untranslatable, True, "a route cannot handle CORS: Cilium 1.19 does not have the CORS filter"),
    row("enable-global-auth", Ignored, NotEmpty, "affects only ingress-nginx's global authentication"),
    row("enable-modsecurity", Untranslatable, True, "the Gateway has no web application firewall"),
    row("enable-opentelemetry", Ignored, NotEmpty, "the Gateway has its own tracing configuration"),
    row("enable-owasp-core-rules", Untranslatable, True, "the Gateway has no web application firewall"),
    row("enable-rewrite-log", Ignored, NotEmpty, "the Gateway has its own log configuration"),
    part("fastcgi-index", "backend-protocol"),
    part("fastcgi-params-configmap", "backend-protocol"),
    row("force-ssl-redirect", BuiltIn, NotEmpty, "the Gateway redirects all plain HTTP"),
    row("from-to-www-redirect", Translated, True, "a second route redirects the other name (301 instead of 308)"),
    row("http2-push-preload", Ignored, NotEmpty, "browsers no longer support HTTP/2 push"),
    part("limit-allowlist", "limit-rps"),
    part("limit-burst-multiplier", "limit-rps"),
    row("limit-connections", Untranslatable, Not("0"), "a route cannot limit connections"),
    row("limit-rate", Untranslatable, Not("0"), "a route cannot limit bandwidth"),
    part("limit-rate-after", "limit-rate"),
    row("limit-rpm", Untranslatable, Not("0"), "a route cannot limit the request rate"),
    row("limit-rps", Untranslatable, Not("0"), "a route cannot limit the request rate"),
    part("limit-whitelist", "limit-rps"),
    row("load-balance", Ignored, NotEmpty, "the Gateway has its own load balancing"),
    part("mirror-host", "mirror-target"),
    part("mirror-request-body", "mirror-target"),
    row("mirror-target", Untranslatable, NotEmpty, "mirrors to a URL; a route can mirror only to Services"),
    part("modsecurity-snippet", "enable-modsecurity"),
    part("modsecurity-transaction-id", "enable-modsecurity"),
    part("opentelemetry-operation-name", "enable-opentelemetry"),
    part("opentelemetry-trust-incoming-span", "enable-opentelemetry"),
    row("permanent-redirect", Translated, NotEmpty, "RequestRedirect"),
    part("permanent-redirect-code", "permanent-redirect"),
    part("preserve-trailing-slash", "ssl-redirect"),
    row("proxy-body-size", Untranslatable, Not("0"), "a route cannot limit the request size"),
    row("proxy-buffer-size", Ignored, NotEmpty, "sizes a buffer that the Gateway does not have"),
    row("proxy-buffering", Ignored, NotEmpty, "the Gateway streams"),
    row("proxy-buffers-number", Ignored, NotEmpty, "sizes a buffer that the Gateway does not have"),
    row("proxy-busy-buffers-size", Ignored, NotEmpty, "sizes a buffer that the Gateway does not have"),
    row("proxy-connect-timeout", Ignored, NotEmpty, "the Gateway has its own connect timeout"),
    row("proxy-cookie-domain", Untranslatable, Not("off"), "a route cannot rewrite cookies"),
    row("proxy-cookie-path", Untranslatable, Not("off"), "a route cannot rewrite cookies"),
    row("proxy-http-version", Ignored, NotEmpty, "the Gateway negotiates the version with each backend"),
    row("proxy-max-temp-file-size", Ignored, NotEmpty, "sizes a buffer that the Gateway does not have"),
    row("proxy-next-upstream", Ignored, NotEmpty, "the Gateway does not retry"),
    part("proxy-next-upstream-timeout", "proxy-next-upstream"),
    part("proxy-next-upstream-tries", "proxy-next-upstream"),
    row("proxy-read-timeout", Translated, NotEmpty, "`timeouts.request`"),
    row("proxy-redirect-from", Untranslatable, Not("off"), "a route cannot rewrite redirects of the backend"),
    part("proxy-redirect-to", "proxy-redirect-from"),
    row("proxy-request-buffering", Ignored, NotEmpty, "the Gateway streams"),
    row("proxy-send-timeout", Translated, NotEmpty, "`timeouts.request`"),
    part("proxy-ssl-ciphers", "backend-protocol"),
    part("proxy-ssl-name", "backend-protocol"),
    part("proxy-ssl-protocols", "backend-protocol"),
    part("proxy-ssl-secret", "backend-protocol"),
    part("proxy-ssl-server-name", "backend-protocol"),
    part("proxy-ssl-verify", "backend-protocol"),
    part("proxy-ssl-verify-depth", "backend-protocol"),
    row("relative-redirects", Ignored, NotEmpty, "affects only NGINX's own redirects"),
    row("rewrite-target", Translated, NotEmpty, "URLRewrite, if the target is literal or keeps the rest of the path"),
    part("satisfy", "auth-type"),
    row("server-alias", Translated, NotEmpty, "additional hostnames of the route"),
    row("server-snippet", Untranslatable, NotEmpty, "is NGINX configuration"),
    row("service-upstream", Ignored, NotEmpty, "the Gateway selects the pods of a Service itself"),
    part("session-cookie-change-on-failure", "affinity"),
    part("session-cookie-conditional-samesite-none", "affinity"),
    part("session-cookie-domain", "affinity"),
    part("session-cookie-expires", "affinity"),
    part("session-cookie-max-age", "affinity"),
    part("session-cookie-name", "affinity"),
    part("session-cookie-path", "affinity"),
    part("session-cookie-samesite", "affinity"),
    part("session-cookie-secure", "affinity"),
    row("ssl-ciphers", BuiltIn, NotEmpty, "the Gateway terminates TLS"),
    row("ssl-passthrough", Untranslatable, True, "passes TLS through to the pod; the Gateway terminates it"),
    row("ssl-prefer-server-ciphers", BuiltIn, NotEmpty, "the Gateway terminates TLS"),
    row("ssl-redirect", BuiltIn, NotEmpty, "the Gateway redirects all plain HTTP"),
    row("stream-snippet", Untranslatable, NotEmpty, "is NGINX configuration"),
    row("temporal-redirect", Translated, NotEmpty, "RequestRedirect"),
    part("temporal-redirect-code", "temporal-redirect"),
    row("upstream-hash-by", Untranslatable, NotEmpty, "a route cannot choose the pod by a hash key"),
    part("upstream-hash-by-subset", "upstream-hash-by"),
    part("upstream-hash-by-subset-size", "upstream-hash-by"),
    row("upstream-vhost", Translated, NotEmpty, "URLRewrite of the hostname"),
    row("use-port-in-redirects", Ignored, NotEmpty, "affects only NGINX's own redirects"),
    row("use-regex", Translated, True, "RegularExpression, if both engines match the same paths"),
    row("whitelist-source-range", Untranslatable, NotEmpty, "a route cannot restrict client addresses"),
    row("x-forwarded-prefix", Translated, NotEmpty, "RequestHeaderModifier, if the path is rewritten"),
];
