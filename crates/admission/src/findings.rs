//! Everything that is wrong with an object, reported at once.

use std::cmp::Ordering;

use crate::finding::{Finding, Severity};
use crate::rule::{NOT_CHECKED, Rule};
use crate::verdict::Verdict;

/// The number of errors after which checks stop. Nobody reads more, and computing the path of a field takes
/// longer the larger the object is, so an object full of errors could stall admission.
const MAX_ERRORS: usize = 100;

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
        Self {
            disabled: disabled.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Returns whether a rule is enabled.
    pub fn is_enabled(&self, rule: Rule) -> bool {
        !self.disabled.contains(&rule)
    }

    /// Adds an error, for which the object is rejected, unless the rule is disabled.
    pub fn reject(&mut self, rule: Rule, path: impl Into<String>, message: impl Into<String>) {
        if self.is_enabled(rule) && !self.is_full() {
            let finding = rule.finding(path, message).with_severity(Severity::Error);
            insert(&mut self.errors, finding);
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
        let message = format!("not checked: {what}: {why}");
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
        let at_least = if self.is_full() { "at least " } else { "" };
        let mut lines = self.errors.iter().map(Finding::to_string);
        let verdict = match lines.next() {
            None => Verdict::accept(),
            Some(mut message) => {
                if lines.len() > 0 {
                    message.push_str(&format!(" (and {at_least}{} more)", lines.len()));
                }
                for line in lines {
                    message.push('\n');
                    message.push_str(&line);
                }
                Verdict::reject_all(self.errors, message)
            }
        };
        self.warnings.into_iter().fold(verdict, Verdict::warn)
    }
}

/// Inserts a finding after those about the same field. Sorting once at the end would add 5 KB to a module.
fn insert(findings: &mut Vec<Finding>, finding: Finding) {
    let before = |other: &Finding| by_path(&other.path, &finding.path).is_le();
    findings.insert(findings.partition_point(before), finding);
}

/// Compares paths field by field, `[10]` after `[9]`. The empty path comes last.
fn by_path(a: &str, b: &str) -> Ordering {
    let last = a.is_empty().cmp(&b.is_empty());
    last.then_with(|| steps(a).cmp(steps(b)))
}

/// Splits a path: `data[2].sourceRef` → `data`, 2, `sourceRef`.
fn steps(path: &str) -> impl Iterator<Item = (usize, &str)> {
    path.split(['.', '[', ']'])
        .filter(|step| !step.is_empty())
        .map(|step| match step.parse() {
            Ok(index) => (index, ""),
            Err(_) => (0, step),
        })
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
