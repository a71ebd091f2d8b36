//! Translates one path of an Ingress into a match of a route.

use admission::Node;

use crate::diagnostic::{Difference, differs, push_once};
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
/// cannot be translated. `regex` is whether ingress-nginx treats all paths of the host as regular expressions.
pub(crate) fn translate(
    path: &str,
    path_type: PathType,
    node: Node<'_>,
    regex: bool,
    features: &RequestedFeatures<'_>,
    options: &Options<'_>,
    out: &mut Translation,
) -> Option<(Match, Rewrite)> {
    let untranslatable = |out: &mut Translation, reason: &str| {
        push_once(&mut out.untranslatable, node, &["{} []", path, reason]);
    };
    if features.grpc {
        let method = grpc_method(path, path_type);
        if method.is_none() {
            untranslatable(out, "is not a gRPC service or method");
        }
        return Some((method?, Rewrite::None));
    }
    if regex {
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
                    "{} is matched literally, because `use-regex` is not set",
                    path,
                ];
                push_once(&mut out.notes, node, &parts);
            }
            Match::Prefix(path.to_owned())
        }
    };
    // A rewrite to another path would make this path a regular expression.
    Some((path_match, Rewrite::None))
}

/// Returns the match for a path that ingress-nginx treats as a regular expression, which is not sensitive to
/// case and anchored only at the start (`buildLocation` in `controller/template/template.go`).
fn regex_match(
    path: &str,
    node: Node<'_>,
    features: &RequestedFeatures<'_>,
    out: &mut Translation,
) -> Option<(Match, Rewrite)> {
    let rewrite = match &features.rewrite {
        None => Rewrite::None,
        // The path stays the same.
        Some((target, _)) if target == path || keeps_path(path, target) => Rewrite::None,
        Some((target, at)) if contains_any(target, b"$") => {
            if let Some((prefix, replacement)) = pattern::prefix_rewrite(path, target) {
                differs_from_prefix(prefix, replacement, node, out);
                let replacement = match replacement {
                    "" => "/",
                    replacement => replacement,
                };
                let prefix = Match::Prefix(prefix.to_owned());
                return Some((prefix, Rewrite::Prefix(replacement.to_owned())));
            }
            let (node, parts) = match pattern::is_regex(path) {
                true => {
                    let reason =
                        "cannot rewrite {} to {}: a route replaces a prefix or the whole path";
                    (node, [reason, path, target])
                }
                false => {
                    let reason = "{} refers to a capture group, but {} has none";
                    (*at, [reason, target, path])
                }
            };
            push_once(&mut out.untranslatable, node, &parts);
            return None;
        }
        Some((target, at)) => {
            if !pattern::is_regex(path) {
                let parts = [
                    "all requests below {} reach the backend as {}; to keep the rest of the path, use ReplacePrefixMatch",
                    path,
                    target,
                ];
                push_once(&mut out.notes, *at, &parts);
            }
            Rewrite::Full(target.clone())
        }
    };
    // Every path starts with a slash.
    if path == "/" || path == "/(.*)" && rewrite == Rewrite::None {
        return Some((Match::Prefix("/".to_owned()), rewrite));
    }
    match pattern::to_re2(path) {
        Ok(regex) => Some((Match::Regex(regex), rewrite)),
        Err(message) => {
            push_once(&mut out.untranslatable, node, &[message, path]);
            None
        }
    }
}

/// Whether a rewrite only restores what the path has captured.
fn keeps_path(path: &str, target: &str) -> bool {
    let start = path.strip_suffix("(.*)");
    start.is_some()
        && start == target.strip_suffix("$1")
        && path.bytes().filter(|b| *b == b'(').count() == 1
}

/// Notes how the replacement of a prefix differs from a rewrite in NGINX.
fn differs_from_prefix(prefix: &str, new: &str, node: Node<'_>, out: &mut Translation) {
    let notes = &mut out.notes;
    if !new.is_empty() {
        let parts = [
            "NGINX rewrites {} to {}, the route to {}",
            prefix,
            &joined(&[new, "/"]),
            new,
        ];
        differs(notes, node, Difference::RewriteSlash, &parts);
    }
    if prefix.bytes().any(|b| b.is_ascii_alphabetic()) {
        let parts = [
            "NGINX ignores the case of {}, the route does not: {} no longer matches",
            prefix,
            &prefix.to_ascii_uppercase(),
        ];
        differs(notes, node, Difference::PathCase, &parts);
    }
    let parts = [
        "NGINX decodes and normalizes the rest of the path, the Gateway sends it unchanged: {}",
        &joined(&[prefix, "//a%2Fb"]),
    ];
    differs(notes, node, Difference::RewriteNormalization, &parts);
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
