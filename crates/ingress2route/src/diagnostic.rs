//! Diagnostics about fields of the Ingress.

use std::fmt;

use admission::Node;

/// A message about a field of the Ingress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The field, in Kubernetes notation: `spec.rules[0].host`.
    pub path: String,
    /// The message, one sentence.
    pub message: String,
    /// The difference between ingress-nginx and the routes that the message reports.
    pub difference: Option<Difference>,
}

/// Requests that ingress-nginx and the routes handle differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// NGINX decodes and normalizes the path before it selects a location (`ngx_http_parse_complex_uri`), and
    /// answers 400 if it cannot. Cilium's connection manager does neither.
    PathNormalization,
    /// NGINX sends the rest of a rewritten path decoded, normalized and encoded anew; Envoy sends it unchanged.
    RewriteNormalization,
    /// NGINX always appends the slash of a rewrite target such as `/b/$2`; Envoy does not for the bare prefix.
    RewriteSlash,
    /// Envoy keeps the query of a redirected request.
    RedirectQuery,
    /// NGINX's timeouts are between two reads; the routes have none, and Cilium's own is 5 minutes.
    Timeout,
    /// NGINX answers all OPTIONS requests; Envoy only preflight requests, and with another status.
    CorsPreflight,
    /// Envoy's wildcard in a CORS origin matches any number of labels.
    CorsOrigin,
    /// NGINX does not serve a canary without the main Ingress.
    CanaryAlone,
    /// Envoy sends another request to the authorization server.
    AuthRequest,
    /// NGINX compares a path with `%` with the decoded path of the request, the Gateway with the path as it is.
    EncodedPath,
    /// NGINX ignores the case of the path; a prefix that a route replaces is case-sensitive.
    PathCase,
}

impl Difference {
    /// Returns the name of the difference for tools, in kebab case.
    pub fn code(self) -> &'static str {
        match self {
            Self::PathNormalization => "path-normalization",
            Self::RewriteNormalization => "rewrite-normalization",
            Self::RewriteSlash => "rewrite-slash",
            Self::RedirectQuery => "redirect-query",
            Self::Timeout => "timeout",
            Self::CorsPreflight => "cors-preflight",
            Self::CorsOrigin => "cors-origin",
            Self::CanaryAlone => "canary-alone",
            Self::AuthRequest => "auth-request",
            Self::EncodedPath => "encoded-path",
            Self::PathCase => "path-case",
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        f.write_str(": ")?;
        f.write_str(&self.message)
    }
}

/// Returns a message: a text in which each `{}` stands for one of the following parts, quoted, and each `[]` for
/// one as it is. A single part is the message. (A template adds less code to the `.wasm` file than formatting,
/// or joining and quoting at each place.)
fn message(parts: &[&str]) -> String {
    let mut out = String::new();
    let Some((template, arguments)) = parts.split_first() else {
        return out;
    };
    let mut arguments = arguments.iter();
    let mut characters = template.chars();
    while let Some(c) = characters.next() {
        let argument = match c {
            '{' | '[' => arguments.next(),
            _ => None,
        };
        let Some(argument) = argument else {
            out.push(c);
            continue;
        };
        characters.next();
        match c {
            '{' => out.push_str(&quote(argument)),
            _ => out.push_str(argument),
        }
    }
    for argument in arguments {
        out.push_str(argument);
    }
    out
}

/// Adds a message about a field, unless the list already has the same message: a problem of a Service or a
/// host is reported once, not for each path. See [`message`] for `parts`.
#[inline(never)]
pub(crate) fn push_once(list: &mut Vec<Diagnostic>, field: Node<'_>, parts: &[&str]) {
    let message = message(parts);
    if !list.iter().any(|other| other.message == message) {
        push(list, field, &[&message]);
    }
}

/// Reports a difference, unless the list already does.
#[inline(never)]
pub(crate) fn differs(
    list: &mut Vec<Diagnostic>,
    field: Node<'_>,
    difference: Difference,
    parts: &[&str],
) {
    let difference = Some(difference);
    if !list.iter().any(|other| other.difference == difference) {
        push(list, field, parts);
        if let Some(last) = list.last_mut() {
            last.difference = difference;
        }
    }
}

/// Adds a message about an annotation, even if the list already has the same message about another one.
#[inline(never)]
pub(crate) fn push(list: &mut Vec<Diagnostic>, annotation: Node<'_>, parts: &[&str]) {
    list.push(Diagnostic {
        path: annotation.path(),
        message: message(parts),
        difference: None,
    });
}

/// Quotes text of the Ingress for a message: in backticks, on one line, truncated.
#[inline(never)]
pub(crate) fn quote(text: &str) -> String {
    const MAX_CHARS: usize = 60;
    let mut out = String::from("`");
    for (index, c) in text.chars().enumerate() {
        if index == MAX_CHARS {
            out.push('…');
            break;
        }
        match c {
            '`' => out.push('\''),
            c if c.is_control() => out.push('�'),
            c => out.push(c),
        }
    }
    out.push('`');
    out
}

#[cfg(test)]
mod tests {
    use super::message;

    #[test]
    fn a_message_quotes_or_inserts_its_arguments() {
        for (parts, expected) in [
            (
                &["a {} and [] end", "`x\n", "{}"][..],
                "a `'x\u{fffd}` and {} end",
            ),
            (&["a", "b", "c"], "abc"),
            // A text of the Ingress, on its own, is no template.
            (&["{} and [a-z]"], "{} and [a-z]"),
            (&[], ""),
        ] {
            assert_eq!(message(parts), expected);
        }
    }
}
