//! Validates routes as the API server does, with the rules of the CRDs HTTPRoute and GRPCRoute of Gateway
//! API 1.5 (`config/crd/standard`; `externalAuth` from `config/crd/experimental`), for the fields that the
//! translation writes. Any other field is a violation too, so that none goes unchecked.

use serde_json::{Map, Value};

/// Returns why the API server would reject the route; empty if it would accept it.
pub(crate) fn violations(route: &Value) -> Vec<String> {
    let mut check = Check(Vec::new());
    check.route(route);
    check.0
}

struct Check(Vec<String>);

impl Check {
    fn violation(&mut self, path: &str, message: impl std::fmt::Display) {
        self.0.push(format!("{path}: {message}"));
    }

    fn require(&mut self, valid: bool, path: &str, message: &str) {
        if !valid {
            self.violation(path, message);
        }
    }

    /// Checks that an object has only these fields, and all that start with `!`; returns its members.
    fn object(&mut self, value: &Value, path: &str, fields: &[&str]) -> Map<String, Value> {
        let Some(object) = value.as_object() else {
            self.violation(path, "is not an object");
            return Map::new();
        };
        for key in object.keys() {
            let known = fields
                .iter()
                .any(|field| field.trim_start_matches('!') == key);
            self.require(known, path, &format!("has the field {key}"));
        }
        for field in fields.iter().filter_map(|field| field.strip_prefix('!')) {
            self.require(object.contains_key(field), path, &format!("lacks {field}"));
        }
        object.clone()
    }

    fn list(&mut self, value: Option<&Value>, path: &str, max: usize) -> Vec<(String, Value)> {
        let Some(value) = value else {
            return Vec::new();
        };
        let Some(items) = value.as_array() else {
            self.violation(path, "is not a list");
            return Vec::new();
        };
        self.require(
            items.len() <= max,
            path,
            &format!("has more than {max} items"),
        );
        let items = items.iter().enumerate();
        items
            .map(|(index, item)| (format!("{path}[{index}]"), item.clone()))
            .collect()
    }

    fn text(&mut self, value: Option<&Value>, path: &str, max: usize) -> String {
        match value {
            None => String::new(),
            Some(Value::String(text)) => {
                self.require(text.chars().count() <= max, path, "is too long");
                text.clone()
            }
            Some(_) => {
                self.violation(path, "is not a string");
                String::new()
            }
        }
    }

    fn one_of(&mut self, value: Option<&Value>, path: &str, values: &[&str]) -> String {
        let text = self.text(value, path, 100);
        if value.is_some() {
            self.require(
                values.contains(&text.as_str()),
                path,
                "is not one of the values",
            );
        }
        text
    }

    fn port(&mut self, value: Option<&Value>, path: &str) {
        if let Some(value) = value {
            let port = value.as_u64().unwrap_or_default();
            self.require((1..=65535).contains(&port), path, "is not a port");
        }
    }

    fn route(&mut self, route: &Value) {
        let fields = ["!apiVersion", "!kind", "!metadata", "!spec"];
        let object = self.object(route, "route", &fields);
        let of_group = object.get("apiVersion") == Some(&"gateway.networking.k8s.io/v1".into());
        self.require(
            of_group,
            "apiVersion",
            "is not gateway.networking.k8s.io/v1",
        );
        let kinds = ["HTTPRoute", "GRPCRoute", "BackendTLSPolicy"];
        let kind = self.one_of(object.get("kind"), "kind", &kinds);
        if let Some(metadata) = object.get("metadata") {
            let metadata = self.object(metadata, "metadata", &["!name", "namespace"]);
            let name = self.text(metadata.get("name"), "metadata.name", 253);
            self.require(is_subdomain(&name), "metadata.name", "is not a DNS name");
            // The namespace is copied from the Ingress, valid or not.
            self.text(metadata.get("namespace"), "metadata.namespace", usize::MAX);
        }
        if let Some(spec) = object.get("spec") {
            match kind.as_str() {
                "BackendTLSPolicy" => self.policy(spec),
                _ => self.spec(spec, kind == "GRPCRoute"),
            }
        }
    }

    fn policy(&mut self, spec: &Value) {
        let spec = self.object(spec, "spec", &["!targetRefs", "!validation"]);
        let validation = &spec["validation"];
        let validation = self.object(
            validation,
            "validation",
            &["!hostname", "!caCertificateRefs"],
        );
        self.hostname(validation.get("hostname"), "validation");
        for (list, key, kind) in [
            (&spec, "targetRefs", "Service"),
            (&validation, "caCertificateRefs", "ConfigMap"),
        ] {
            let items = self.list(list.get(key), key, 8);
            self.require(items.len() == 1, key, "does not have one item");
            for (path, item) in items {
                let item = self.object(&item, &path, &["!group", "!kind", "!name"]);
                self.one_of(item.get("group"), &path, &[""]);
                self.one_of(item.get("kind"), &path, &[kind]);
                let name = self.text(item.get("name"), &path, 253);
                self.require(is_subdomain(&name), &path, "is not a name");
            }
        }
    }

    fn spec(&mut self, spec: &Value, grpc: bool) {
        let fields = ["!parentRefs", "!hostnames", "!rules"];
        let spec = self.object(spec, "spec", &fields);
        for (path, parent) in self.list(spec.get("parentRefs"), "spec.parentRefs", 32) {
            let parent = self.object(&parent, &path, &["!name", "!namespace", "sectionName"]);
            for (key, max) in [("name", 253), ("namespace", 63), ("sectionName", 253)] {
                if parent.contains_key(key) {
                    let text = self.text(parent.get(key), &path, max);
                    self.require(is_subdomain(&text), &path, key);
                }
            }
        }
        let hostnames = self.list(spec.get("hostnames"), "spec.hostnames", 16);
        self.require(
            !hostnames.is_empty(),
            "spec.hostnames",
            "is empty: the route claims every host",
        );
        for (path, name) in hostnames {
            let name = self.text(Some(&name), &path, 253);
            let rest = name.strip_prefix("*.").unwrap_or(&name);
            self.require(
                is_subdomain(rest),
                &path,
                &format!("`{name}` is not a hostname"),
            );
        }
        let mut total = 0;
        let rules = self.list(spec.get("rules"), "spec.rules", 16);
        self.require(!rules.is_empty(), "spec.rules", "is empty");
        for (path, rule) in rules {
            total += self.rule(&rule, &path, grpc);
        }
        self.require(total <= 128, "spec.rules", "has more than 128 matches");
    }

    /// Checks a rule, and returns the number of its matches.
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
            let backend = self.object(backend, path, &["!name", "!port", "weight"]);
            if let Some(weight) = backend.get("weight") {
                let weight = weight.as_u64().unwrap_or(u64::MAX);
                self.require(weight <= 1_000_000, path, "has an invalid weight");
            }
            let name = self.text(backend.get("name"), path, 253);
            self.require(!name.is_empty(), path, "has an empty name");
            self.port(backend.get("port"), path);
        }
        let mut seen: Vec<String> = Vec::new();
        for (path, filter) in self.list(rule.get("filters"), &format!("{at}.filters"), 16) {
            let kind = self.filter(&filter, &path, grpc, &kinds);
            self.require(!seen.contains(&kind), &path, "repeats a type of filter");
            seen.push(kind);
        }
        let redirects = seen.iter().any(|kind| kind == "RequestRedirect");
        let rewrites = seen.iter().any(|kind| kind == "URLRewrite");
        self.require(!(redirects && rewrites), at, "redirects and rewrites");
        self.require(
            !redirects || backends.is_empty(),
            at,
            "redirects and has backends",
        );
        self.require(
            redirects || !backends.is_empty(),
            at,
            "has neither redirect nor backend",
        );
        if let Some(timeouts) = rule.get("timeouts") {
            let timeouts = self.object(timeouts, at, &["!request"]);
            let request = self.text(timeouts.get("request"), at, 100);
            self.require(is_duration(&request), at, "is not a duration");
        }
        matches.len()
    }

    /// Checks a match of an HTTPRoute, and returns the type of its path.
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
            self.require(value.starts_with('/'), at, "is not an absolute path");
            for part in ["//", "/./", "/../", "%2f", "%2F", "#"] {
                self.require(!value.contains(part), at, &format!("contains {part}"));
            }
            for end in ["/..", "/."] {
                self.require(!value.ends_with(end), at, &format!("ends with {end}"));
            }
            self.require(is_path(&value), at, &format!("`{value}` is not a path"));
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
        self.require(
            parts.split('.').all(is_identifier),
            at,
            "is not a gRPC service",
        );
        if method.contains_key("method") {
            let method = self.text(method.get("method"), at, 1024);
            self.require(is_identifier(&method), at, "is not a gRPC method");
        }
    }

    fn headers(&mut self, headers: Option<&Value>, at: &str) {
        let mut names = Vec::new();
        for (path, header) in self.list(headers, at, 16) {
            let header = self.object(&header, &path, &["!name", "!value"]);
            let name = self.text(header.get("name"), &path, 256);
            self.require(is_token(&name), &path, "has an invalid header name");
            self.require(!names.contains(&name), &path, "repeats a header");
            names.push(name);
            let value = self.text(header.get("value"), &path, 4096);
            self.require(!value.is_empty(), &path, "has an empty value");
        }
    }

    /// Checks a filter of a rule whose path types are `kinds`, and returns its type.
    fn filter(&mut self, filter: &Value, at: &str, grpc: bool, kinds: &[String]) -> String {
        let fields = [
            "!type",
            "requestHeaderModifier",
            "requestRedirect",
            "urlRewrite",
            "cors",
            "externalAuth",
        ];
        let filter = self.object(filter, at, &fields);
        self.require(
            filter.len() == 2,
            at,
            "does not have exactly one type and its value",
        );
        let types: &[&str] = match grpc {
            true => &["RequestHeaderModifier"],
            false => &[
                "RequestHeaderModifier",
                "RequestRedirect",
                "URLRewrite",
                "CORS",
                "ExternalAuth",
            ],
        };
        let kind = self.one_of(filter.get("type"), at, types);
        if let Some(modifier) = filter.get("requestHeaderModifier") {
            self.require(
                kind == "RequestHeaderModifier",
                at,
                "has a field of another type",
            );
            let modifier = self.object(modifier, at, &["!set"]);
            self.headers(modifier.get("set"), at);
        }
        if let Some(redirect) = filter.get("requestRedirect") {
            self.require(kind == "RequestRedirect", at, "has a field of another type");
            let fields = ["scheme", "hostname", "port", "path", "!statusCode"];
            let redirect = self.object(redirect, at, &fields);
            self.one_of(redirect.get("scheme"), at, &["http", "https"]);
            self.hostname(redirect.get("hostname"), at);
            self.port(redirect.get("port"), at);
            self.modifier(redirect.get("path"), at, kinds);
            let status = redirect.get("statusCode").and_then(Value::as_u64);
            self.require(
                matches!(status, Some(301 | 302 | 303 | 307 | 308)),
                at,
                "has a status that is no redirect",
            );
        }
        if let Some(rewrite) = filter.get("urlRewrite") {
            self.require(kind == "URLRewrite", at, "has a field of another type");
            let rewrite = self.object(rewrite, at, &["hostname", "path"]);
            self.hostname(rewrite.get("hostname"), at);
            self.modifier(rewrite.get("path"), at, kinds);
        }
        if let Some(cors) = filter.get("cors") {
            self.require(kind == "CORS", at, "has a field of another type");
            self.cors(cors, at);
        }
        if let Some(auth) = filter.get("externalAuth") {
            self.require(kind == "ExternalAuth", at, "has a field of another type");
            let auth = self.object(auth, at, &["!protocol", "!backendRef", "!http"]);
            self.one_of(auth.get("protocol"), at, &["HTTP"]);
            let backend = self.object(&auth["backendRef"], at, &["!name", "!namespace", "!port"]);
            self.port(backend.get("port"), at);
            let fields = ["path", "!allowedHeaders", "!allowedResponseHeaders"];
            let http = self.object(&auth["http"], at, &fields);
            if http.contains_key("path") {
                let path = self.text(http.get("path"), at, 1024);
                self.require(is_path(&path), at, "is not a path");
            }
            self.set(http.get("allowedHeaders"), at, 64, &is_token);
            self.set(http.get("allowedResponseHeaders"), at, 64, &is_token);
        }
        kind
    }

    fn cors(&mut self, cors: &Value, at: &str) {
        let cors = self.object(
            cors,
            at,
            &[
                "allowOrigins",
                "allowCredentials",
                "allowMethods",
                "allowHeaders",
                "exposeHeaders",
                "maxAge",
            ],
        );
        let origins = self.set(cors.get("allowOrigins"), at, 64, &is_origin);
        if let Some(credentials) = cors.get("allowCredentials") {
            self.require(credentials == &Value::Bool(true), at, "is not true");
            let any = origins.iter().any(|origin| origin == "*");
            self.require(!any, at, "allows any site to use credentials");
        }
        let is_method = |text: &str| {
            [
                "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH",
            ]
            .contains(&text)
        };
        self.set(cors.get("allowMethods"), at, 9, &is_method);
        self.set(cors.get("allowHeaders"), at, 64, &is_token);
        self.set(cors.get("exposeHeaders"), at, 64, &is_token);
        let age = cors.get("maxAge").and_then(Value::as_i64).unwrap_or(1);
        self.require(
            (1..=i64::from(i32::MAX)).contains(&age),
            at,
            "is not an age",
        );
    }

    /// Checks a list of distinct texts, in which `*` must be alone.
    fn set(
        &mut self,
        list: Option<&Value>,
        at: &str,
        max: usize,
        valid: &dyn Fn(&str) -> bool,
    ) -> Vec<String> {
        let mut seen = Vec::new();
        for (path, item) in self.list(list, at, max) {
            let text = self.text(Some(&item), &path, 256);
            self.require(valid(&text), &path, &format!("`{text}` is not valid"));
            self.require(!seen.contains(&text), &path, "repeats an item");
            seen.push(text);
        }
        let any = seen.iter().any(|text| text == "*");
        self.require(!any || seen.len() == 1, at, "has more than `*`");
        seen
    }

    fn hostname(&mut self, name: Option<&Value>, at: &str) {
        if name.is_some() {
            let name = self.text(name, at, 253);
            self.require(is_subdomain(&name), at, "is not a hostname");
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
        self.require(
            path.contains_key("replaceFullPath") == full,
            at,
            "does not match its type",
        );
        self.require(
            path.contains_key("replacePrefixMatch") != full,
            at,
            "does not match its type",
        );
        if !full {
            let one = kinds.len() == 1 && kinds[0] == "PathPrefix";
            self.require(
                one,
                at,
                "replaces a prefix, but the rule has other matches than one PathPrefix",
            );
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

/// `(^\*$)|(^(http(s)?):\/\/(((\*\.)?([a-zA-Z0-9\-]+\.)*[a-zA-Z0-9-]+|\*)(:([0-9]{1,5}))?)$)`
fn is_origin(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text == "*";
    };
    let (host, port) = rest.split_once(':').unwrap_or((rest, "1"));
    let host = host.strip_prefix("*.").unwrap_or(host);
    ["http", "https"].contains(&scheme)
        && host.split('.').all(|label| {
            !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        })
        && (1..=5).contains(&port.len())
        && port.chars().all(|c| c.is_ascii_digit())
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

/// `([0-9]{1,5}(h|m|s|ms)){1,4}`; the translation writes one part.
fn is_duration(text: &str) -> bool {
    let digits = text.strip_suffix(['h', 'm', 's']).unwrap_or_default();
    (1..=5).contains(&digits.len()) && digits.chars().all(|c| c.is_ascii_digit())
}
