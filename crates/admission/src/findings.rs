//! What is wrong with an object, all of it at once.

use std::fmt::Display;

use crate::verdict::Verdict;

/// The findings about one object, in the order in which they are made. A policy that visits fields in the
/// order of their names has nothing to sort.
#[derive(Debug)]
pub struct Findings<'a, R> {
    disabled: &'a [R],
    lines: Vec<String>,
    unchecked: Vec<String>,
}

impl<'a, R: Copy + PartialEq + Display> Findings<'a, R> {
    /// No findings yet; the rules in `disabled` never make one.
    pub fn new(disabled: &'a [R]) -> Self {
        Self {
            disabled,
            lines: Vec::new(),
            unchecked: Vec::new(),
        }
    }

    /// Whether a rule is enforced.
    pub fn is_on(&self, rule: R) -> bool {
        !self.disabled.contains(&rule)
    }

    /// Rejects the object for the field at `path`, unless the rule is off.
    pub fn reject(&mut self, rule: R, path: &str, problem: &str) {
        if self.is_on(rule) {
            self.lines.push(format!("{path}: {problem} [{rule}]"));
        }
    }

    /// Warns, once, that something was not checked.
    pub fn not_checked(&mut self, what: &str, why: &str) {
        let warning = format!("not checked: {what}: {why}");
        if !self.unchecked.contains(&warning) {
            self.unchecked.push(warning);
        }
    }

    /// Whether nothing is wrong so far.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Returns a rejection with a line for each finding, or an acceptance with the warnings about what was
    /// not checked.
    pub fn verdict(self) -> Verdict {
        let mut lines = self.lines.iter();
        let Some(first) = lines.next() else {
            let warnings = self.unchecked.into_iter();
            return warnings.fold(Verdict::accept(), Verdict::warn);
        };
        let mut message = first.clone();
        if lines.len() > 0 {
            message.push_str(&format!(" (and {} more)", lines.len()));
        }
        for line in lines {
            message.push('\n');
            message.push_str(line);
        }
        Verdict::reject(message)
    }
}
