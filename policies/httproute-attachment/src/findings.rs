//! What is wrong with an object, all of it at once.

use std::borrow::Cow;

use admission::Verdict;

use crate::rule::Rule;
use crate::settings::Settings;

/// Findings about one object, in the order in which they are made: the module looks at fields in the
/// order of their names, so nothing needs sorting.
pub(crate) struct Findings<'a> {
    settings: &'a Settings,
    lines: Vec<String>,
    /// What could not be looked at.
    unchecked: Vec<String>,
}

impl<'a> Findings<'a> {
    pub(crate) fn new(settings: &'a Settings) -> Self {
        Self {
            settings,
            lines: Vec::new(),
            unchecked: Vec::new(),
        }
    }

    /// The object is refused for what stands at `path`, unless the rule is off.
    pub(crate) fn refuse(&mut self, rule: Rule, path: &str, problem: &str) {
        if self.settings.is_on(rule) {
            self.lines.push(format!("{path}: {problem} [{rule}]"));
        }
    }

    /// A warning, once, that something was not checked: what, and why not.
    pub(crate) fn not_checked(&mut self, what: &str, why: &str) {
        let warning = format!("not checked: {what}: {why}");
        if !self.unchecked.contains(&warning) {
            self.unchecked.push(warning);
        }
    }

    /// Whether nothing is wrong so far.
    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// A line for each finding. What was not checked is of no interest where the object is refused.
    pub(crate) fn verdict(self) -> Verdict {
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

/// What people wrote, for a message: the start of it where it is long, so that the rest of the sentence
/// is seen too, and on one line, so that nobody writes findings of their own.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    const LONGEST: usize = 32;
    let cut = text.char_indices().nth(LONGEST);
    if cut.is_none() && !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let start = text.chars().take(LONGEST);
    let printable = start.map(|c| if c.is_control() { ' ' } else { c });
    let end = cut.map(|_| '…');
    Cow::Owned(printable.chain(end).collect())
}

/// `one`, `one, two` or `one, two and 3 more`, each name in backticks.
pub(crate) fn listed<'n>(names: impl ExactSizeIterator<Item = &'n str>) -> String {
    const MOST: usize = 2;
    let more = names.len().saturating_sub(MOST);
    let mut text = String::new();
    for name in names.take(MOST) {
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push('`');
        text.push_str(&shown(name));
        text.push('`');
    }
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}
