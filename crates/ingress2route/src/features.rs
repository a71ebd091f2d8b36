//! Reads the features that annotations of ingress-nginx request.

use std::borrow::Cow;

use admission::{Malformed, Node, Object, is_dns_subdomain};

use crate::annotation::{
    ActiveWhen, Annotation, Effect, Handling, PREFIX, annotation, is_true, other_controller,
};
use crate::diagnostic::{push, push_once, quote};
use crate::redirect::{self, Redirect};
use crate::text::{contains_any, joined, split_once};
use crate::{Options, Translation, host};

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
    /// The annotation `from-to-www-redirect`, if it is set.
    pub(crate) www: Option<Node<'a>>,
    /// The hostname that the backend receives.
    pub(crate) upstream_host: Option<String>,
    /// The value of the header `X-Forwarded-Prefix`, sent if the path is rewritten.
    pub(crate) forwarded_prefix: Option<String>,
    /// `timeouts.request`.
    pub(crate) timeout: Option<String>,
    /// Whether backends use gRPC.
    pub(crate) grpc: bool,
    /// The header that requests must have, with its value: a canary by header.
    pub(crate) header: Option<(String, String)>,
    /// Additional hostnames, with their annotation.
    pub(crate) aliases: Vec<(String, Node<'a>)>,
    /// Whether no routes are built: a canary that is not selected by header alone receives a share of another
    /// Ingress's traffic.
    pub(crate) no_routes: bool,
}

/// The annotations of an Ingress that ingress-nginx knows.
struct KnownAnnotations<'a> {
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
    fn get(&self, name: &str) -> Option<(&str, Node<'a>)> {
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
                let parts = ["not translated: only ", controller, " reads it"];
                push(&mut out.other_controllers, node, &parts);
            }
            continue;
        };
        match annotation(name) {
            Some(annotation) => known.all.push((annotation, node.string()?, node)),
            None => {
                let parts = [
                    "ingress-nginx does not know ",
                    &quote(name),
                    " and ignores it",
                ];
                push(&mut out.unknown, node, &parts);
            }
        }
    }
    for (annotation, value, node) in &known.all {
        if let ActiveWhen::PartOf(main) = annotation.active_when {
            if known.get(main).is_none() {
                let parts = ["has no effect without `", main, "`"];
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
            "HTTPS" | "GRPCS" => {
                "TLS to backends requires a BackendTLSPolicy with their CA certificate"
            }
            "FCGI" => "routes do not support FastCGI",
            "AUTO_HTTP" => "a route cannot choose the backend protocol by the client protocol",
            _ => {
                let parts = [
                    "ingress-nginx does not know protocol ",
                    &quote(value),
                    " and uses HTTP",
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
            if !matches!(code, 301 | 302) {
                let parts = [
                    "a route cannot redirect with status ",
                    &code.to_string(),
                    ", only with 301 or 302",
                ];
                return push_once(&mut self.out.untranslatable, at, &parts);
            }
            match redirect::parse(url, code) {
                Err(reason) => {
                    let parts = [&quote(url), " ", reason];
                    self.annotations
                        .cannot_express(node, name, &parts, self.out);
                }
                Ok(redirect) => {
                    let host = redirect.host.as_deref();
                    let problem = "routes may redirect only to hosts in";
                    check_domain(host, node, problem, self.options, self.out);
                    features.redirect = Some(redirect);
                }
            }
            break;
        }
        let www = self.annotations.raw("from-to-www-redirect");
        if let Some((_, node)) = www.filter(|(value, _)| is_true(value))
            && !unsupported_by_grpc(features.grpc, node, self.out)
        {
            let parts = ["redirects with 301: a route cannot use NGINX's 308"];
            push_once(&mut self.out.notes, node, &parts);
            features.www = Some(node);
        }
        if let Some((target, node)) = self.annotations.get("app-root") {
            if !target.starts_with('/') {
                let parts = ["has no effect: ingress-nginx requires a path"];
                push_once(&mut self.out.notes, node, &parts);
            } else if !unsupported_by_grpc(features.grpc, node, self.out) {
                match redirect::parse(target, 302) {
                    Err(reason) => {
                        let parts = [&quote(target), " ", reason];
                        self.annotations
                            .cannot_express(node, "app-root", &parts, self.out);
                    }
                    // All requests are redirected already.
                    Ok(_) if features.redirect.is_some() => {}
                    Ok(redirect) => features.app_root = Some(redirect),
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
                let parts = [&quote(&target), " ", problem];
                self.annotations
                    .cannot_express(node, "rewrite-target", &parts, self.out);
            }
        }
        if let Some((value, node)) = self.annotations.get("x-forwarded-prefix") {
            if features.rewrite.is_none() {
                let parts = ["has no effect without `rewrite-target`"];
                push_once(&mut self.out.notes, node, &parts);
            } else if contains_any(value, b"$") || value.len() > 4096 {
                let parts = [&quote(value), " is not a literal header value"];
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
                let parts = [&quote(&host), " is not a hostname"];
                self.annotations
                    .cannot_express(node, "upstream-vhost", &parts, self.out);
            } else {
                let problem = "routes may rewrite hostnames only to those in";
                check_domain(Some(&host), node, problem, self.options, self.out);
                features.upstream_host = Some(host);
            }
        }
    }

    fn timeouts(&mut self, features: &mut RequestedFeatures<'a>) {
        let mut longest = None;
        for name in &["proxy-read-timeout", "proxy-send-timeout"] {
            let Some((value, node)) = self.annotations.get(name) else {
                continue;
            };
            let parts: &[&str] = match value.parse::<u32>() {
                Ok(0) | Err(_) => &["has no effect: ingress-nginx requires a number of seconds"],
                Ok(_) if features.grpc => &["omitted: a GRPCRoute has no timeouts"],
                Ok(seconds) => {
                    longest = longest.max(Some(seconds));
                    &[
                        "NGINX counts from the last byte, `timeouts.request` from the start of the request",
                    ]
                }
            };
            push_once(&mut self.out.notes, node, parts);
        }
        // The CRD allows five digits per unit.
        features.timeout = longest.map(|seconds| match seconds {
            0..100_000 => joined(&[&seconds.to_string(), "s"]),
            _ => joined(&[&seconds.div_ceil(3600).min(99_999).to_string(), "h"]),
        });
    }

    fn canary(&mut self, features: &mut RequestedFeatures<'a>) {
        let canary = self.annotations.raw("canary");
        let Some((_, canary)) = canary.filter(|(value, _)| is_true(value)) else {
            return;
        };
        let value = |name| self.annotations.get(name);
        let weight = value("canary-weight")
            .and_then(|(weight, node)| Some((weight.parse::<u32>().ok()?, node)))
            .filter(|(weight, _)| *weight > 0);
        let exact = value("canary-by-header-value");
        let pattern = value("canary-by-header-pattern").filter(|_| exact.is_none());
        let header = value("canary-by-header");
        let unsupported = value("canary-by-cookie").or(pattern.filter(|_| header.is_some()));
        features.no_routes = header.is_none() || unsupported.is_some();
        if let Some((_, node)) = unsupported {
            let parts = ["a route cannot select requests by cookie or header pattern"];
            return push_once(&mut self.out.untranslatable, node, &parts);
        }
        if let Some((name, node)) = header {
            let value = exact.map_or("always", |(value, _)| value);
            if !is_token(name) || value.len() > 4096 {
                features.no_routes = true;
                let parts = ["a route cannot match header ", &quote(name)];
                return push_once(&mut self.out.untranslatable, node, &parts);
            }
            features.header = Some((name.to_owned(), value.to_owned()));
        }
        match weight {
            Some((weight, node)) => {
                let parts = [
                    "a weight needs the main Ingress's route: add this Service to its `backendRefs` with \
                     `weight: ",
                    &weight.to_string(),
                    "`",
                ];
                push_once(&mut self.out.blockers, node, &parts);
            }
            None if features.header.is_none() => {
                let parts = ["a canary without weight or header receives no requests"];
                push_once(&mut self.out.blockers, canary, &parts);
            }
            None => {}
        }
    }

    fn others(&mut self, features: &mut RequestedFeatures<'a>) {
        if let Some((map, node)) = self.annotations.get("custom-headers") {
            let parts = [
                "copy the headers from ConfigMap ",
                &quote(map),
                " into a ResponseHeaderModifier filter of each rule",
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
                    &pattern,
                    " is a regular expression; a route requires literal hostnames",
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

/// Adds a diagnostic, and returns true, if the route is a GRPCRoute, which has no such filter.
fn unsupported_by_grpc(grpc: bool, node: Node<'_>, out: &mut Translation) -> bool {
    if grpc {
        let parts = ["a GRPCRoute cannot redirect or rewrite"];
        push_once(&mut out.untranslatable, node, &parts);
    }
    grpc
}

/// Adds a diagnostic if the host of a filter is outside the domain.
fn check_domain(
    host: Option<&str>,
    node: Node<'_>,
    problem: &str,
    options: &Options<'_>,
    out: &mut Translation,
) {
    if let (Some(host), Some(domain)) = (host, options.domain)
        && !host::is_in_domain(host, options.domain)
    {
        let parts = [&quote(host), ": ", problem, " `", domain, "`"];
        push_once(&mut out.blockers, node, &parts);
    }
}

/// Whether the text is a valid header name: a token (RFC 9110) of a length that the CRD allows.
fn is_token(text: &str) -> bool {
    (1..=256).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}
