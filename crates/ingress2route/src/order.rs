//! The order in which the paths of a host are tried, if they are regular expressions.
//!
//! NGINX tries regular expressions in the order of its configuration: the longest path first, and of several
//! with the same length the last in the alphabet (`getBackendServers` in
//! `internal/ingress/controller/controller.go` of ingress-nginx 1.15). Cilium tries exact paths, then regular
//! expressions, then prefixes, each the longest first (`SortableRoute` in
//! `operator/pkg/model/translation/envoy_virtual_host.go` of Cilium 1.20).

use std::cmp::Ordering;

use crate::Translation;
use crate::diagnostic::push_once;
use crate::pattern::{MAX_PATH_LENGTH, literal_prefix};
use crate::rule::Match;
use crate::server::{Host, Member};
use crate::text::joined;
use crate::translate::Path;

/// Removes the paths of the translated Ingress that the Gateway would try in another order than NGINX.
pub(crate) fn check(host: &mut Host<'_>, members: &[Member<'_>], out: &mut Translation) {
    let is_misplaced = |index| misplaced(&host.paths, index).is_some();
    if (0..host.paths.len()).any(is_misplaced) {
        // With the same ending, the expressions have the order of their paths.
        for path in &mut host.paths {
            if let Match::Regex(regex) = &mut path.path_match
                && regex.len() < path.text.len() + "(?i).*".len()
                && regex.len() + ".*".len() <= MAX_PATH_LENGTH
            {
                regex.push_str(".*");
            }
        }
    }
    let mut kept = Vec::new();
    for (index, path) in host.paths.iter().enumerate() {
        match misplaced(&host.paths, index) {
            Some(other) if path.member == 0 => {
                let ingress = match members.get(other.member) {
                    Some(member) if other.member > 0 => joined(&[" of Ingress ", &member.quoted()]),
                    _ => String::new(),
                };
                let parts = [
                    "{} overlaps {}[], and the Gateway would try them in another order than NGINX",
                    &path.text,
                    &other.text,
                    &ingress,
                ];
                push_once(&mut out.untranslatable, path.node, &parts);
            }
            _ => kept.push(path.clone()),
        }
    }
    host.paths = kept;
}

/// Returns a path that the Gateway would try after or before this one, unlike NGINX, so that requests reach
/// another backend. Of two paths of the translated Ingress, only the one that NGINX tries first is misplaced.
fn misplaced<'p, 'a>(paths: &'p [Path<'a>], index: usize) -> Option<&'p Path<'a>> {
    let path = paths.get(index)?;
    let mut others = paths.iter().enumerate();
    let found = others.find(|(at, other)| {
        let is_same = path.member == other.member && path.action == other.action;
        if is_same || !overlap(path, other) {
            return false;
        }
        let lengths = path.text.len().cmp(&other.text.len());
        let is_first = match lengths.then_with(|| path.text.cmp(&other.text)) {
            Ordering::Equal => index < *at,
            order => order.is_gt(),
        };
        let (mine, its) = (precedence(path), precedence(other));
        let is_kept = if is_first { mine > its } else { mine < its };
        !is_kept && (is_first || path.member != other.member)
    });
    found.map(|(_, other)| other)
}

/// Returns the precedence in Cilium.
fn precedence(path: &Path<'_>) -> (u8, usize) {
    match &path.path_match {
        Match::Exact(text) => (2, text.len()),
        Match::Regex(text) => (1, text.len()),
        Match::Prefix(text) => (0, text.len()),
        Match::Method { .. } => (0, 0),
    }
}

/// Whether a request may match both paths.
fn overlap(a: &Path<'_>, b: &Path<'_>) -> bool {
    let (a, a_ends) = head(a);
    let (b, b_ends) = head(b);
    let continues = |text: &str, head: &str, ends: bool| {
        let rest = text.strip_prefix(head);
        rest.is_some_and(|rest| !ends || rest.is_empty() || rest.starts_with('/'))
    };
    continues(&a, &b, b_ends) || continues(&b, &a, a_ends)
}

/// Returns the text that all requests of a path start with, in lower case, and whether a segment ends there.
fn head(path: &Path<'_>) -> (String, bool) {
    match &path.path_match {
        Match::Prefix(text) => {
            let text = text.strip_suffix('/').unwrap_or(text);
            (text.to_ascii_lowercase(), true)
        }
        _ => (literal_prefix(&path.text), false),
    }
}
