//! What the annotations ask for.

use std::borrow::Cow;

use admission::{Malformed, Node, Object, is_dns_subdomain};

use crate::annotation::{Annotation, Effect, Fate, PREFIX, annotation, is_true, other_controller};
use crate::finding::{say, shown, tell};
use crate::redirect::{self, Redirect};
use crate::text::{cut, has_any, joined};
use crate::{Options, Translation, host};

/// The wishes that routes can fulfil.
#[derive(Debug, Default)]
pub(crate) struct Wishes<'a> {
    /// `rewrite-target`, and where it stands.
    pub(crate) rewrite: Option<(String, Node<'a>)>,
    /// Whether paths are regular expressions.
    pub(crate) regex: bool,
    /// Where every request is redirected.
    pub(crate) redirect: Option<Redirect>,
    /// Where `/` is redirected.
    pub(crate) app_root: Option<Redirect>,
    /// Where it is asked that the host with or without `www.` is redirected to the other.
    pub(crate) www: Option<Node<'a>>,
    /// The host name that the backend sees.
    pub(crate) vhost: Option<String>,
    /// The value of `X-Forwarded-Prefix` beside a rewrite.
    pub(crate) prefix: Option<String>,
    /// `timeouts.request`.
    pub(crate) timeout: Option<String>,
    /// Whether backends speak gRPC.
    pub(crate) grpc: bool,
    /// The only requests that count: those with this header.
    pub(crate) header: Option<(String, String)>,
    /// Further names of the host.
    pub(crate) aliases: Vec<(String, Node<'a>)>,
    /// Whether no route can be made, since the Ingress is a share of another's traffic.
    pub(crate) is_share: bool,
}

/// The annotations of ingress-nginx that an Ingress has.
struct Given<'a> {
    all: Vec<(&'static Annotation, Cow<'a, str>, Node<'a>)>,
}

impl<'a> Given<'a> {
    /// The value of an annotation, as it is written.
    #[inline(never)]
    fn find(&self, name: &str) -> Option<(&str, Node<'a>)> {
        let found = self.all.iter().find(|(known, ..)| known.name == name);
        found.map(|(_, value, node)| (value.as_ref(), *node))
    }

    /// The value of an annotation that is not empty, as ingress-nginx trims it.
    #[inline(never)]
    fn get(&self, name: &str) -> Option<(&str, Node<'a>)> {
        let found = self.find(name);
        found
            .map(|(value, node)| (value.trim_ascii(), node))
            .filter(|(value, _)| !value.is_empty())
    }
}

/// Reads the annotations, and says of each what becomes of it.
///
/// # Errors
/// When one of ingress-nginx's is no string.
pub(crate) fn read<'a>(
    annotations: Option<&Object<'a>>,
    options: &Options<'_>,
    out: &mut Translation,
) -> Result<Wishes<'a>, Malformed> {
    let mut given = Given { all: Vec::new() };
    for (key, node) in annotations.into_iter().flat_map(Object::iter) {
        let Some(name) = key.strip_prefix(PREFIX) else {
            let prefix = cut(key, b'/').map_or(key, |(prefix, _)| prefix);
            if let Some(controller) = other_controller(prefix) {
                let parts = ["not understood: only ", controller, " reads it"];
                tell(&mut out.foreign, node, &parts);
            }
            continue;
        };
        match annotation(name) {
            Some(known) => given.all.push((known, node.string()?, node)),
            None => {
                let parts = [
                    "ingress-nginx has no annotation ",
                    &shown(name),
                    " and ignores it",
                ];
                tell(&mut out.unknown, node, &parts);
            }
        }
    }
    for (known, value, node) in &given.all {
        let list = match (known.effect, known.fate) {
            (Effect::Beside(main), _) => {
                if given.get(main).is_none() {
                    let parts = ["has no effect without `", main, "`"];
                    tell(&mut out.notes, *node, &parts);
                }
                continue;
            }
            _ if !known.has_effect(value) => continue,
            (_, Fate::Untranslatable) => &mut out.untranslatable,
            (_, Fate::Ignorable) => &mut out.notes,
            _ => continue,
        };
        tell(list, *node, &[known.why]);
    }
    Ok(Reader {
        given,
        options,
        out,
    }
    .wishes())
}

struct Reader<'r, 'a> {
    given: Given<'a>,
    options: &'r Options<'r>,
    out: &'r mut Translation,
}

impl<'a> Reader<'_, 'a> {
    fn wishes(mut self) -> Wishes<'a> {
        let mut wishes = Wishes::default();
        self.protocol(&mut wishes);
        self.plain_http();
        self.redirects(&mut wishes);
        self.rewrites(&mut wishes);
        self.timeouts(&mut wishes);
        self.canary(&mut wishes);
        self.others(&mut wishes);
        wishes
    }

    fn protocol(&mut self, wishes: &mut Wishes<'a>) {
        let Some((value, node)) = self.given.get("backend-protocol") else {
            return;
        };
        let why = match value.to_ascii_uppercase().as_str() {
            "HTTP" => return,
            "GRPC" => {
                wishes.grpc = true;
                return;
            }
            "HTTPS" | "GRPCS" => "TLS to backends needs a BackendTLSPolicy with their authority",
            "FCGI" => "routes do not speak FastCGI",
            "AUTO_HTTP" => "a route cannot choose the backend's protocol by the client's",
            _ => {
                let parts = [
                    "ingress-nginx knows no protocol ",
                    &shown(value),
                    " and takes HTTP",
                ];
                return say(&mut self.out.notes, node, &parts);
            }
        };
        say(&mut self.out.untranslatable, node, &[why]);
    }

    /// The gateway redirects plain HTTP for every route, wanted or not.
    fn plain_http(&mut self) {
        if let Some((value, node)) = self.given.get("ssl-redirect")
            && matches!(value, "0" | "f" | "F" | "false" | "FALSE" | "False")
        {
            let parts = ["cannot be kept: the gateway redirects all plain HTTP"];
            say(&mut self.out.notes, node, &parts);
        }
    }

    fn redirects(&mut self, wishes: &mut Wishes<'a>) {
        // Where there are both, ingress-nginx looks at the temporal one alone.
        let kinds = [
            ("temporal-redirect", "temporal-redirect-code", 302, 307),
            ("permanent-redirect", "permanent-redirect-code", 301, 308),
        ];
        for (name, code_name, default, highest) in kinds {
            let Some((url, node)) = self.given.get(name) else {
                continue;
            };
            if cannot(wishes.grpc, node, self.out) {
                return;
            }
            // Codes out of range are ingress-nginx's default.
            let code = self.given.get(code_name);
            let code = code.and_then(|(code, at)| Some((code.parse().ok()?, at)));
            let (code, at) = code
                .filter(|(code, _)| (300..=highest).contains(code))
                .unwrap_or((default, node));
            if !matches!(code, 301 | 302) {
                let parts = [
                    "status ",
                    &code.to_string(),
                    ": a route redirects with 301 or 302",
                ];
                return say(&mut self.out.untranslatable, at, &parts);
            }
            match redirect::read(url, code) {
                Err(why) => say(&mut self.out.untranslatable, node, &[&shown(url), " ", why]),
                Ok(redirect) => {
                    let host = redirect.host.as_deref();
                    inside(
                        host,
                        node,
                        "routes may redirect within",
                        self.options,
                        self.out,
                    );
                    wishes.redirect = Some(redirect);
                }
            }
            break;
        }
        let www = self.given.find("from-to-www-redirect");
        if let Some((_, node)) = www.filter(|(value, _)| is_true(value))
            && !cannot(wishes.grpc, node, self.out)
        {
            let parts = ["a redirect with 301: routes have not NGINX's 308"];
            say(&mut self.out.notes, node, &parts);
            wishes.www = Some(node);
        }
        if let Some((target, node)) = self.given.get("app-root") {
            if !target.starts_with('/') {
                let parts = ["has no effect: ingress-nginx wants a path here"];
                say(&mut self.out.notes, node, &parts);
            } else if !cannot(wishes.grpc, node, self.out) {
                match redirect::read(target, 302) {
                    Err(why) => {
                        say(
                            &mut self.out.untranslatable,
                            node,
                            &[&shown(target), " ", why],
                        );
                    }
                    // Everything is redirected already.
                    Ok(_) if wishes.redirect.is_some() => {}
                    Ok(redirect) => wishes.app_root = Some(redirect),
                }
            }
        }
    }

    fn rewrites(&mut self, wishes: &mut Wishes<'a>) {
        let regex = self.given.find("use-regex");
        wishes.regex = regex.is_some_and(|(value, _)| is_true(value));
        if let Some((target, node)) = self.given.get("rewrite-target") {
            let target = target.to_owned();
            let why = match target.as_str() {
                _ if wishes.redirect.is_some() => None,
                _ if cannot(wishes.grpc, node, self.out) => None,
                target if !target.starts_with('/') => Some("is no path"),
                target if target.len() > 1024 => Some("is longer than 1024 characters"),
                target if has_any(target, b"?#") => Some("is more than a path"),
                _ => {
                    wishes.rewrite = Some((target.clone(), node));
                    None
                }
            };
            if let Some(why) = why {
                say(
                    &mut self.out.untranslatable,
                    node,
                    &[&shown(&target), " ", why],
                );
            }
        }
        if let Some((value, node)) = self.given.get("x-forwarded-prefix") {
            if wishes.rewrite.is_none() {
                say(
                    &mut self.out.notes,
                    node,
                    &["has no effect without `rewrite-target`"],
                );
            } else if has_any(value, b"$") || value.len() > 4096 {
                let parts = [&shown(value), " is no plain value of a header"];
                say(&mut self.out.untranslatable, node, &parts);
            } else {
                wishes.prefix = Some(value.to_owned());
            }
        }
        if let Some((host, node)) = self.given.get("upstream-vhost") {
            let host = host.to_owned();
            if wishes.redirect.is_some() || cannot(wishes.grpc, node, self.out) {
            } else if !is_dns_subdomain(&host) {
                let parts = [&shown(&host), " is more than a host name"];
                say(&mut self.out.untranslatable, node, &parts);
            } else {
                inside(
                    Some(&host),
                    node,
                    "routes may rewrite hosts to",
                    self.options,
                    self.out,
                );
                wishes.vhost = Some(host);
            }
        }
    }

    fn timeouts(&mut self, wishes: &mut Wishes<'a>) {
        let mut longest = None;
        for name in ["proxy-read-timeout", "proxy-send-timeout"] {
            let Some((value, node)) = self.given.get(name) else {
                continue;
            };
            let parts: &[&str] = match value.parse::<u32>() {
                Ok(0) | Err(_) => &["has no effect: ingress-nginx wants a number of seconds"],
                Ok(_) if wishes.grpc => &["left out: a GRPCRoute has no timeouts"],
                Ok(seconds) => {
                    longest = longest.max(Some(seconds));
                    &[
                        "NGINX counts from the last byte, `timeouts.request` from the first of the request",
                    ]
                }
            };
            say(&mut self.out.notes, node, parts);
        }
        // The CRD takes five digits a unit.
        wishes.timeout = longest.map(|seconds| match seconds {
            0..100_000 => joined(&[&seconds.to_string(), "s"]),
            _ => joined(&[&seconds.div_ceil(3600).min(99_999).to_string(), "h"]),
        });
    }

    fn canary(&mut self, wishes: &mut Wishes<'a>) {
        let canary = self.given.find("canary");
        let Some((_, canary)) = canary.filter(|(value, _)| is_true(value)) else {
            return;
        };
        let value = |name| self.given.get(name);
        let weight = value("canary-weight")
            .and_then(|(weight, node)| Some((weight.parse::<u32>().ok()?, node)))
            .filter(|(weight, _)| *weight > 0);
        let exact = value("canary-by-header-value");
        let pattern = value("canary-by-header-pattern").filter(|_| exact.is_none());
        let header = value("canary-by-header");
        let impossible = value("canary-by-cookie").or(pattern.filter(|_| header.is_some()));
        wishes.is_share = header.is_none() || impossible.is_some();
        if let Some((_, node)) = impossible {
            let parts =
                ["picks requests by cookie or pattern; a route cannot say when they differ"];
            return say(&mut self.out.untranslatable, node, &parts);
        }
        if let Some((name, node)) = header {
            let wanted = exact.map_or("always", |(value, _)| value);
            if !is_token(name) || wanted.len() > 4096 {
                wishes.is_share = true;
                let parts = [&shown(name), " is no header that a route can match"];
                return say(&mut self.out.untranslatable, node, &parts);
            }
            wishes.header = Some((name.to_owned(), wanted.to_owned()));
        }
        match weight {
            Some((weight, node)) => {
                let parts = [
                    "a share means nothing alone: add this Service to the `backendRefs` of the main \
                     Ingress's route, with `weight: ",
                    &weight.to_string(),
                    "`",
                ];
                say(&mut self.out.obstacles, node, &parts);
            }
            None if wishes.header.is_none() => {
                let parts = ["a canary without weight or header gets no requests"];
                say(&mut self.out.obstacles, canary, &parts);
            }
            None => {}
        }
    }

    fn others(&mut self, wishes: &mut Wishes<'a>) {
        if let Some((map, node)) = self.given.get("custom-headers") {
            let parts = [
                "write the headers of ConfigMap ",
                &shown(map),
                " into a ResponseHeaderModifier of each rule",
            ];
            say(&mut self.out.obstacles, node, &parts);
        }
        if let Some((aliases, node)) = self.given.get("server-alias") {
            let mut patterns = Vec::new();
            let mut rest = Some(aliases);
            while let Some(all) = rest {
                let (alias, after) = match cut(all, b',') {
                    Some((alias, after)) => (alias, Some(after)),
                    None => (all, None),
                };
                rest = after;
                match alias.trim_ascii() {
                    "" => {}
                    pattern if pattern.starts_with('~') => patterns.push(shown(pattern)),
                    name => wishes.aliases.push((name.to_owned(), node)),
                }
            }
            for pattern in patterns {
                let parts = [&pattern, " is an expression; routes have names of hosts"];
                say(&mut self.out.untranslatable, node, &parts);
            }
        }
    }
}

/// Says that a GRPCRoute has no such filter, where the routes are GRPCRoutes.
fn cannot(grpc: bool, node: Node<'_>, out: &mut Translation) -> bool {
    if grpc {
        let parts = ["a GRPCRoute cannot redirect or rewrite"];
        say(&mut out.untranslatable, node, &parts);
    }
    grpc
}

/// Says where a host that a filter names is outside of the plane's domain.
fn inside(
    host: Option<&str>,
    node: Node<'_>,
    what: &str,
    options: &Options<'_>,
    out: &mut Translation,
) {
    if let (Some(host), Some(domain)) = (host, options.domain)
        && !host::is_inside(host, options.domain)
    {
        let parts = [&shown(host), ": ", what, " `", domain, "` alone"];
        say(&mut out.obstacles, node, &parts);
    }
}

/// Whether the text is a token, as header names are (RFC 9110), of a length that the CRD takes.
fn is_token(text: &str) -> bool {
    (1..=256).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}
