//! Every annotation of ingress-nginx, and how the translation handles it.
//!
//! Source: `internal/ingress/annotations` of kubernetes/ingress-nginx 1.15, which includes some that its
//! manual does not mention. The values that it can read are those that `Validator` in the same files accepts,
//! and the defaults are those of `controller/config/config.go`. What depends on the versions of Gateway API and
//! Cilium is in [`CAPABILITIES`](crate::CAPABILITIES).

use crate::capability::Feature;
use crate::text::{consists_of, contains, contains_any, split_once};

/// The prefix of ingress-nginx's annotations, including the slash.
pub const PREFIX: &str = "nginx.ingress.kubernetes.io/";

/// How the translation handles an annotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handling {
    /// Expressed in the route, or reported with the reason why this value cannot be.
    Translated,
    /// The same if the Gateway has the feature, else untranslatable.
    Needs(Feature),
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
            Self::Needs(_) => "translated where possible",
            Self::BuiltIn => "built in",
            Self::Ignored => "ignored",
            Self::Untranslatable => "untranslatable",
        }
    }
}

/// What an annotation changes. An update that changes a neutral one neither exposes more nor protects less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Where requests go, or what the backend makes of them.
    Routes,
    /// Who may send which requests, or what clients and logs get to see.
    Protects,
    /// Neither.
    Neutral,
}

/// When an annotation has an effect. An annotation without effect does not require ingress-nginx.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActiveWhen {
    /// If the value is not empty.
    NotEmpty,
    /// If Go's `strconv.ParseBool` parses the value as true.
    True,
    /// If the value is one of these.
    OneOf(&'static [&'static str]),
    /// If the value is a whole number above 0.
    Positive,
    /// If the value is a size below NGINX's default for request bodies, 1 MiB. Other sizes allow more, as the
    /// Gateway does.
    BelowDefaultBodySize,
    /// If the value lists addresses or networks.
    Networks,
    /// The same, and no network contains all addresses.
    SomeNetworks,
    /// If the value is a list of numbers.
    StatusCodes,
    /// If the value consists of letters, digits and these characters.
    Characters(&'static str),
    /// The same, and the value is not `off`.
    NotOff(&'static str),
    /// If the value is not `off`, and consists of two words of letters, digits and these characters.
    TwoWords(&'static str),
    /// If the value is a URL of letters, digits and these characters.
    Url(&'static str),
    /// Only together with the annotation of this name, which decides the handling.
    PartOf(&'static str),
}

/// What ingress-nginx does with an annotation that has a certain value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It acts on the annotation.
    Active,
    /// The value turns the feature off, or is the default.
    Off,
    /// It cannot read the value, and ignores the annotation.
    Ignored,
    /// It cannot read the value, and does not serve the Ingress: `syncIngress` in `controller/store/store.go`
    /// drops an Ingress if a parser returns a `ValidationError`, and a location answers 503 if it returns a
    /// `LocationDeniedError`.
    NotServed,
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
    /// What it changes; a part has the role of its main annotation, see [`Annotation::role`].
    role: Role,
    /// The effect of a value that ingress-nginx cannot read.
    unreadable: Effect,
}

impl Annotation {
    /// Returns what ingress-nginx does with this value.
    pub fn effect(&self, value: &str) -> Effect {
        let untrimmed = value;
        let value = value.trim_ascii();
        let is_active = match self.active_when {
            // The parser distinguishes an empty value from a missing annotation, but not for the old name.
            ActiveWhen::Networks | ActiveWhen::SomeNetworks
                if value.is_empty() && (self.name, untrimmed) != ("whitelist-source-range", "") =>
            {
                None
            }
            _ if value.is_empty() => return Effect::Off,
            ActiveWhen::PartOf(_) => return Effect::Off,
            ActiveWhen::NotEmpty => Some(true),
            ActiveWhen::True => match untrimmed {
                "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
                _ => is_true(untrimmed).then_some(true),
            },
            ActiveWhen::OneOf(values) => values.contains(&value).then_some(true),
            ActiveWhen::Positive => is_positive(untrimmed),
            ActiveWhen::BelowDefaultBodySize => is_below_default_body_size(value),
            ActiveWhen::Networks => contains_all_addresses(value).map(|_| true),
            ActiveWhen::SomeNetworks => contains_all_addresses(value).map(|all| !all),
            ActiveWhen::StatusCodes => consists_of(value, "0123456789 ,").then_some(true),
            ActiveWhen::NotOff(_) | ActiveWhen::TwoWords(_) if value == "off" => Some(false),
            ActiveWhen::Characters(set) | ActiveWhen::NotOff(set) => has_only(value, set),
            ActiveWhen::TwoWords(set) => has_only(value, set).filter(|_| contains_any(value, b" ")),
            ActiveWhen::Url(set) => has_only(value, set).filter(|_| contains(value, "://")),
        };
        match is_active {
            Some(true) => Effect::Active,
            Some(false) => Effect::Off,
            None => self.unreadable,
        }
    }

    /// Returns what the annotation changes.
    pub fn role(&self) -> Role {
        match self.active_when {
            ActiveWhen::PartOf(main) => annotation(main).map_or(self.role, |main| main.role),
            _ => self.role,
        }
    }
}

/// Parses a flag as ingress-nginx does, with Go's `strconv.ParseBool`; anything invalid is false.
pub(crate) fn is_true(value: &str) -> bool {
    matches!(value, "1" | "t" | "T" | "true" | "TRUE" | "True")
}

fn has_only(value: &str, others: &str) -> Option<bool> {
    let others = others.as_bytes();
    let mut bytes = value.bytes();
    let all = bytes.all(|byte| byte.is_ascii_alphanumeric() || others.contains(&byte));
    all.then_some(true)
}

const DIGITS: &str = "0123456789";

/// Whether the value is a number above 0; `None` if Go's `strconv.Atoi` does not parse it.
fn is_positive(value: &str) -> Option<bool> {
    let digits = value.strip_prefix(['+', '-']).unwrap_or(value);
    let is_number = !digits.is_empty() && consists_of(digits, DIGITS);
    is_number.then_some(!value.starts_with('-') && !consists_of(digits, "0"))
}

/// Whether the value is a size between 0, which means no limit, and NGINX's default; `None` if
/// `isValidByteSize` in `controller/template/template.go` does not accept it, so that the default applies.
fn is_below_default_body_size(value: &str) -> Option<bool> {
    let (digits, default) = match value.as_bytes().last()?.to_ascii_lowercase() {
        b'k' => (value.get(..value.len() - 1)?, 1 << 10),
        b'm' | b'g' => (value.get(..value.len() - 1)?, 1),
        _ => (value, 1 << 20),
    };
    // A number that does not fit is large.
    let size: u32 = digits.parse().unwrap_or(u32::MAX);
    let is_number = !digits.is_empty() && consists_of(digits, DIGITS);
    is_number.then_some(size > 0 && size < default)
}

/// Whether a list of addresses and networks has a network of all addresses; `None` if it cannot be parsed.
/// Does not check the parts of an address: if one is wrong, ingress-nginx answers all requests with 503.
fn contains_all_addresses(value: &str) -> Option<bool> {
    let mut contains_all = false;
    for item in value.split(',') {
        let item = item.trim_ascii();
        let (address, length) = split_once(item, b'/').unwrap_or((item, "1"));
        let (characters, longest) = match contains_any(address, b":") {
            true => ("0123456789abcdefABCDEF:.", 128),
            false => ("0123456789.", 32),
        };
        let length: u8 = length.parse().ok()?;
        if address.is_empty() || !consists_of(address, characters) || length > longest {
            return None;
        }
        contains_all |= length == 0;
    }
    Some(contains_all)
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
    (
        "alb.networking.azure.io",
        "Azure's Application Gateway for Containers",
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

use ActiveWhen::{
    BelowDefaultBodySize, Characters, Networks, NotEmpty, NotOff, OneOf, PartOf, Positive,
    SomeNetworks, StatusCodes, True, TwoWords, Url,
};
use Handling::{BuiltIn, Ignored, Needs, Translated, Untranslatable};
use Role::{Neutral, Protects, Routes};

const fn row(
    name: &'static str,
    handling: Handling,
    role: Role,
    active_when: ActiveWhen,
    reason: &'static str,
) -> Annotation {
    Annotation {
        name,
        handling,
        active_when,
        reason,
        role,
        unreadable: Effect::Ignored,
    }
}

/// An annotation that makes ingress-nginx drop or deny the whole Ingress if it cannot read the value.
const fn strict(
    name: &'static str,
    handling: Handling,
    role: Role,
    active_when: ActiveWhen,
    reason: &'static str,
) -> Annotation {
    Annotation {
        unreadable: Effect::NotServed,
        ..row(name, handling, role, active_when, reason)
    }
}

/// An annotation that only configures the feature of another one.
const fn part(name: &'static str, of: &'static str) -> Annotation {
    row(
        name,
        Ignored,
        Neutral,
        PartOf(of),
        "has no effect on its own",
    )
}

// The characters that parsers accept beside letters and digits: `URLIsValidRegex` and so on in
// `parser/validators.go`. Spaces are among them where the parser removes them first.
const SECRET: &str = " /-._~:";
const URL: &str = " /-._~:,?&=";
const PATH: &str = "/-._~:$";
const SERVER_NAME: &str = "/-._~:^$[](){}*+?|&=\\";
const SERVER_NAMES: &str = " ,/-._~:^$[](){}*+?|&=\\";

/// All annotations, sorted by name.
#[rustfmt::skip]
pub static ANNOTATIONS: &[Annotation] = &[
    row("affinity", Untranslatable, Routes, OneOf(&["cookie"]), "pins clients to a pod; session persistence is experimental in Gateway API and not in Cilium"),
    part("affinity-canary-behavior", "affinity"),
    part("affinity-mode", "affinity"),
    strict("allowlist-source-range", Untranslatable, Protects, SomeNetworks, "a route cannot restrict client addresses"),
    row("app-root", Translated, Routes, Characters(PATH), "redirects `/` (RequestRedirect, 302)"),
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
    strict("auth-tls-secret", Untranslatable, Protects, Characters(SECRET), "requires client certificates, which the Gateway's listeners do not request"),
    part("auth-tls-verify-client", "auth-tls-secret"),
    part("auth-tls-verify-depth", "auth-tls-secret"),
    strict("auth-type", Untranslatable, Protects, OneOf(&["basic", "digest"]), "a route cannot ask for a password"),
    strict("auth-url", Needs(Feature::ExternalAuth), Protects, Url(" /-._~:,?&=$"), "a route cannot authorize requests with an external service"),
    row("backend-protocol", Translated, Routes, NotEmpty, "`GRPC` becomes a GRPCRoute, `HTTPS` needs a BackendTLSPolicy, `HTTP` is the default; others are untranslatable"),
    row("canary", Translated, Routes, True, "a canary by header becomes a header match; a weight belongs in the main route"),
    part("canary-by-cookie", "canary"),
    part("canary-by-header", "canary"),
    part("canary-by-header-pattern", "canary"),
    part("canary-by-header-value", "canary"),
    part("canary-weight", "canary"),
    part("canary-weight-total", "canary"),
    row("client-body-buffer-size", Ignored, Neutral, NotEmpty, "sizes a buffer that the Gateway does not have"),
    row("configuration-snippet", Untranslatable, Protects, NotEmpty, "is NGINX configuration, which ingress-nginx rejects by default"),
    row("connection-proxy-header", Ignored, Routes, NotEmpty, "the Gateway manages its own connections to backends"),
    part("cors-allow-credentials", "enable-cors"),
    part("cors-allow-headers", "enable-cors"),
    part("cors-allow-methods", "enable-cors"),
    part("cors-allow-origin", "enable-cors"),
    part("cors-expose-headers", "enable-cors"),
    part("cors-max-age", "enable-cors"),
    row("custom-headers", Translated, Protects, NotEmpty, "copy the headers from the ConfigMap into a ResponseHeaderModifier filter"),
    strict("custom-http-errors", Untranslatable, Routes, StatusCodes, "a route cannot replace error pages"),
    strict("default-backend", Untranslatable, Routes, Characters("-"), "a route has no fallback for a Service without pods"),
    strict("denylist-source-range", Untranslatable, Protects, Networks, "a route cannot block client addresses"),
    part("disable-proxy-intercept-errors", "custom-http-errors"),
    row("enable-access-log", Ignored, Protects, NotEmpty, "the Gateway has its own log configuration"),
    row("enable-cors", Needs(Feature::Cors), Protects, True, "a route cannot handle CORS"),
    row("enable-global-auth", Ignored, Protects, NotEmpty, "affects only ingress-nginx's global authentication"),
    row("enable-modsecurity", Untranslatable, Protects, True, "the Gateway has no web application firewall"),
    row("enable-opentelemetry", Ignored, Neutral, NotEmpty, "the Gateway has its own tracing configuration"),
    part("enable-owasp-core-rules", "enable-modsecurity"),
    row("enable-rewrite-log", Ignored, Neutral, NotEmpty, "the Gateway has its own log configuration"),
    part("fastcgi-index", "backend-protocol"),
    part("fastcgi-params-configmap", "backend-protocol"),
    row("force-ssl-redirect", BuiltIn, Protects, NotEmpty, "the Gateway redirects all plain HTTP"),
    strict("from-to-www-redirect", Translated, Routes, True, "a second route redirects the other name (308, or 301 before Gateway API 1.5)"),
    row("http2-push-preload", Ignored, Neutral, NotEmpty, "browsers no longer support HTTP/2 push"),
    part("limit-allowlist", "limit-rps"),
    part("limit-burst-multiplier", "limit-rps"),
    strict("limit-connections", Untranslatable, Protects, Positive, "a route cannot limit connections"),
    row("limit-rate", Untranslatable, Protects, Positive, "a route cannot limit bandwidth"),
    part("limit-rate-after", "limit-rate"),
    strict("limit-rpm", Untranslatable, Protects, Positive, "a route cannot limit the request rate"),
    strict("limit-rps", Untranslatable, Protects, Positive, "a route cannot limit the request rate"),
    part("limit-whitelist", "limit-rps"),
    row("load-balance", Ignored, Neutral, NotEmpty, "the Gateway has its own load balancing"),
    part("mirror-host", "mirror-target"),
    part("mirror-request-body", "mirror-target"),
    row("mirror-target", Untranslatable, Routes, Characters(SERVER_NAME), "mirrors to a URL; a route can mirror only to Services"),
    part("modsecurity-snippet", "enable-modsecurity"),
    part("modsecurity-transaction-id", "enable-modsecurity"),
    part("opentelemetry-operation-name", "enable-opentelemetry"),
    part("opentelemetry-trust-incoming-span", "enable-opentelemetry"),
    strict("permanent-redirect", Translated, Routes, Characters(URL), "RequestRedirect"),
    part("permanent-redirect-code", "permanent-redirect"),
    part("preserve-trailing-slash", "ssl-redirect"),
    row("proxy-body-size", Untranslatable, Protects, BelowDefaultBodySize, "a route cannot limit the request size"),
    row("proxy-buffer-size", Ignored, Neutral, NotEmpty, "sizes a buffer that the Gateway does not have"),
    row("proxy-buffering", Ignored, Neutral, NotEmpty, "the Gateway streams"),
    row("proxy-buffers-number", Ignored, Neutral, NotEmpty, "sizes a buffer that the Gateway does not have"),
    row("proxy-busy-buffers-size", Ignored, Neutral, NotEmpty, "sizes a buffer that the Gateway does not have"),
    row("proxy-connect-timeout", Ignored, Neutral, NotEmpty, "the Gateway has its own connect timeout"),
    row("proxy-cookie-domain", Untranslatable, Protects, TwoWords(SECRET), "a route cannot rewrite cookies"),
    row("proxy-cookie-path", Untranslatable, Protects, NotOff(URL), "a route cannot rewrite cookies"),
    row("proxy-http-version", Ignored, Neutral, NotEmpty, "the Gateway negotiates the version with each backend"),
    row("proxy-max-temp-file-size", Ignored, Neutral, NotEmpty, "sizes a buffer that the Gateway does not have"),
    row("proxy-next-upstream", Ignored, Neutral, NotEmpty, "the Gateway does not retry"),
    part("proxy-next-upstream-timeout", "proxy-next-upstream"),
    part("proxy-next-upstream-tries", "proxy-next-upstream"),
    row("proxy-read-timeout", Translated, Neutral, NotEmpty, "`timeouts.request: 0s`: NGINX does not limit requests in total"),
    row("proxy-redirect-from", Untranslatable, Routes, NotOff(URL), "a route cannot rewrite redirects of the backend"),
    part("proxy-redirect-to", "proxy-redirect-from"),
    row("proxy-request-buffering", Ignored, Neutral, NotEmpty, "the Gateway streams"),
    row("proxy-send-timeout", Translated, Neutral, NotEmpty, "`timeouts.request: 0s`: NGINX does not limit requests in total"),
    part("proxy-ssl-ciphers", "backend-protocol"),
    part("proxy-ssl-name", "backend-protocol"),
    part("proxy-ssl-protocols", "backend-protocol"),
    part("proxy-ssl-secret", "backend-protocol"),
    part("proxy-ssl-server-name", "backend-protocol"),
    part("proxy-ssl-verify", "backend-protocol"),
    part("proxy-ssl-verify-depth", "backend-protocol"),
    row("relative-redirects", Ignored, Neutral, NotEmpty, "affects only NGINX's own redirects"),
    row("rewrite-target", Translated, Routes, Characters(PATH), "URLRewrite, if the target is literal or keeps the rest of the path"),
    part("satisfy", "auth-type"),
    strict("server-alias", Translated, Routes, Characters(SERVER_NAMES), "additional hostnames of the route"),
    row("server-snippet", Untranslatable, Protects, NotEmpty, "is NGINX configuration, which ingress-nginx rejects by default"),
    row("service-upstream", Ignored, Neutral, NotEmpty, "the Gateway selects the pods of a Service itself"),
    part("session-cookie-change-on-failure", "affinity"),
    part("session-cookie-conditional-samesite-none", "affinity"),
    part("session-cookie-domain", "affinity"),
    part("session-cookie-expires", "affinity"),
    part("session-cookie-max-age", "affinity"),
    part("session-cookie-name", "affinity"),
    part("session-cookie-path", "affinity"),
    part("session-cookie-samesite", "affinity"),
    part("session-cookie-secure", "affinity"),
    row("ssl-ciphers", BuiltIn, Protects, NotEmpty, "the Gateway terminates TLS"),
    strict("ssl-passthrough", Untranslatable, Routes, True, "passes TLS through to the pod; the Gateway terminates it"),
    row("ssl-prefer-server-ciphers", BuiltIn, Protects, NotEmpty, "the Gateway terminates TLS"),
    row("ssl-redirect", BuiltIn, Protects, NotEmpty, "the Gateway redirects all plain HTTP"),
    row("stream-snippet", Untranslatable, Protects, NotEmpty, "is NGINX configuration, which ingress-nginx rejects by default"),
    strict("temporal-redirect", Translated, Routes, Characters(URL), "RequestRedirect"),
    part("temporal-redirect-code", "temporal-redirect"),
    strict("upstream-hash-by", Untranslatable, Routes, Characters(" -_${}"), "a route cannot choose the pod by a hash key"),
    part("upstream-hash-by-subset", "upstream-hash-by"),
    part("upstream-hash-by-subset-size", "upstream-hash-by"),
    strict("upstream-vhost", Translated, Routes, Characters(SERVER_NAME), "URLRewrite of the hostname"),
    row("use-port-in-redirects", Ignored, Neutral, NotEmpty, "affects only NGINX's own redirects"),
    row("use-regex", Translated, Routes, True, "RegularExpression, if both engines match the same paths"),
    strict("whitelist-source-range", Untranslatable, Protects, SomeNetworks, "a route cannot restrict client addresses"),
    strict("x-forwarded-prefix", Translated, Routes, Characters(PATH), "RequestHeaderModifier, if the path is rewritten"),
];
