//! Everything that is wrong with an object, reported at once.

use std::cmp::Ordering;

use crate::finding::Finding;
use crate::json::Node;
use crate::path;
use crate::rule::{NOT_CHECKED, Rule};
use crate::verdict::{MAX_ERRORS, Verdict};

/// The findings about one object, ordered by path.
#[derive(Debug, Default)]
pub struct Findings {
    disabled: Vec<Rule>,
    errors: Vec<Finding>,
    warnings: Vec<Finding>,
}

impl Findings {
    /// Creates an empty list to which `disabled` rules add nothing.
    pub fn without(disabled: impl IntoIterator<Item = Rule>) -> Self {
        let mut findings = Self::default();
        for rule in disabled {
            findings.disabled.push(rule);
        }
        findings
    }

    /// Returns whether a rule is enabled.
    pub fn is_enabled(&self, rule: Rule) -> bool {
        !self.disabled.contains(&rule)
    }

    /// Adds an error, for which the object is rejected, unless the rule is disabled.
    pub fn reject(&mut self, rule: Rule, path: impl Into<String>, message: impl Into<String>) {
        if self.is_enabled(rule) && !self.is_full() {
            insert(&mut self.errors, rule.finding(path, message));
        }
    }

    /// Adds an error about the member `field` of `node`, or about `node` itself if `field` is empty, like
    /// [`Findings::reject`]. Computes the path only if the error is kept.
    pub fn reject_field(
        &mut self,
        rule: Rule,
        node: Node<'_>,
        field: &str,
        message: impl Into<String>,
    ) {
        if self.is_enabled(rule) && !self.is_full() {
            let path = match field {
                "" => node.path(),
                field => path::child(&node.path(), field),
            };
            self.reject(rule, path, message);
        }
    }

    /// Adds a warning, unless the rule is disabled.
    pub fn warn(&mut self, rule: Rule, path: impl Into<String>, message: impl Into<String>) {
        if self.is_enabled(rule) {
            insert(&mut self.warnings, rule.finding(path, message));
        }
    }

    /// Warns, once, that something was not checked.
    pub fn not_checked(&mut self, what: &str, why: &str) {
        let message = format!("not checked: {what} ({why})");
        if self.warnings.iter().all(|it| it.message != message) {
            self.warn(NOT_CHECKED, "", message);
        }
    }

    /// Returns whether nothing is wrong so far.
    pub fn has_no_errors(&self) -> bool {
        self.errors.is_empty()
    }

    /// Returns whether there are so many errors that checks can stop.
    pub fn is_full(&self) -> bool {
        self.errors.len() >= MAX_ERRORS
    }

    /// Returns a rejection with a line for each error, or an acceptance; with the warnings either way.
    pub fn verdict(self) -> Verdict {
        let mut verdict = match self.errors.is_empty() {
            true => Verdict::accept(),
            false => Verdict::reject_with(self.errors, ""),
        };
        for warning in self.warnings {
            verdict = verdict.warn(warning);
        }
        verdict
    }
}

/// Inserts a finding after those about the same field. Sorting once at the end would add 5 KB to a module.
fn insert(findings: &mut Vec<Finding>, finding: Finding) {
    let before = |other: &Finding| by_path(&other.path, &finding.path).is_le();
    findings.insert(findings.partition_point(before), finding);
}

/// Compares paths field by field, `[10]` after `[9]`. The empty path comes last.
fn by_path(a: &str, b: &str) -> Ordering {
    let mut order = a.is_empty().cmp(&b.is_empty());
    let (mut a, mut b) = (Steps(a), Steps(b));
    while order.is_eq() {
        match (a.next(), b.next()) {
            (None, None) => break,
            (step, other) => order = step.cmp(&other),
        }
    }
    order
}

/// The steps of a path: `data[2].sourceRef` → `data`, 2, `sourceRef`. Iterators of the standard library would
/// add 1 KB to a module.
struct Steps<'a>(&'a str);

impl<'a> Steps<'a> {
    fn next(&mut self) -> Option<(usize, &'a str)> {
        loop {
            let is_separator = |byte: &u8| matches!(byte, b'.' | b'[' | b']');
            let end = self.0.as_bytes().iter().position(is_separator);
            let (step, rest) = match end {
                Some(end) => (self.0.get(..end)?, self.0.get(end + 1..)?),
                None => (self.0, ""),
            };
            self.0 = rest;
            match step.parse() {
                Ok(index) => return Some((index, "")),
                Err(_) if !step.is_empty() => return Some((0, step)),
                Err(_) if end.is_none() => return None,
                Err(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_sort_by_field_and_index() {
        let sorted = [
            "spec",
            "spec.data[2].remoteRef.key",
            "spec.data[10]",
            "spec.dataFrom[0]",
            "spec.secretStoreRef",
            "",
        ];
        let mut paths = sorted;
        paths.reverse();
        paths.sort_by(|a, b| by_path(a, b));
        assert_eq!(paths, sorted);
    }
}
