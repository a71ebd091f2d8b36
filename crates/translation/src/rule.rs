//! Rules of routes, and their limits.

use crate::backend::Backend;
use crate::options::Gateway;
use crate::redirect::Redirect;
use crate::value::Value;
use crate::wishes::Wishes;

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
    /// Calls of a gRPC service, or of one method of it; of all of them where there is no service.
    Method {
        service: Option<String>,
        method: Option<String>,
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
    pub(crate) action: Action,
}

/// Adds a match to the rule that does the same, else to a new one.
pub(crate) fn add(rules: &mut Vec<Rule>, what: Match, action: &Action) {
    // Where a prefix is replaced the CRD takes one match a rule.
    let alone = matches!(action, Action::Send(_, Rewrite::Prefix(_)));
    let open = |rule: &&mut Rule| !alone && rule.matches.len() < MATCHES && rule.action == *action;
    match rules.iter_mut().find(open) {
        Some(rule) => rule.matches.push(what),
        None => rules.push(Rule {
            matches: vec![what],
            action: action.clone(),
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

/// `spec` of a route.
pub(crate) fn spec(
    gateway: &Gateway<'_>,
    hostnames: &[String],
    rules: &[Rule],
    wishes: &Wishes<'_>,
) -> Value {
    let mut parent = vec![
        ("name", Value::text(gateway.name)),
        ("namespace", Value::text(gateway.namespace)),
    ];
    if let Some(section) = gateway.section_name {
        parent.push(("sectionName", Value::text(section)));
    }
    Value::Map(vec![
        ("parentRefs", Value::List(vec![Value::Map(parent)])),
        (
            "hostnames",
            Value::List(hostnames.iter().map(|host| Value::text(host)).collect()),
        ),
        (
            "rules",
            Value::List(rules.iter().map(|rule| rule.value(wishes)).collect()),
        ),
    ])
}

impl Rule {
    fn value(&self, wishes: &Wishes<'_>) -> Value {
        let mut members = Vec::new();
        let header = wishes.header.as_ref();
        let matches: Vec<Value> = self.matches.iter().map(|it| it.value(header)).collect();
        // A GRPCRoute's rule without matches takes every call.
        if matches.iter().any(|it| *it != Value::Map(Vec::new())) {
            members.push(("matches", Value::List(matches)));
        }
        let filters = self.action.filters(wishes);
        if !filters.is_empty() {
            members.push(("filters", Value::List(filters)));
        }
        if let Action::Send(backend, _) = &self.action {
            let mut reference = vec![("name", Value::text(&backend.service))];
            if let Some(port) = backend.port {
                reference.push(("port", Value::Number(port)));
            }
            members.push(("backendRefs", Value::List(vec![Value::Map(reference)])));
            if let Some(timeout) = &wishes.timeout {
                let timeouts = vec![("request", Value::text(timeout))];
                members.push(("timeouts", Value::Map(timeouts)));
            }
        }
        Value::Map(members)
    }
}

impl Match {
    fn value(&self, header: Option<&(String, String)>) -> Value {
        let path = |kind, value: &String| {
            let path = vec![("type", Value::text(kind)), ("value", Value::text(value))];
            vec![("path", Value::Map(path))]
        };
        let mut members = match self {
            Self::Prefix(value) => path("PathPrefix", value),
            Self::Exact(value) => path("Exact", value),
            Self::Regex(value) => path("RegularExpression", value),
            Self::Method {
                service: None,
                method: _,
            } => Vec::new(),
            Self::Method {
                service: Some(service),
                method,
            } => {
                let mut members = vec![("service", Value::text(service))];
                if let Some(method) = method {
                    members.push(("method", Value::text(method)));
                }
                vec![("method", Value::Map(members))]
            }
        };
        if let Some((name, value)) = header {
            let header = vec![("name", Value::text(name)), ("value", Value::text(value))];
            members.push(("headers", Value::List(vec![Value::Map(header)])));
        }
        Value::Map(members)
    }
}

impl Action {
    /// One filter of a kind, and no rewrite beside a redirect.
    fn filters(&self, wishes: &Wishes<'_>) -> Vec<Value> {
        let filter = |kind, key, value| {
            Value::Map(vec![("type", Value::text(kind)), (key, Value::Map(value))])
        };
        let path = match self {
            Self::Send(_, path) => path,
            Self::Redirect(redirect) => {
                return vec![filter(
                    "RequestRedirect",
                    "requestRedirect",
                    redirect.value(),
                )];
            }
        };
        let mut filters = Vec::new();
        if let Some(prefix) = wishes.prefix.as_ref().filter(|_| *path != Rewrite::None) {
            let header = vec![
                ("name", Value::text("X-Forwarded-Prefix")),
                ("value", Value::text(prefix)),
            ];
            let set = vec![("set", Value::List(vec![Value::Map(header)]))];
            filters.push(filter(
                "RequestHeaderModifier",
                "requestHeaderModifier",
                set,
            ));
        }
        let mut rewrite = Vec::new();
        if let Some(host) = &wishes.vhost {
            rewrite.push(("hostname", Value::text(host)));
        }
        match path {
            Rewrite::None => {}
            Rewrite::Full(path) => rewrite.push(("path", replace_full_path(path))),
            Rewrite::Prefix(prefix) => {
                let path = vec![
                    ("type", Value::text("ReplacePrefixMatch")),
                    ("replacePrefixMatch", Value::text(prefix)),
                ];
                rewrite.push(("path", Value::Map(path)));
            }
        }
        if !rewrite.is_empty() {
            filters.push(filter("URLRewrite", "urlRewrite", rewrite));
        }
        filters
    }
}

impl Redirect {
    fn value(&self) -> Vec<(&'static str, Value)> {
        let mut members = Vec::new();
        if let Some(scheme) = self.scheme {
            members.push(("scheme", Value::text(scheme)));
        }
        if let Some(host) = &self.host {
            members.push(("hostname", Value::text(host)));
        }
        if let Some(port) = self.port {
            members.push(("port", Value::Number(port)));
        }
        if let Some(path) = &self.path {
            members.push(("path", replace_full_path(path)));
        }
        members.push(("statusCode", Value::Number(self.code)));
        members
    }
}

fn replace_full_path(path: &str) -> Value {
    Value::Map(vec![
        ("type", Value::text("ReplaceFullPath")),
        ("replaceFullPath", Value::text(path)),
    ])
}
