//! Translates one path of an Ingress into a match of a route.

use admission::Node;

use crate::diagnostic::{push_once, quote};
use crate::features::RequestedFeatures;
use crate::pattern;
use crate::rule::{Match, Rewrite};
use crate::text::{contains_any, joined, split_once};
use crate::{Options, Translation};

/// The `pathType` of an Ingress path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PathType {
    Exact,
    Prefix,
    /// The controller decides what it matches.
    ImplementationSpecific,
}

/// Returns the match for a path and the rewrite of its requests. Returns `None` and adds a diagnostic if it
/// cannot be translated.
pub(crate) fn translate(
    path: &str,
    path_type: PathType,
    node: Node<'_>,
    features: &RequestedFeatures<'_>,
    options: &Options<'_>,
    out: &mut Translation,
) -> Option<(Match, Rewrite)> {
    let untranslatable = |out: &mut Translation, reason: &str| {
        push_once(&mut out.untranslatable, node, &[&quote(path), " ", reason]);
    };
    if features.grpc {
        let method = grpc_method(path, path_type);
        if method.is_none() {
            untranslatable(out, "is not a gRPC service or method");
        }
        return Some((method?, Rewrite::None));
    }
    if (features.regex || features.rewrite.is_some()) && pattern::is_regex(path) {
        return regex_match(path, node, features, out);
    }
    if let Some(reason) = pattern::invalid(path) {
        let reason = joined(&[reason, ", which Gateway API does not allow"]);
        untranslatable(out, &reason);
        return None;
    }
    let path_match = match path_type {
        PathType::Exact => Match::Exact(path.to_owned()),
        PathType::Prefix => Match::Prefix(path.to_owned()),
        PathType::ImplementationSpecific => {
            if !options.nginx && !pattern::is_plain(path) {
                untranslatable(
                    out,
                    "depends on the controller (ImplementationSpecific); use Prefix or Exact",
                );
                return None;
            }
            if pattern::is_regex(path) {
                let parts = [
                    &quote(path),
                    " is matched literally, because `use-regex` is not set",
                ];
                push_once(&mut out.notes, node, &parts);
            } else if !path.ends_with('/') {
                let parts = [
                    "NGINX also matches `",
                    path,
                    "x`; a route matches whole path segments",
                ];
                push_once(&mut out.notes, node, &parts);
            }
            Match::Prefix(path.to_owned())
        }
    };
    let rewrite = match &features.rewrite {
        // The path stays the same.
        Some((target, _)) if target == path => Rewrite::None,
        Some((target, at)) if contains_any(target, b"$") => {
            let parts = [
                &quote(target),
                " refers to a capture group, but ",
                &quote(path),
                " has none",
            ];
            push_once(&mut out.untranslatable, *at, &parts);
            return None;
        }
        Some((target, at)) => {
            if path_type != PathType::Exact {
                let parts = [
                    "all requests below ",
                    &quote(path),
                    " reach the backend as ",
                    &quote(target),
                    "; to keep the rest of the path, use ReplacePrefixMatch",
                ];
                push_once(&mut out.notes, *at, &parts);
            }
            Rewrite::Full(target.clone())
        }
        None => Rewrite::None,
    };
    Some((path_match, rewrite))
}

/// Returns the match for a path that ingress-nginx treats as a regular expression: `use-regex` or
/// `rewrite-target` is set.
fn regex_match(
    path: &str,
    node: Node<'_>,
    features: &RequestedFeatures<'_>,
    out: &mut Translation,
) -> Option<(Match, Rewrite)> {
    let target = features.rewrite.as_ref().map(|(target, _)| target.as_str());
    // The usual way to remove a prefix.
    if let (Some(prefix), Some("/$2")) = (path.strip_suffix("(/|$)(.*)"), target)
        && !pattern::is_regex(prefix)
        && prefix.len() > 1
        && !prefix.ends_with('/')
        && pattern::invalid(prefix).is_none()
    {
        let prefix = Match::Prefix(prefix.to_owned());
        return Some((prefix, Rewrite::Prefix("/".to_owned())));
    }
    if path == "/(.*)" && target == Some("/$1") {
        return Some((Match::Prefix("/".to_owned()), Rewrite::None));
    }
    let rewrite = match target {
        Some(target) if contains_any(target, b"$") => {
            // The path stays the same.
            let same = path.strip_suffix("(.*)");
            if same.is_none()
                || same != target.strip_suffix("$1")
                || path.bytes().filter(|b| *b == b'(').count() > 1
            {
                let parts = [
                    "cannot rewrite ",
                    &quote(path),
                    " to ",
                    &quote(target),
                    ": a route replaces a prefix or the whole path",
                ];
                push_once(&mut out.untranslatable, node, &parts);
                return None;
            }
            Rewrite::None
        }
        Some(target) => Rewrite::Full(target.to_owned()),
        None => Rewrite::None,
    };
    let regex = pattern::to_re2(path);
    if regex.is_none() {
        let parts = [
            &quote(path),
            " may match other paths in the Gateway (RE2) than in NGINX (PCRE)",
        ];
        push_once(&mut out.untranslatable, node, &parts);
    }
    Some((Match::Regex(regex?), rewrite))
}

/// Returns the gRPC methods that a path matches: `/`, `/package.Service` or `/package.Service/Method`.
fn grpc_method(path: &str, path_type: PathType) -> Option<Match> {
    let rest = path.strip_prefix('/')?;
    let (service, method) = split_once(rest, b'/').unwrap_or((rest, ""));
    let method = method.strip_suffix('/').unwrap_or(method);
    let is_service = match rest {
        "" => true,
        _ => service.len() <= 1024 && service.split('.').all(is_identifier),
    };
    let is_method = match method {
        // A request always has a method, so an exact path without one matches nothing.
        "" => path_type != PathType::Exact,
        method => method.len() <= 1024 && is_identifier(method),
    };
    (is_service && is_method).then(|| Match::Method {
        service: service.to_owned(),
        method: method.to_owned(),
    })
}

fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
