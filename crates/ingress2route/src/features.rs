//! Reads the features that annotations of ingress-nginx request.

use std::borrow::Cow;

use admission::{Malformed, Node, Object, is_dns_subdomain};

use crate::annotation::{
    ActiveWhen, Annotation, Effect, Handling, PREFIX, annotation, is_true, other_controller,
};
use crate::backend_tls::BackendTls;
use crate::capability::Feature;
use crate::diagnostic::{Difference, differs, push, push_once, quote};
use crate::redirect::{self, Redirect};
use crate::rule::Header;
use crate::text::{contains_any, split_once};
use crate::value::Value;
use crate::{Options, Translation, auth, backend_tls, cors, host};

/// The requested features that routes support. They apply to every rule of the Ingress.
#[derive(Debug, Default)]
pub(crate) struct RequestedFeatures<'a> {
    /// `rewrite-target`, with its annotation.
    pub(crate) rewrite: Option<(String, Node<'a>)>,
    /// Whether `use-regex` is set.
    pub(crate) regex: bool,
    /// The target of a redirect of all requests.
    pub(crate) redirect: Option<Redirect>,
    /// The target of a redirect of `/`.
    pub(crate) app_root: Option<Redirect>,
    /// The annotation `from-to-www-redirect`, if it is set, and the status code.
    pub(crate) www: Option<(Node<'a>, u16)>,
    /// The hostname that the backend receives.
    pub(crate) upstream_host: Option<String>,
    /// The value of the header `X-Forwarded-Prefix`, sent if the path is rewritten.
    pub(crate) forwarded_prefix: Option<String>,
    /// `timeouts.request`.
    pub(crate) timeout: &'static str,
    /// The filter `CORS`.
    pub(crate) cors: Option<Value>,
    /// The filter `ExternalAuth`.
    pub(crate) auth: Option<Value>,
    /// `validation` of the BackendTLSPolicies, if backends use TLS.
    pub(crate) backend_tls: Option<BackendTls<'a>>,
    /// Whether backends use gRPC.
    pub(crate) grpc: bool,
    /// Which requests a canary gets.
    pub(crate) canary: Option<CanaryTraffic<'a>>,
    /// Additional hostnames, with their annotation.
    pub(crate) aliases: Vec<(String, Node<'a>)>,
    /// Whether no routes are built: a canary that is not selected by header alone receives a share of another
    /// Ingress's traffic.
    pub(crate) no_routes: bool,
}

/// After how many seconds without data Cilium ends a stream: `http-stream-idle-timeout` in
/// `pkg/envoy/config/config.go`.
const CILIUM_IDLE_TIMEOUT: u32 = 300;

/// Which requests of another Ingress a canary gets.
#[derive(Debug)]
pub(crate) struct CanaryTraffic<'a> {
    /// The header that selects it, with its value.
    pub(crate) header: Option<Header>,
    /// Whether the header selects the main Service with the value `never`.
    pub(crate) has_never: bool,
    /// How many of `total` requests without the header it gets.
    pub(crate) weight: u32,
    pub(crate) total: u32,
    /// The annotation with the weight.
    pub(crate) node: Node<'a>,
    /// Whether a route can select these requests.
    pub(crate) is_supported: bool,
}

/// The annotations of an Ingress that ingress-nginx knows.
pub(crate) struct KnownAnnotations<'a> {
    all: Vec<(&'static Annotation, Cow<'a, str>, Node<'a>)>,
}

impl<'a> KnownAnnotations<'a> {
    /// Returns the value of an annotation, unchanged.
    #[inline(never)]
    fn raw(&self, name: &str) -> Option<(&str, Node<'a>)> {
        let found = self.all.iter().find(|(known, ..)| known.name == name);
        found.map(|(_, value, node)| (value.as_ref(), *node))
    }

    /// Whether another annotation turns this one off.
    fn is_off(&self, annotation: &Annotation) -> bool {
        match annotation.name {
            "auth-tls-secret" => {
                let verify = self.get("auth-tls-verify-client");
                verify.is_some_and(|(value, _)| value == "off")
            }
            // The default of `proxy-redirect-to` is `off`.
            "proxy-redirect-from" => {
                let to = self.get("proxy-redirect-to");
                to.is_none_or(|(value, _)| value == "off")
            }
            _ => false,
        }
    }

    /// Adds a diagnostic about a value that no route can express. It is no reason for ingress-nginx if that
    /// cannot read the value either.
    #[inline(never)]
    fn cannot_express(&self, node: Node<'_>, name: &str, parts: &[&str], out: &mut Translation) {
        let value = self.raw(name).map(|(value, _)| value).unwrap_or_default();
        let effect = annotation(name).map(|known| known.effect(value));
        if !effect.is_some_and(|effect| unreadable(effect, node, out)) {
            push_once(&mut out.untranslatable, node, parts);
        }
    }

    /// Returns the value of an annotation, trimmed as in ingress-nginx, if it is not empty.
    #[inline(never)]
    pub(crate) fn get(&self, name: &str) -> Option<(&str, Node<'a>)> {
        let found = self.raw(name);
        found
            .map(|(value, node)| (value.trim_ascii(), node))
            .filter(|(value, _)| !value.is_empty())
    }
}

/// Reads the annotations, and adds a diagnostic for each that the routes do not reproduce.
///
/// # Errors
/// Returns an error if an annotation of ingress-nginx is not a string.
pub(crate) fn read<'a>(
    annotations: Option<&Object<'a>>,
    options: &Options<'_>,
    out: &mut Translation,
) -> Result<RequestedFeatures<'a>, Malformed> {
    let mut known = KnownAnnotations { all: Vec::new() };
    for (key, node) in annotations.into_iter().flat_map(Object::iter) {
        let Some(name) = key.strip_prefix(PREFIX) else {
            let prefix = split_once(key, b'/').map_or(key, |(prefix, _)| prefix);
            if let Some(controller) = other_controller(prefix) {
                let parts = ["not translated: only [] reads it", controller];
                push(&mut out.other_controllers, node, &parts);
            }
            continue;
        };
        match annotation(name) {
            Some(annotation) => known.all.push((annotation, node.string()?, node)),
            None => {
                let parts = ["ingress-nginx does not know {} and ignores it", name];
                push(&mut out.unknown, node, &parts);
            }
        }
    }
    for (annotation, value, node) in &known.all {
        if let ActiveWhen::PartOf(main) = annotation.active_when {
            if known.get(main).is_none() {
                let parts = ["has no effect without `[]`", main];
                push(&mut out.notes, *node, &parts);
            }
            continue;
        }
        let list = match (annotation.handling, annotation.effect(value)) {
            // The reader reports values that it cannot translate.
            (Handling::Translated, effect)
                if matches!(annotation.active_when, ActiveWhen::True) =>
            {
                unreadable(effect, *node, out);
                continue;
            }
            (Handling::Translated | Handling::BuiltIn, _) => continue,
            (Handling::Needs(feature), Effect::Active) if options.has(feature) => continue,
            (Handling::Needs(feature), Effect::Active) if options.allows(feature) => {
                let parts = ["a route cannot do this", &feature.before()];
                push(&mut out.untranslatable, *node, &parts);
                continue;
            }
            (Handling::Needs(_), Effect::Active) => &mut out.untranslatable,
            (Handling::Ignored, Effect::Active) => &mut out.notes,
            (Handling::Untranslatable, Effect::Active) if !known.is_off(annotation) => {
                &mut out.untranslatable
            }
            (_, Effect::Off)
                if matches!(annotation.active_when, ActiveWhen::BelowDefaultBodySize)
                    && value != "0" =>
            {
                push(
                    &mut out.notes,
                    *node,
                    &["omitted: the Gateway does not limit the request size"],
                );
                continue;
            }
            (_, effect) => {
                unreadable(effect, *node, out);
                continue;
            }
        };
        push(list, *node, &[annotation.reason]);
    }
    let reader = Reader {
        annotations: known,
        options,
        out,
    };
    Ok(reader.features())
}

struct Reader<'r, 'a> {
    annotations: KnownAnnotations<'a>,
    options: &'r Options<'r>,
    out: &'r mut Translation,
}

impl<'a> Reader<'_, 'a> {
    fn features(mut self) -> RequestedFeatures<'a> {
        let mut features = RequestedFeatures::default();
        self.protocol(&mut features);
        self.plain_http();
        self.redirects(&mut features);
        self.rewrites(&mut features);
        self.timeouts(&mut features);
        self.canary(&mut features);
        self.filters(&mut features);
        self.others(&mut features);
        features
    }

    fn protocol(&mut self, features: &mut RequestedFeatures<'a>) {
        let Some((value, node)) = self.annotations.get("backend-protocol") else {
            return;
        };
        let reason = match value.to_ascii_uppercase().as_str() {
            "HTTP" => return,
            "GRPC" => {
                features.grpc = true;
                return;
            }
            "HTTPS" if self.options.has(Feature::BackendTls) => {
                features.backend_tls = Some(backend_tls::read(&self.annotations, node));
                return;
            }
            "HTTPS" => {
                let versions = Feature::BackendTls.before();
                let parts = ["a route cannot use TLS to backends[]", &versions];
                return push_once(&mut self.out.untranslatable, node, &parts);
            }
            // Cilium does not apply BackendTLSPolicies to GRPCRoutes.
            "GRPCS" => "a GRPCRoute cannot use TLS to backends in Cilium",
            "FCGI" => "routes do not support FastCGI",
            "AUTO_HTTP" => "a route cannot choose the backend protocol by the client protocol",
            _ => {
                let parts = [
                    "ingress-nginx does not know protocol {} and uses HTTP",
                    value,
                ];
                return push_once(&mut self.out.notes, node, &parts);
            }
        };
        push_once(&mut self.out.untranslatable, node, &[reason]);
    }

    /// Notes that the redirect of plain HTTP cannot be disabled: the Gateway does it for every route.
    fn plain_http(&mut self) {
        if let Some((value, node)) = self.annotations.get("ssl-redirect")
            && matches!(value, "0" | "f" | "F" | "false" | "FALSE" | "False")
        {
            let parts = ["cannot be disabled: the Gateway redirects all plain HTTP"];
            push_once(&mut self.out.notes, node, &parts);
        }
    }

    fn redirects(&mut self, features: &mut RequestedFeatures<'a>) {
        // If both are set, ingress-nginx uses only the temporal one.
        let kinds = &[
            ("temporal-redirect", "temporal-redirect-code", 302, 307),
            ("permanent-redirect", "permanent-redirect-code", 301, 308),
        ];
        for &(name, code_name, default, highest) in kinds {
            let Some((url, node)) = self.annotations.get(name) else {
                continue;
            };
            if unsupported_by_grpc(features.grpc, node, self.out) {
                return;
            }
            // ingress-nginx replaces codes out of range with its default.
            let code = self.annotations.get(code_name);
            let code = code.and_then(|(code, at)| Some((code.parse().ok()?, at)));
            let (code, at) = code
                .filter(|(code, _)| (300..=highest).contains(code))
                .unwrap_or((default, node));
            let before = match code {
                301 | 302 => None,
                303 | 307 | 308 if self.options.has(Feature::RedirectCodes) => None,
                303 | 307 | 308 => Some(Feature::RedirectCodes.before()),
                _ => Some(String::new()),
            };
            if let Some(before) = before {
                let code = code.to_string();
                let parts = ["a route cannot redirect with status [][]", &code, &before];
                return push_once(&mut self.out.untranslatable, at, &parts);
            }
            match redirect::parse(url, code, self.options.gateway.secure_scheme()) {
                Err(reason) => {
                    let parts = ["{} []", url, reason];
                    self.annotations
                        .cannot_express(node, name, &parts, self.out);
                }
                Ok(redirect) => {
                    let host = redirect.host.as_deref();
                    let problem = "routes may redirect only to hosts in";
                    check_domain(host, node, problem, self.options, self.out);
                    keeps_query(&redirect, node, self.out);
                    features.redirect = Some(redirect);
                }
            }
            break;
        }
        let www = self.annotations.raw("from-to-www-redirect");
        if let Some((_, node)) = www.filter(|(value, _)| is_true(value))
            && !unsupported_by_grpc(features.grpc, node, self.out)
        {
            let code = match self.options.has(Feature::RedirectCodes) {
                true => 308,
                false => {
                    let versions = Feature::RedirectCodes.before();
                    let parts = [
                        "redirects with 301: a route cannot use NGINX's 308[]",
                        &versions,
                    ];
                    push_once(&mut self.out.notes, node, &parts);
                    301
                }
            };
            features.www = Some((node, code));
        }
        if let Some((target, node)) = self.annotations.get("app-root") {
            if !target.starts_with('/') {
                let parts = ["has no effect: ingress-nginx requires a path"];
                push_once(&mut self.out.notes, node, &parts);
            } else if !unsupported_by_grpc(features.grpc, node, self.out) {
                match redirect::parse(target, 302, self.options.gateway.secure_scheme()) {
                    Err(reason) => {
                        let parts = ["{} []", target, reason];
                        self.annotations
                            .cannot_express(node, "app-root", &parts, self.out);
                    }
                    // It precedes a redirect of all requests: NGINX tests `$uri` before it selects a location
                    // (`app-root` in `rootfs/etc/nginx/template/nginx.tmpl`).
                    Ok(redirect) => {
                        keeps_query(&redirect, node, self.out);
                        features.app_root = Some(redirect);
                    }
                }
            }
        }
    }

    fn rewrites(&mut self, features: &mut RequestedFeatures<'a>) {
        let regex = self.annotations.raw("use-regex");
        features.regex = regex.is_some_and(|(value, _)| is_true(value));
        if let Some((target, node)) = self.annotations.get("rewrite-target") {
            let target = target.to_owned();
            let problem = match target.as_str() {
                _ if features.redirect.is_some() => None,
                _ if unsupported_by_grpc(features.grpc, node, self.out) => None,
                target if !target.starts_with('/') => Some("is not a path"),
                target if target.len() > 1024 => Some("is longer than 1024 characters"),
                target if contains_any(target, b"?#") => Some("has a query or fragment"),
                _ => {
                    features.rewrite = Some((target.clone(), node));
                    None
                }
            };
            if let Some(problem) = problem {
                let parts = ["{} []", &target, problem];
                self.annotations
                    .cannot_express(node, "rewrite-target", &parts, self.out);
            }
        }
        if let Some((value, node)) = self.annotations.get("x-forwarded-prefix") {
            if features.rewrite.is_none() {
                let parts = ["has no effect without `rewrite-target`"];
                push_once(&mut self.out.notes, node, &parts);
            } else if contains_any(value, b"$") || value.len() > 4096 {
                let parts = ["{} is not a literal header value", value];
                self.annotations
                    .cannot_express(node, "x-forwarded-prefix", &parts, self.out);
            } else {
                features.forwarded_prefix = Some(value.to_owned());
            }
        }
        if let Some((host, node)) = self.annotations.get("upstream-vhost") {
            let host = host.to_owned();
            if features.redirect.is_some() || unsupported_by_grpc(features.grpc, node, self.out) {
            } else if !is_dns_subdomain(&host) {
                let parts = ["{} is not a hostname", &host];
                self.annotations
                    .cannot_express(node, "upstream-vhost", &parts, self.out);
            } else {
                let problem = "routes may rewrite hostnames only to those in";
                check_domain(Some(&host), node, problem, self.options, self.out);
                features.upstream_host = Some(host);
            }
        }
    }

    /// NGINX's timeouts are between two reads or writes, those of a route for the whole request: they would cut
    /// downloads, streams and WebSockets that NGINX serves. So the route has none, as Gateway API's `0s`. What
    /// remains is Cilium's own limit between two reads, the same for all routes.
    fn timeouts(&mut self, features: &mut RequestedFeatures<'a>) {
        for name in &["proxy-read-timeout", "proxy-send-timeout"] {
            let Some((value, node)) = self.annotations.get(name) else {
                continue;
            };
            let problem = match value.parse::<u32>() {
                Ok(0) | Err(_) => "has no effect: ingress-nginx requires a number of seconds",
                Ok(_) if features.grpc => "omitted: a GRPCRoute has no timeouts",
                Ok(seconds) => {
                    features.timeout = "0s";
                    if seconds == CILIUM_IDLE_TIMEOUT {
                        continue;
                    }
                    let parts = [
                        "becomes no limit in total, as in NGINX; without data, Cilium ends a stream after 5 \
                         minutes, NGINX after [] s",
                        value,
                    ];
                    differs(&mut self.out.notes, node, Difference::Timeout, &parts);
                    continue;
                }
            };
            push_once(&mut self.out.notes, node, &[problem]);
        }
    }

    fn canary(&mut self, features: &mut RequestedFeatures<'a>) {
        let canary = self.annotations.raw("canary");
        let Some((_, canary)) = canary.filter(|(value, _)| is_true(value)) else {
            return;
        };
        let value = |name| self.annotations.get(name);
        let number = |name| Some(value(name)?.0.parse::<u32>().unwrap_or_default());
        let weight = number("canary-weight").unwrap_or_default();
        let exact = value("canary-by-header-value");
        let pattern = value("canary-by-header-pattern").filter(|_| exact.is_none());
        let header = value("canary-by-header");
        let unsupported = value("canary-by-cookie").or(pattern.filter(|_| header.is_some()));
        features.canary = Some(CanaryTraffic {
            header: header.map(|(name, _)| {
                let value = exact.map_or("always", |(value, _)| value);
                (name.to_owned(), value.to_owned())
            }),
            has_never: exact.is_none(),
            weight,
            // Lua's `route_to_alternative_balancer` ignores a lower total.
            total: number("canary-weight-total").unwrap_or_default().max(100),
            node: value("canary-weight").map_or(canary, |(_, node)| node),
            is_supported: unsupported.is_none()
                && header.is_none_or(|(name, _)| is_token(name))
                && exact.is_none_or(|(value, _)| value.len() <= 4096),
        });
        features.no_routes = header.is_none() || unsupported.is_some();
        if let Some((_, node)) = unsupported {
            let parts = ["a route cannot select requests by cookie or header pattern"];
            return push_once(&mut self.out.untranslatable, node, &parts);
        }
        if let (
            Some((name, node)),
            Some(CanaryTraffic {
                is_supported: false,
                ..
            }),
        ) = (header, &features.canary)
        {
            features.no_routes = true;
            let parts = ["a route cannot match header {}", name];
            return push_once(&mut self.out.untranslatable, node, &parts);
        }
        if weight == 0 && header.is_none() {
            let parts = ["a canary without weight or header receives no requests"];
            push_once(&mut self.out.blockers, canary, &parts);
        }
    }

    /// Reads what becomes a filter, if the Gateway has it. A redirect needs none: NGINX redirects first.
    fn filters(&mut self, features: &mut RequestedFeatures<'a>) {
        for name in &["enable-cors", "auth-url"] {
            let Some((value, node)) = self.annotations.raw(name) else {
                continue;
            };
            let is_needed = annotation(name).is_some_and(|known| {
                let has = matches!(known.handling, Handling::Needs(it) if self.options.has(it));
                has && known.effect(value) == Effect::Active
            });
            if !is_needed
                || features.redirect.is_some()
                || unsupported_by_grpc(features.grpc, node, self.out)
            {
                continue;
            }
            if *name == "enable-cors" {
                let cors = cors::filter(&self.annotations, node, self.options, self.out);
                features.cors = Some(cors);
                continue;
            }
            let value = value.trim_ascii();
            match auth::filter(value, &self.annotations, node, self.options, self.out) {
                Ok(filter) => features.auth = Some(filter),
                Err(problem) => {
                    let parts = ["{} []", value, problem];
                    push_once(&mut self.out.untranslatable, node, &parts);
                }
            }
        }
    }

    fn others(&mut self, features: &mut RequestedFeatures<'a>) {
        if let Some((map, node)) = self.annotations.get("custom-headers") {
            let parts = [
                "copy the headers from ConfigMap {} into a ResponseHeaderModifier filter of each rule",
                map,
            ];
            push_once(&mut self.out.blockers, node, &parts);
        }
        if let Some((aliases, node)) = self.annotations.get("server-alias") {
            let mut patterns = Vec::new();
            for alias in aliases.split(',') {
                match alias.trim_ascii() {
                    "" => {}
                    pattern if pattern.starts_with('~') => patterns.push(quote(pattern)),
                    name => features.aliases.push((name.to_owned(), node)),
                }
            }
            for pattern in patterns {
                let parts = [
                    "[] is a regular expression; a route requires literal hostnames",
                    &pattern,
                ];
                self.annotations
                    .cannot_express(node, "server-alias", &parts, self.out);
            }
        }
    }
}

/// Adds a diagnostic, and returns true, if ingress-nginx cannot read the value of an annotation.
fn unreadable(effect: Effect, node: Node<'_>, out: &mut Translation) -> bool {
    match effect {
        Effect::Active | Effect::Off => return false,
        Effect::Ignored => {
            push(
                &mut out.notes,
                node,
                &["ingress-nginx cannot read the value and ignores it"],
            );
        }
        Effect::NotServed => {
            push(
                &mut out.blockers,
                node,
                &[
                    "ingress-nginx cannot read the value and does not serve the Ingress; fix or remove it",
                ],
            );
        }
    }
    true
}

/// Notes that the Gateway keeps the query of a redirected request. NGINX does so only for `$request_uri`.
fn keeps_query(redirect: &Redirect, node: Node<'_>, out: &mut Translation) {
    if redirect.path.is_some() {
        let parts = ["the Gateway keeps the query of the request (`?a=b`), NGINX drops it"];
        differs(&mut out.notes, node, Difference::RedirectQuery, &parts);
    }
}

/// Adds a diagnostic, and returns true, if the route is a GRPCRoute, which has no such filter.
fn unsupported_by_grpc(grpc: bool, node: Node<'_>, out: &mut Translation) -> bool {
    if grpc {
        let parts = ["a GRPCRoute cannot do this"];
        push_once(&mut out.untranslatable, node, &parts);
    }
    grpc
}

/// Adds a diagnostic if the host of a filter is outside the domain.
pub(crate) fn check_domain(
    host: Option<&str>,
    node: Node<'_>,
    problem: &str,
    options: &Options<'_>,
    out: &mut Translation,
) {
    if let (Some(host), Some(domain)) = (host, options.domain)
        && !host::is_in_domain(host, options.domain)
    {
        let parts = ["{}: [] `[]`", host, problem, domain];
        push_once(&mut out.blockers, node, &parts);
    }
}

/// Whether the text is a valid header name: a token (RFC 9110) of a length that the CRD allows.
pub(crate) fn is_token(text: &str) -> bool {
    (1..=256).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}
