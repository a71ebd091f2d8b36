//! Rules of routes, and their limits.

use std::rc::Rc;

use crate::backend::Backend;
use crate::redirect::Redirect;

/// Limits of the CRDs: matches of one rule, rules of one route, matches of one route, hostnames of one
/// route.
const MATCHES: usize = 64;
const RULES: usize = 16;
const MATCHES_IN_ALL: usize = 128;
pub(crate) const HOSTNAMES: usize = 16;

/// Which requests, by their path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Match {
    Prefix(String),
    Exact(String),
    Regex(String),
    /// Calls of a gRPC service, or of one method of it. Empty is any.
    Method {
        service: String,
        method: String,
    },
}

/// What becomes of the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rewrite {
    /// It stays.
    None,
    /// It is replaced.
    Full(String),
    /// The prefix that was matched is replaced.
    Prefix(String),
}

/// What is done with the requests of a rule. What all rules of an Ingress share is in its wishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// They go to a Service.
    Send(Backend, Rewrite),
    /// They go elsewhere.
    Redirect(Redirect),
}

/// A rule of a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) matches: Vec<Match>,
    pub(crate) action: Rc<Action>,
}

/// Adds a match to the rule that does the same, else to a new one.
pub(crate) fn add(rules: &mut Vec<Rule>, what: Match, action: &Rc<Action>) {
    // Where a prefix is replaced the CRD takes one match a rule.
    let alone = matches!(**action, Action::Send(_, Rewrite::Prefix(_)));
    let open = |rule: &&mut Rule| !alone && rule.matches.len() < MATCHES && rule.action == *action;
    match rules.iter_mut().find(open) {
        Some(rule) => rule.matches.push(what),
        None => rules.push(Rule {
            matches: vec![what],
            action: Rc::clone(action),
        }),
    }
}

/// Cuts rules into routes that the CRDs take.
pub(crate) fn split(rules: &[Rule]) -> Vec<&[Rule]> {
    let mut parts = Vec::new();
    let mut rest = rules;
    while !rest.is_empty() {
        let mut matches = 0;
        let fits = |rule: &&Rule| {
            matches += rule.matches.len();
            matches <= MATCHES_IN_ALL
        };
        // A rule alone always fits.
        let length = rest.iter().take(RULES).take_while(fits).count().max(1);
        let (part, after) = rest.split_at(length);
        parts.push(part);
        rest = after;
    }
    parts
}
