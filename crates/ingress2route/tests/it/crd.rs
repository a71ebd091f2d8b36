//! What the API server makes of a route: the validation of the CRDs HTTPRoute and GRPCRoute of Gateway
//! API 1.4 (`config/crd/standard`), for the fields that the translation writes. A field that it never
//! writes is a refusal too, so that nothing slips by unchecked. Redirects are held to the statuses 301 and
//! 302, which every version of the CRDs has.

use serde_json::{Map, Value};

/// Why the API server would refuse the route; empty where it takes it.
pub(crate) fn refusals(route: &Value) -> Vec<String> {
    let mut check = Check(Vec::new());
    check.route(route);
    check.0
}

struct Check(Vec<String>);

impl Check {
    fn refuse(&mut self, path: &str, why: impl std::fmt::Display) {
        self.0.push(format!("{path}: {why}"));
    }

    fn holds(&mut self, holds: bool, path: &str, why: &str) {
        if !holds {
            self.refuse(path, why);
        }
    }

    /// The members of an object that has these fields: those that begin with `!` must be there.
    fn object(&mut self, value: &Value, path: &str, fields: &[&str]) -> Map<String, Value> {
        let Some(object) = value.as_object() else {
            self.refuse(path, "is no object");
            return Map::new();
        };
        for key in object.keys() {
            let known = fields
                .iter()
                .any(|field| field.trim_start_matches('!') == key);
            self.holds(known, path, &format!("has the field {key}"));
        }
        for field in fields.iter().filter_map(|field| field.strip_prefix('!')) {
            self.holds(object.contains_key(field), path, &format!("lacks {field}"));
        }
        object.clone()
    }

    fn list(&mut self, value: Option<&Value>, path: &str, most: usize) -> Vec<(String, Value)> {
        let Some(value) = value else {
            return Vec::new();
        };
        let Some(items) = value.as_array() else {
            self.refuse(path, "is no list");
            return Vec::new();
        };
        self.holds(
            items.len() <= most,
            path,
            &format!("has more than {most} items"),
        );
        let items = items.iter().enumerate();
        items
            .map(|(index, item)| (format!("{path}[{index}]"), item.clone()))
            .collect()
    }

    fn text(&mut self, value: Option<&Value>, path: &str, most: usize) -> String {
        match value {
            None => String::new(),
            Some(Value::String(text)) => {
                self.holds(text.chars().count() <= most, path, "is too long");
                text.clone()
            }
            Some(_) => {
                self.refuse(path, "is no text");
                String::new()
            }
        }
    }

    fn one_of(&mut self, value: Option<&Value>, path: &str, values: &[&str]) -> String {
        let text = self.text(value, path, 100);
        if value.is_some() {
            self.holds(
                values.contains(&text.as_str()),
                path,
                "is none of the values",
            );
        }
        text
    }

    fn port(&mut self, value: Option<&Value>, path: &str) {
        if let Some(value) = value {
            let port = value.as_u64().unwrap_or_default();
            self.holds((1..=65535).contains(&port), path, "is no port");
        }
    }

    fn route(&mut self, route: &Value) {
        let fields = ["!apiVersion", "!kind", "!metadata", "!spec"];
        let object = self.object(route, "route", &fields);
        let of_group = object.get("apiVersion") == Some(&"gateway.networking.k8s.io/v1".into());
        self.holds(of_group, "apiVersion", "is another");
        let kind = self.one_of(object.get("kind"), "kind", &["HTTPRoute", "GRPCRoute"]);
        if let Some(metadata) = object.get("metadata") {
            let metadata = self.object(metadata, "metadata", &["!name", "namespace"]);
            let name = self.text(metadata.get("name"), "metadata.name", 253);
            self.holds(is_subdomain(&name), "metadata.name", "is no DNS name");
            // The namespace is the Ingress's own, and there is no other to choose.
            self.text(metadata.get("namespace"), "metadata.namespace", usize::MAX);
        }
        if let Some(spec) = object.get("spec") {
            self.spec(spec, kind == "GRPCRoute");
        }
    }

    fn spec(&mut self, spec: &Value, grpc: bool) {
        let fields = ["!parentRefs", "!hostnames", "!rules"];
        let spec = self.object(spec, "spec", &fields);
        for (path, parent) in self.list(spec.get("parentRefs"), "spec.parentRefs", 32) {
            let parent = self.object(&parent, &path, &["!name", "!namespace", "sectionName"]);
            for (key, most) in [("name", 253), ("namespace", 63), ("sectionName", 253)] {
                if parent.contains_key(key) {
                    let text = self.text(parent.get(key), &path, most);
                    self.holds(is_subdomain(&text), &path, key);
                }
            }
        }
        let hostnames = self.list(spec.get("hostnames"), "spec.hostnames", 16);
        self.holds(
            !hostnames.is_empty(),
            "spec.hostnames",
            "are none: it claims every host",
        );
        for (path, name) in hostnames {
            let name = self.text(Some(&name), &path, 253);
            let rest = name.strip_prefix("*.").unwrap_or(&name);
            self.holds(is_subdomain(rest), &path, &format!("`{name}` is no host"));
        }
        let mut in_all = 0;
        let rules = self.list(spec.get("rules"), "spec.rules", 16);
        self.holds(!rules.is_empty(), "spec.rules", "are none");
        for (path, rule) in rules {
            in_all += self.rule(&rule, &path, grpc);
        }
        self.holds(in_all <= 128, "spec.rules", "have more than 128 matches");
    }

    /// Checks a rule; how many matches it has.
    fn rule(&mut self, rule: &Value, at: &str, grpc: bool) -> usize {
        let fields: &[&str] = match grpc {
            true => &["matches", "filters", "backendRefs"],
            false => &["!matches", "filters", "backendRefs", "timeouts"],
        };
        let rule = self.object(rule, at, fields);
        let matches = self.list(rule.get("matches"), &format!("{at}.matches"), 64);
        let mut kinds = Vec::new();
        for (path, item) in &matches {
            match grpc {
                true => self.method(item, path),
                false => kinds.push(self.path(item, path)),
            }
        }
        let backends = self.list(rule.get("backendRefs"), &format!("{at}.backendRefs"), 16);
        for (path, backend) in &backends {
            let backend = self.object(backend, path, &["!name", "!port"]);
            let name = self.text(backend.get("name"), path, 253);
            self.holds(!name.is_empty(), path, "has an empty name");
            self.port(backend.get("port"), path);
        }
        let mut seen: Vec<String> = Vec::new();
        for (path, filter) in self.list(rule.get("filters"), &format!("{at}.filters"), 16) {
            let kind = self.filter(&filter, &path, grpc, &kinds);
            self.holds(!seen.contains(&kind), &path, "repeats a kind of filter");
            seen.push(kind);
        }
        let redirects = seen.iter().any(|kind| kind == "RequestRedirect");
        let rewrites = seen.iter().any(|kind| kind == "URLRewrite");
        self.holds(!(redirects && rewrites), at, "redirects and rewrites");
        self.holds(
            !redirects || backends.is_empty(),
            at,
            "redirects and has backends",
        );
        self.holds(
            redirects || !backends.is_empty(),
            at,
            "has neither redirect nor backend",
        );
        if let Some(timeouts) = rule.get("timeouts") {
            let timeouts = self.object(timeouts, at, &["!request"]);
            let request = self.text(timeouts.get("request"), at, 100);
            self.holds(is_duration(&request), at, "has no duration");
        }
        matches.len()
    }

    /// Checks a match of an HTTPRoute; the type of its path.
    fn path(&mut self, item: &Value, at: &str) -> String {
        let item = self.object(item, at, &["!path", "headers"]);
        self.headers(item.get("headers"), at);
        let Some(path) = item.get("path") else {
            return String::new();
        };
        let path = self.object(path, at, &["!type", "!value"]);
        let kinds = ["Exact", "PathPrefix", "RegularExpression"];
        let kind = self.one_of(path.get("type"), at, &kinds);
        let value = self.text(path.get("value"), at, 1024);
        if kind != "RegularExpression" {
            self.holds(value.starts_with('/'), at, "is no absolute path");
            for part in ["//", "/./", "/../", "%2f", "%2F", "#"] {
                self.holds(!value.contains(part), at, &format!("holds {part}"));
            }
            for end in ["/..", "/."] {
                self.holds(!value.ends_with(end), at, &format!("ends with {end}"));
            }
            self.holds(is_path(&value), at, &format!("`{value}` is no path"));
        }
        kind
    }

    fn method(&mut self, item: &Value, at: &str) {
        let item = self.object(item, at, &["method", "headers"]);
        self.headers(item.get("headers"), at);
        let Some(method) = item.get("method") else {
            return;
        };
        let method = self.object(method, at, &["!service", "method"]);
        let service = self.text(method.get("service"), at, 1024);
        let parts = service.strip_prefix('.').unwrap_or(&service);
        self.holds(
            parts.split('.').all(is_identifier),
            at,
            "is no gRPC service",
        );
        if method.contains_key("method") {
            let method = self.text(method.get("method"), at, 1024);
            self.holds(is_identifier(&method), at, "is no gRPC method");
        }
    }

    fn headers(&mut self, headers: Option<&Value>, at: &str) {
        let mut names = Vec::new();
        for (path, header) in self.list(headers, at, 16) {
            let header = self.object(&header, &path, &["!name", "!value"]);
            let name = self.text(header.get("name"), &path, 256);
            self.holds(is_token(&name), &path, "has no name of a header");
            self.holds(!names.contains(&name), &path, "repeats a header");
            names.push(name);
            let value = self.text(header.get("value"), &path, 4096);
            self.holds(!value.is_empty(), &path, "has an empty value");
        }
    }

    /// Checks a filter of a rule whose paths are of `kinds`; its type.
    fn filter(&mut self, filter: &Value, at: &str, grpc: bool, kinds: &[String]) -> String {
        let fields = [
            "!type",
            "requestHeaderModifier",
            "requestRedirect",
            "urlRewrite",
        ];
        let filter = self.object(filter, at, &fields);
        self.holds(filter.len() == 2, at, "has not one type and its value");
        let types: &[&str] = match grpc {
            true => &["RequestHeaderModifier"],
            false => &["RequestHeaderModifier", "RequestRedirect", "URLRewrite"],
        };
        let kind = self.one_of(filter.get("type"), at, types);
        if let Some(modifier) = filter.get("requestHeaderModifier") {
            self.holds(kind == "RequestHeaderModifier", at, "is of another type");
            let modifier = self.object(modifier, at, &["!set"]);
            self.headers(modifier.get("set"), at);
        }
        if let Some(redirect) = filter.get("requestRedirect") {
            self.holds(kind == "RequestRedirect", at, "is of another type");
            let fields = ["scheme", "hostname", "port", "path", "!statusCode"];
            let redirect = self.object(redirect, at, &fields);
            self.one_of(redirect.get("scheme"), at, &["http", "https"]);
            self.hostname(redirect.get("hostname"), at);
            self.port(redirect.get("port"), at);
            self.modifier(redirect.get("path"), at, kinds);
            let status = redirect.get("statusCode").and_then(Value::as_u64);
            self.holds(matches!(status, Some(301 | 302)), at, "has another status");
        }
        if let Some(rewrite) = filter.get("urlRewrite") {
            self.holds(kind == "URLRewrite", at, "is of another type");
            let rewrite = self.object(rewrite, at, &["hostname", "path"]);
            self.hostname(rewrite.get("hostname"), at);
            self.modifier(rewrite.get("path"), at, kinds);
        }
        kind
    }

    fn hostname(&mut self, name: Option<&Value>, at: &str) {
        if name.is_some() {
            let name = self.text(name, at, 253);
            self.holds(is_subdomain(&name), at, "names no host");
        }
    }

    fn modifier(&mut self, path: Option<&Value>, at: &str, kinds: &[String]) {
        let Some(path) = path else { return };
        let path = self.object(
            path,
            at,
            &["!type", "replaceFullPath", "replacePrefixMatch"],
        );
        let kind = self.one_of(
            path.get("type"),
            at,
            &["ReplaceFullPath", "ReplacePrefixMatch"],
        );
        let full = kind == "ReplaceFullPath";
        self.text(path.get("replaceFullPath"), at, 1024);
        self.text(path.get("replacePrefixMatch"), at, 1024);
        self.holds(
            path.contains_key("replaceFullPath") == full,
            at,
            "misses its path",
        );
        self.holds(
            path.contains_key("replacePrefixMatch") != full,
            at,
            "misses its path",
        );
        if !full {
            let one = kinds.len() == 1 && kinds[0] == "PathPrefix";
            self.holds(one, at, "replaces a prefix of other than one PathPrefix");
        }
    }
}

/// `[a-z0-9]([-a-z0-9]*[a-z0-9])?`
fn is_label(text: &str) -> bool {
    let inside = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.starts_with(inside)
        && text.ends_with(inside)
        && text.chars().all(|c| inside(c) || c == '-')
}

fn is_subdomain(text: &str) -> bool {
    text.split('.').all(is_label)
}

/// `[A-Za-z_][A-Za-z_0-9]*`
fn is_identifier(text: &str) -> bool {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_';
    text.starts_with(first) && text.chars().all(|c| first(c) || c.is_ascii_digit())
}

/// `[A-Za-z0-9!#$%&'*+\-.^_\x60|~]+`
fn is_token(text: &str) -> bool {
    let of_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    !text.is_empty() && text.chars().all(of_token)
}

/// `(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|[%][0-9a-fA-F]{2})+`
fn is_path(text: &str) -> bool {
    let mut parts = text.split('%');
    let plain = |text: &str| {
        text.chars()
            .all(|c| c.is_ascii_alphanumeric() || "-/._~!$&'()*+,;=:@".contains(c))
    };
    let encoded = |part: &str| {
        part.len() >= 2 && part.is_char_boundary(2) && {
            let (digits, rest) = part.split_at(2);
            digits.chars().all(|c| c.is_ascii_hexdigit()) && plain(rest)
        }
    };
    !text.is_empty() && parts.next().is_some_and(plain) && parts.all(encoded)
}

/// `([0-9]{1,5}(h|m|s|ms)){1,4}`, of which the translation writes one part.
fn is_duration(text: &str) -> bool {
    let digits = text.strip_suffix(['h', 'm', 's']).unwrap_or_default();
    (1..=5).contains(&digits.len()) && digits.chars().all(|c| c.is_ascii_digit())
}
