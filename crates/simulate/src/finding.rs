//! Findings: what rules report, read from the lines of a policy's response.

use admission::Severity;
use serde::Serialize;

/// What a rule reports about one field of an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The rule's id, such as `unknown-class`. Lines that name no rule, such as those of third-party policies,
    /// have the name of the policy here, and input that reached no policy has `input`.
    pub rule: String,
    /// Whether the object is rejected for it.
    pub severity: Severity,
    /// The problem and the fix.
    pub message: String,
    /// The path of the field, such as `spec.accessModes[0]`; empty if unknown, or for the whole object.
    pub path: String,
}

impl Finding {
    /// Returns a finding that names no rule.
    pub(crate) fn without_rule(policy: &str, severity: Severity, message: &str) -> Self {
        Self {
            rule: policy.to_owned(),
            severity,
            message: message.to_owned(),
            path: String::new(),
        }
    }

    /// Reads a line of a policy's message or warnings, `path: message [rule]`, as `admission::Finding` prints
    /// it. `None` if it names no rule.
    pub fn parse(line: &str, severity: Severity) -> Option<Self> {
        let (text, rule) = without_count(line).strip_suffix(']')?.rsplit_once(" [")?;
        let is_id = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if rule.is_empty() || !rule.bytes().all(is_id) {
            return None;
        }
        let (path, message) = match text.split_once(": ") {
            Some((path, message)) if is_path(path) => (path, message),
            _ => ("", text),
        };
        Some(Self {
            rule: rule.to_owned(),
            severity,
            message: message.to_owned(),
            path: path.to_owned(),
        })
    }

    /// Reads the findings of a rejection: a line each, above the first empty line. Suggestions follow below.
    pub(crate) fn of_rejection(policy: &str, message: &str) -> Vec<Self> {
        let lines = message.lines().take_while(|line| !line.is_empty());
        let findings: Option<Vec<_>> = lines
            .map(|line| Self::parse(line, Severity::Error))
            .collect();
        match findings {
            Some(findings) if !findings.is_empty() => findings,
            _ => vec![Self::without_rule(policy, Severity::Error, message)],
        }
    }
}

/// Removes the ` (and 2 more)` from the first line of a rejection.
fn without_count(line: &str) -> &str {
    match line.rsplit_once(" (and ") {
        Some((rest, count)) if count.ends_with(" more)") => rest,
        _ => line,
    }
}

/// Whether `text` is a path: without spaces, except in brackets.
fn is_path(text: &str) -> bool {
    let outside = text.split('[').map(|part| part.rsplit(']').next());
    let mut outside = outside.map(Option::unwrap_or_default);
    !text.is_empty() && outside.all(|part| !part.contains([' ', '`']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_policies() {
        for (line, expected) in [
            (
                "spec.a[0]: `b` is taken; use `c` [taken]",
                Some(("spec.a[0]", "`b` is taken; use `c`", "taken")),
            ),
            (
                "kind: Gateway is wrong [gateway-kinds] (and 2 more)",
                Some(("kind", "Gateway is wrong", "gateway-kinds")),
            ),
            (
                "spec: wrong [x] (and at least 99 more)",
                Some(("spec", "wrong", "x")),
            ),
            (
                "metadata.annotations[example.org/a b]: unknown [unknown-annotation]",
                Some((
                    "metadata.annotations[example.org/a b]",
                    "unknown",
                    "unknown-annotation",
                )),
            ),
            (
                "not checked: hosts (no data) [not-checked]",
                Some(("", "not checked: hosts (no data)", "not-checked")),
            ),
            (
                "setting `a`: is unknown [malformed-input]",
                Some(("", "setting `a`: is unknown", "malformed-input")),
            ),
            ("spec.a: `b` is taken", None),
            ("allowed: spec.a[0]", None),
            ("spec.a: wrong [Not An Id]", None),
            ("spec.a: wrong []", None),
            ("", None),
        ] {
            let found = Finding::parse(line, Severity::Error);
            let found = found
                .as_ref()
                .map(|it| (it.path.as_str(), it.message.as_str(), it.rule.as_str()));
            assert_eq!(found, expected, "{line}");
        }
    }

    #[test]
    fn suggestions_below_a_rejection_are_not_findings() {
        let message = "spec.a: wrong [a] (and 1 more)\nspec.b: wrong [b]\n\nspec.c: an example [c]";
        let findings = Finding::of_rejection("policy", message);
        let rules: Vec<_> = findings.iter().map(|it| it.rule.as_str()).collect();
        assert_eq!(rules, ["a", "b"]);
    }

    #[test]
    fn a_rejection_without_rules_is_one_finding_of_the_policy() {
        let message = "spec.a: wrong\nspec.b: wrong [b]";
        let finding = Finding::without_rule("policy", Severity::Error, message);
        assert_eq!(Finding::of_rejection("policy", message), [finding]);
    }
}
