//! Rules of routes, within the limits of the CRDs.

use std::rc::Rc;

use crate::backend::Backend;
use crate::redirect::Redirect;

// Limits of the CRDs.
const MAX_MATCHES_PER_RULE: usize = 64;
const MAX_MATCHES_PER_ROUTE: usize = 128;
const MAX_RULES: usize = 16;
pub(crate) const MAX_HOSTNAMES: usize = 16;

/// Which requests a rule applies to, by path or gRPC method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Match {
    Prefix(String),
    Exact(String),
    Regex(String),
    /// A gRPC service, or one of its methods. Empty matches any.
    Method {
        service: String,
        method: String,
    },
}

/// How a rule rewrites the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rewrite {
    /// It does not.
    None,
    /// It replaces the whole path.
    Full(String),
    /// It replaces the matched prefix.
    Prefix(String),
}

/// What a rule does with its requests. What all rules of an Ingress share is in `RequestedFeatures`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Forwards them to a Service.
    Forward(Backend, Rewrite),
    /// Forwards `weight` of `total` requests to a canary, the others to the main Service.
    Split {
        main: Backend,
        canary: Backend,
        weight: u32,
        total: u32,
        rewrite: Rewrite,
    },
    /// Redirects them.
    Redirect(Redirect),
}

impl Action {
    /// Returns how it rewrites the path, unless it redirects.
    pub(crate) fn rewrite(&self) -> Option<&Rewrite> {
        match self {
            Self::Forward(_, rewrite) | Self::Split { rewrite, .. } => Some(rewrite),
            Self::Redirect(_) => None,
        }
    }
}

/// A rule of a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) matches: Vec<Match>,
    pub(crate) header: Option<Header>,
    pub(crate) action: Rc<Action>,
}

/// The name and the value of a header that requests must have.
pub(crate) type Header = (String, String);

/// Adds a match to the rule with the same header and action, or to a new rule.
pub(crate) fn add(rules: &mut Vec<Rule>, new: Match, header: &Option<Header>, action: &Rc<Action>) {
    // The CRD allows only one match in a rule that replaces a prefix.
    let single_match = matches!(action.rewrite(), Some(Rewrite::Prefix(_)));
    let fits = |rule: &&mut Rule| {
        let is_full = rule.matches.len() >= MAX_MATCHES_PER_RULE;
        !single_match && !is_full && rule.action == *action && rule.header == *header
    };
    match rules.iter_mut().find(fits) {
        Some(rule) => rule.matches.push(new),
        None => rules.push(Rule {
            matches: vec![new],
            header: header.clone(),
            action: Rc::clone(action),
        }),
    }
}

/// Splits rules into routes within the limits of the CRDs.
pub(crate) fn split(rules: &[Rule]) -> Vec<&[Rule]> {
    let mut parts = Vec::new();
    let mut rest = rules;
    while !rest.is_empty() {
        let mut matches = 0;
        let fits = |rule: &&Rule| {
            matches += rule.matches.len();
            matches <= MAX_MATCHES_PER_ROUTE
        };
        // A single rule always fits.
        let length = rest.iter().take(MAX_RULES).take_while(fits).count().max(1);
        let (part, after) = rest.split_at(length);
        parts.push(part);
        rest = after;
    }
    parts
}
