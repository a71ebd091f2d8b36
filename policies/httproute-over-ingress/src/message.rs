//! The message of a rejection, and the warnings: a summary, the routes and the diagnostics.

use admission::{Finding, Rule, Verdict, joined};
use ingress2route::{Diagnostic, Translation};

use crate::decision::{Decision, REQUIRES_INGRESS_NGINX, RejectionReason};

admission::rule! {
    /// Only another Ingress controller reads an annotation of the Ingress.
    ///
    /// # What it checks
    /// The policy does not translate annotations of other controllers. It lists them with the routes of a
    /// rejected Ingress; with `mode: warn` and for updates of existing Ingresses, it warns about each.
    ///
    /// # Why
    /// The routes lack what the annotation requests, such as authentication or a rewrite, so its author must
    /// add it by hand or decide that it is not needed.
    ///
    /// # Example
    /// ```yaml
    /// # settings of httproute-over-ingress: {mode: warn}
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata:
    ///   name: portal
    ///   namespace: backend
    ///   annotations:
    ///     konghq.com/strip-path: "true"
    /// spec:
    ///   ingressClassName: nginx
    ///   rules:
    ///   - host: portal.k8tre.internal
    ///     http:
    ///       paths:
    ///       - path: /
    ///         pathType: Prefix
    ///         backend: {service: {name: portal, port: {number: 80}}}
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   hostnames: [portal.k8tre.internal]
    ///   rules: [{backendRefs: [{name: portal, port: 80}]}]
    /// ```
    pub OTHER_CONTROLLER_ANNOTATION = "other-controller-annotation";
}

admission::rule! {
    /// The routes of the Ingress must be fixed before they can be applied.
    ///
    /// # What it checks
    /// A route needs a hostname below the domain of the Gateway and the numbers of ports. An annotation with a
    /// value for which ingress-nginx does not serve the Ingress must be fixed or removed. The policy lists what
    /// is missing or invalid with the routes of a rejected Ingress; with `mode: warn` and for updates of
    /// existing Ingresses, it warns about each.
    ///
    /// # Why
    /// Applied unchanged, the routes would be rejected, or would not serve the app.
    ///
    /// # Example
    /// ```yaml
    /// # settings of httproute-over-ingress: {mode: warn, domain: k8tre.internal}
    /// apiVersion: networking.k8s.io/v1
    /// kind: Ingress
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   ingressClassName: nginx
    ///   rules:
    ///   - host: portal.example.org
    ///     http:
    ///       paths:
    ///       - path: /
    ///         pathType: Prefix
    ///         backend: {service: {name: portal, port: {number: 80}}}
    /// ```
    ///
    /// # Use instead
    /// ```yaml
    /// apiVersion: gateway.networking.k8s.io/v1
    /// kind: HTTPRoute
    /// metadata: {name: portal, namespace: backend}
    /// spec:
    ///   parentRefs: [{name: internal-gateway, namespace: gateway}]
    ///   hostnames: [portal.k8tre.internal]
    ///   rules: [{backendRefs: [{name: portal, port: 80}]}]
    /// ```
    pub INCOMPLETE_ROUTE = "incomplete-route";
}

/// The maximum length of the first line, in characters: events and dashboards truncate longer ones.
const MAX_LINE_CHARS: usize = 200;
/// The maximum size of the routes in a message.
const MAX_YAML_BYTES: usize = 16 * 1024;
/// The maximum number of diagnostics in a list.
const MAX_LISTED: usize = 20;
/// The maximum number of warnings. The API server truncates each of them if all together exceed 4096
/// characters.
const MAX_WARNINGS: usize = 8;

/// For every acceptance of an Ingress that ingress-nginx serves. Source: the README of kubernetes/ingress-nginx,
/// and <https://www.kubernetes.io/blog/2025/11/11/ingress-nginx-retirement/>. The last release was on 19 March 2026.
pub(crate) const RETIRED: &str =
    "ingress-nginx is retired: no releases and no security fixes since March 2026";

const COMMAND: &str = "run `agnostics convert FILE` to get the routes and a list of what they lack";

/// The message for an Ingress that the policy rejects, or accepts with warnings.
pub(crate) struct Message {
    pub(crate) decision: Decision,
    /// Notes that are not part of the translation.
    pub(crate) notes: Vec<Finding>,
    /// The field by which an update adds something, so that `existing: warn` does not apply.
    pub(crate) addition: Option<String>,
    /// Whether the controller that serves the Ingress is retired.
    pub(crate) is_retired: bool,
}

impl Message {
    /// Returns the rejection: the findings, an empty line, and YAML. Complete routes are YAML documents;
    /// incomplete routes and everything else are comments.
    pub(crate) fn rejection(mut self) -> Verdict {
        let translation = &self.decision.translation;
        let mut rest = String::new();
        if self.lists_everything() {
            self.routes(&mut rest);
            list(
                &mut rest,
                "Cannot be expressed as a route:",
                &translation.untranslatable,
            );
            list(
                &mut rest,
                "Annotations of other controllers:",
                &translation.other_controllers,
            );
            list(&mut rest, "Fix before applying:", &translation.blockers);
            list(&mut rest, "Notes:", &translation.notes);
        }
        for note in &self.notes {
            comment(&mut rest, &[&note.to_string()]);
        }
        if let Some(field) = &self.addition {
            comment(
                &mut rest,
                &[
                    "`existing: warn` does not apply: the update changes ",
                    field,
                ],
            );
        }
        let findings = &mut self.decision.findings;
        let suffix = match findings.len() {
            1 => "",
            _ => " (and at least 99 more)",
        };
        for finding in findings.iter_mut() {
            shorten(finding, suffix);
        }
        let verdict = Verdict::reject_with(self.decision.findings, rest.trim_ascii_end());
        match self.decision.not_checked {
            Some(finding) => verdict.warn(finding),
            None => verdict,
        }
    }

    /// Returns the acceptance with the same findings as warnings, without the routes.
    pub(crate) fn warnings(self) -> Verdict {
        let translation = &self.decision.translation;
        let mut warnings = Warnings::new(self.is_retired);
        let lists_everything = self.lists_everything();
        for mut finding in self.decision.findings {
            shorten(&mut finding, "");
            warnings = warnings.add(finding);
        }
        if lists_everything {
            if !translation.routes.is_empty() {
                warnings = warnings.add_remark(COMMAND);
            }
            warnings = warnings
                .add_all(REQUIRES_INGRESS_NGINX, &translation.untranslatable)
                .add_all(OTHER_CONTROLLER_ANNOTATION, &translation.other_controllers)
                .add_all(INCOMPLETE_ROUTE, &translation.blockers);
        }
        for note in self.notes.into_iter().chain(self.decision.not_checked) {
            warnings = warnings.add(note);
        }
        warnings.verdict()
    }

    /// Whether the message lists more than unknown annotations.
    fn lists_everything(&self) -> bool {
        self.decision.reason != Some(RejectionReason::OnlyUnknown)
    }

    fn routes(&self, out: &mut String) {
        let translation = &self.decision.translation;
        let yaml = translation.to_yaml();
        let shown = truncate(&yaml);
        if translation.is_complete() && shown.len() == yaml.len() {
            return out.push_str(shown);
        }
        if !shown.is_empty() {
            comment(out, &["Incomplete, do not apply unchanged:"]);
        }
        for line in shown.lines() {
            comment(out, &[line]);
        }
        if shown.len() < yaml.len() {
            comment(
                out,
                &["truncated at 16 KiB: run `agnostics convert FILE` for the whole output"],
            );
        }
    }
}

/// Returns the acceptance of an Ingress that requires ingress-nginx, with the reasons as warnings.
pub(crate) fn requires_nginx(translation: &Translation) -> Verdict {
    Warnings::new(true)
        .add_all(REQUIRES_INGRESS_NGINX, &translation.untranslatable)
        .verdict()
}

/// An acceptance with a limited number of warnings.
struct Warnings {
    verdict: Verdict,
    /// The number of warnings without the limit.
    count: usize,
}

impl Warnings {
    /// Starts with the retirement of the controller, which must not be cut.
    fn new(is_retired: bool) -> Self {
        let warnings = Self {
            verdict: Verdict::accept(),
            count: 0,
        };
        match is_retired {
            true => warnings.add_remark(RETIRED),
            false => warnings,
        }
    }

    fn add(mut self, finding: Finding) -> Self {
        self.count += 1;
        if self.count <= MAX_WARNINGS {
            self.verdict = self.verdict.warn(finding);
        }
        self
    }

    fn add_remark(mut self, text: &str) -> Self {
        self.count += 1;
        if self.count <= MAX_WARNINGS {
            self.verdict = self.verdict.remark(text);
        }
        self
    }

    fn add_all(mut self, rule: Rule, diagnostics: &[Diagnostic]) -> Self {
        for Diagnostic { path, message, .. } in diagnostics {
            self = self.add(rule.finding(path.as_str(), message.clone()));
        }
        self
    }

    fn verdict(self) -> Verdict {
        let more = self.count.saturating_sub(MAX_WARNINGS);
        match more {
            0 => self.verdict,
            more => {
                let more = more.to_string();
                let parts = [
                    "and ",
                    &more,
                    " more; run `agnostics convert FILE` to list them",
                ];
                self.verdict.remark(joined(&parts))
            }
        }
    }
}

fn list(out: &mut String, title: &str, diagnostics: &[Diagnostic]) {
    if diagnostics.is_empty() {
        return;
    }
    comment(out, &[title]);
    for diagnostic in diagnostics.iter().take(MAX_LISTED) {
        comment(out, &["  ", &diagnostic.path, ": ", &diagnostic.message]);
    }
    if diagnostics.len() > MAX_LISTED {
        let more = (diagnostics.len() - MAX_LISTED).to_string();
        comment(out, &["  and ", &more, " more"]);
    }
}

/// Adds a YAML comment. Line breaks in `parts`, which may come from the Ingress, do not end it.
fn comment(out: &mut String, parts: &[&str]) {
    out.push('#');
    out.push(' ');
    for part in parts {
        push_line(out, part);
    }
    out.push('\n');
}

/// Adds text, with spaces instead of control characters and line breaks.
fn push_line(out: &mut String, text: &str) {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    out.extend(text.chars().map(|c| if breaks(c) { ' ' } else { c }));
}

/// Truncates the message of a finding so that its line, with `suffix`, has the maximum length.
fn shorten(finding: &mut Finding, suffix: &str) {
    let line = finding.to_string();
    // Counts characters: `chars().count()` is made for long texts and adds 1 KB to the `.wasm` file.
    let line = line.bytes().filter(|byte| byte & 0xc0 != 0x80).count() + suffix.len();
    if line > MAX_LINE_CHARS {
        // One more, for the ellipsis.
        for _ in MAX_LINE_CHARS..=line {
            finding.message.pop();
        }
        finding.message.push('…');
    }
}

/// Truncates the routes to the maximum size, at the end of a line.
fn truncate(yaml: &str) -> &str {
    if yaml.len() <= MAX_YAML_BYTES {
        return yaml;
    }
    let start = yaml.as_bytes().get(..MAX_YAML_BYTES).unwrap_or_default();
    let end = start.iter().rposition(|byte| *byte == b'\n');
    let end = end.map_or(0, |end| end + 1);
    yaml.get(..end).unwrap_or_default()
}
