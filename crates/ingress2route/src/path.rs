//! One path of an Ingress as a match of a route.

use admission::Node;

use crate::finding::{say, shown};
use crate::pattern;
use crate::rule::{Match, Rewrite};
use crate::text::{cut, has_any, joined};
use crate::wishes::Wishes;
use crate::{Options, Translation};

/// `pathType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Exact,
    Prefix,
    /// `ImplementationSpecific`: the controller says.
    OfController,
}

/// The match for a path, and the rewrite that belongs to it. `None` where there is none, which is said.
pub(crate) fn read(
    path: &str,
    kind: Type,
    node: Node<'_>,
    wishes: &Wishes<'_>,
    options: &Options<'_>,
    out: &mut Translation,
) -> Option<(Match, Rewrite)> {
    let untranslatable = |out: &mut Translation, why: &str| {
        say(&mut out.untranslatable, node, &[&shown(path), " ", why]);
    };
    if wishes.grpc {
        let found = call(path, kind);
        if found.is_none() {
            untranslatable(out, "is no gRPC service or method");
        }
        return Some((found?, Rewrite::None));
    }
    if (wishes.regex || wishes.rewrite.is_some()) && pattern::is_regex(path) {
        return expression(path, node, wishes, out);
    }
    if let Some(why) = pattern::refused(path) {
        untranslatable(out, &joined(&[why, ", which Gateway API refuses"]));
        return None;
    }
    let what = match kind {
        Type::Exact => Match::Exact(path.to_owned()),
        Type::Prefix => Match::Prefix(path.to_owned()),
        Type::OfController => {
            if !options.nginx && !pattern::is_plain(path) {
                untranslatable(
                    out,
                    "means what its controller says (ImplementationSpecific); write Prefix or Exact",
                );
                return None;
            }
            if pattern::is_regex(path) {
                let parts = [
                    &shown(path),
                    ": NGINX takes it by the letter, without `use-regex`",
                ];
                say(&mut out.notes, node, &parts);
            } else if !path.ends_with('/') {
                let parts = [
                    "NGINX also takes longer names of the last part (`",
                    path,
                    "x`); routes do not",
                ];
                say(&mut out.notes, node, &parts);
            }
            Match::Prefix(path.to_owned())
        }
    };
    let rewrite = match &wishes.rewrite {
        // To itself.
        Some((target, _)) if target == path => Rewrite::None,
        Some((target, at)) if has_any(target, b"$") => {
            let parts = [
                &shown(target),
                " takes a part of the path, and ",
                &shown(path),
                " names none",
            ];
            say(&mut out.untranslatable, *at, &parts);
            return None;
        }
        Some((target, at)) => {
            if kind != Type::Exact {
                let parts = [
                    "every request below ",
                    &shown(path),
                    " reaches its backend as ",
                    &shown(target),
                    "; to keep what follows, replace the prefix (ReplacePrefixMatch)",
                ];
                say(&mut out.notes, *at, &parts);
            }
            Rewrite::Full(target.clone())
        }
        None => Rewrite::None,
    };
    Some((what, rewrite))
}

/// A path that is a regular expression for ingress-nginx, which asks for `use-regex` or a rewrite.
fn expression(
    path: &str,
    node: Node<'_>,
    wishes: &Wishes<'_>,
    out: &mut Translation,
) -> Option<(Match, Rewrite)> {
    let target = wishes.rewrite.as_ref().map(|(target, _)| target.as_str());
    // What people write for a prefix that the backend is not to see.
    if let (Some(prefix), Some("/$2")) = (path.strip_suffix("(/|$)(.*)"), target)
        && !pattern::is_regex(prefix)
        && prefix.len() > 1
        && !prefix.ends_with('/')
        && pattern::refused(prefix).is_none()
    {
        let prefix = Match::Prefix(prefix.to_owned());
        return Some((prefix, Rewrite::Prefix("/".to_owned())));
    }
    if path == "/(.*)" && target == Some("/$1") {
        return Some((Match::Prefix("/".to_owned()), Rewrite::None));
    }
    let rewrite = match target {
        Some(target) if has_any(target, b"$") => {
            // To itself.
            let same = path.strip_suffix("(.*)");
            if same.is_none()
                || same != target.strip_suffix("$1")
                || path.bytes().filter(|b| *b == b'(').count() > 1
            {
                let parts = [
                    &shown(path),
                    " to ",
                    &shown(target),
                    ": a route replaces a prefix or all of the path, not parts of it",
                ];
                say(&mut out.untranslatable, node, &parts);
                return None;
            }
            Rewrite::None
        }
        Some(target) => Rewrite::Full(target.to_owned()),
        None => Rewrite::None,
    };
    let whole = pattern::whole(path);
    if whole.is_none() {
        let parts = [
            &shown(path),
            ": the gateway's expressions (RE2) may not match what NGINX's do",
        ];
        say(&mut out.untranslatable, node, &parts);
    }
    Some((Match::Regex(whole?), rewrite))
}

/// The calls that a path stands for: `/`, `/package.Service` or `/package.Service/Method`.
fn call(path: &str, kind: Type) -> Option<Match> {
    let rest = path.strip_prefix('/')?;
    let (service, method) = cut(rest, b'/').unwrap_or((rest, ""));
    let method = method.strip_suffix('/').unwrap_or(method);
    let is_service = match rest {
        "" => true,
        _ => service.len() <= 1024 && service.split('.').all(is_identifier),
    };
    let is_method = match method {
        // Every call is of a method.
        "" => kind != Type::Exact,
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
