//! The `spec` of an HTTPRoute or GRPCRoute.

use crate::backend::Backend;
use crate::features::RequestedFeatures;
use crate::options::Gateway;
use crate::redirect::Redirect;
use crate::rule::{Action, Header, Match, Rewrite, Rule};
use crate::value::Value;

/// Returns the `spec` of a route.
pub(crate) fn spec(
    gateway: &Gateway<'_>,
    hostnames: &[String],
    rules: &[Rule],
    features: &RequestedFeatures<'_>,
) -> Value {
    let parent = Value::texts(&[
        ("name", gateway.name),
        ("namespace", gateway.namespace),
        ("sectionName", gateway.section_name.unwrap_or_default()),
    ]);
    let hostnames = hostnames.iter().map(|host| Value::text(host)).collect();
    let rules = rules.iter().map(|it| rule(it, features)).collect();
    Value::default()
        .with("parentRefs", Value::List(vec![parent]))
        .with("hostnames", Value::List(hostnames))
        .with("rules", Value::List(rules))
}

fn rule(rule: &Rule, features: &RequestedFeatures<'_>) -> Value {
    let matches = rule.matches.iter();
    let mut matches: Vec<Value> = matches.map(|it| match_item(it, &rule.header)).collect();
    // A rule of a GRPCRoute without matches matches every request.
    if matches.iter().all(Value::is_empty) {
        matches.clear();
    }
    let value = Value::default()
        .with("matches", Value::List(matches))
        .with("filters", Value::List(filters(&rule.action, features)));
    let backends = match &*rule.action {
        Action::Forward(backend, _) => vec![backend_ref(backend, 0)],
        Action::Split {
            main,
            canary,
            weight,
            total,
            ..
        } => vec![
            backend_ref(main, total.saturating_sub(*weight)),
            backend_ref(canary, *weight),
        ],
        Action::Redirect(_) => return value,
    };
    value
        .with("backendRefs", Value::List(backends))
        .with("timeouts", Value::texts(&[("request", features.timeout)]))
}

/// Returns an item of `backendRefs`; a weight of 0 is the default.
fn backend_ref(backend: &Backend, weight: u32) -> Value {
    let port = Value::Number(backend.port.unwrap_or_default().into());
    Value::texts(&[("name", &backend.service)])
        .with("port", port)
        .with("weight", Value::Number(weight))
}

/// Returns an item of `matches`.
fn match_item(item: &Match, required: &Option<Header>) -> Value {
    let (key, value) = match item {
        Match::Prefix(path) => ("path", typed("PathPrefix", "value", path)),
        Match::Exact(path) => ("path", typed("Exact", "value", path)),
        Match::Regex(path) => ("path", typed("RegularExpression", "value", path)),
        Match::Method { service, method } => {
            let members = [("service", service.as_str()), ("method", method)];
            ("method", Value::texts(&members))
        }
    };
    let headers = match required {
        Some((name, value)) => vec![header(name, value)],
        None => Vec::new(),
    };
    Value::default()
        .with(key, value)
        .with("headers", Value::List(headers))
}

/// Returns the filters: at most one of each type, and a redirect excludes a rewrite.
fn filters(action: &Action, features: &RequestedFeatures<'_>) -> Vec<Value> {
    let mut filters = Vec::new();
    let mut filter = |kind, key, value: Value| {
        if !value.is_empty() {
            filters.push(Value::texts(&[("type", kind)]).with(key, value));
        }
    };
    match (action, action.rewrite()) {
        (Action::Redirect(to), _) => filter("RequestRedirect", "requestRedirect", redirect(to)),
        (_, None) => {}
        (_, Some(rewrite)) => {
            if let (Some(prefix), false) = (&features.forwarded_prefix, *rewrite == Rewrite::None) {
                let headers = Value::List(vec![header("X-Forwarded-Prefix", prefix)]);
                let set = Value::default().with("set", headers);
                filter("RequestHeaderModifier", "requestHeaderModifier", set);
            }
            let path = match rewrite {
                Rewrite::None => Value::default(),
                Rewrite::Full(path) => typed("ReplaceFullPath", "replaceFullPath", path),
                Rewrite::Prefix(path) => typed("ReplacePrefixMatch", "replacePrefixMatch", path),
            };
            let host = features.upstream_host.as_deref().unwrap_or_default();
            let rewrite = Value::texts(&[("hostname", host)]).with("path", path);
            filter("URLRewrite", "urlRewrite", rewrite);
            if let Some(cors) = &features.cors {
                filter("CORS", "cors", cors.clone());
            }
            if let Some(auth) = &features.auth {
                filter("ExternalAuth", "externalAuth", auth.clone());
            }
        }
    }
    filters
}

fn redirect(redirect: &Redirect) -> Value {
    let path = match &redirect.path {
        Some(path) => typed("ReplaceFullPath", "replaceFullPath", path),
        None => Value::default(),
    };
    Value::texts(&[
        ("scheme", redirect.scheme.unwrap_or_default()),
        ("hostname", redirect.host.as_deref().unwrap_or_default()),
    ])
    .with(
        "port",
        Value::Number(redirect.port.unwrap_or_default().into()),
    )
    .with("path", path)
    .with("statusCode", Value::Number(redirect.code.into()))
}

fn header(name: &str, value: &str) -> Value {
    Value::texts(&[("name", name), ("value", value)])
}

fn typed(kind: &str, key: &'static str, text: &str) -> Value {
    Value::texts(&[("type", kind), (key, text)])
}
