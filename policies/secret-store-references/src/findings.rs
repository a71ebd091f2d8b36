//! What is wrong with an object, all of it at once.

use std::cmp::Ordering;

use admission::Verdict;

/// More reasons to refuse an object than anybody reads. To tell the place of one takes longer the larger
/// the object is, so an object full of them could hold up admission.
const ENOUGH: usize = 100;

/// Findings about one object, gathered in any order and kept by path.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    refused: Vec<Finding>,
    noted: Vec<Finding>,
}

#[derive(Debug)]
struct Finding {
    /// Where it is; empty for what is said of no place.
    path: String,
    text: String,
}

impl Findings {
    /// The object is refused for what stands at `path`.
    pub(crate) fn refuse(&mut self, path: String, text: impl Into<String>) {
        let text = text.into();
        insert(&mut self.refused, Finding { path, text });
    }

    /// Whether there are enough reasons to refuse the object.
    pub(crate) fn are_enough(&self) -> bool {
        self.refused.len() >= ENOUGH
    }

    /// A warning about what stands at `path`.
    pub(crate) fn note(&mut self, path: String, text: impl Into<String>) {
        let text = text.into();
        insert(&mut self.noted, Finding { path, text });
    }

    /// Everything, ordered by path: a line for each reason to refuse, and the warnings.
    pub(crate) fn verdict(self) -> Verdict {
        let mut lines = self.refused.iter().map(Finding::line);
        let verdict = match lines.next() {
            None => Verdict::accept(),
            Some(mut message) => {
                let least = if self.are_enough() { "at least " } else { "" };
                match self.refused.len() {
                    1 => {}
                    more => message.push_str(&format!(" (and {least}{} more)", more - 1)),
                }
                for line in lines {
                    message.push('\n');
                    message.push_str(&line);
                }
                Verdict::reject(message)
            }
        };
        let notes = self.noted.iter().map(Finding::line);
        notes.fold(verdict, |verdict, note| verdict.warn(note))
    }
}

impl Finding {
    /// One line, whatever an object quotes: a key that brought lines of its own could pass for findings.
    fn line(&self) -> String {
        let line = match self.path.as_str() {
            "" => self.text.clone(),
            path => format!("{path}: {}", self.text),
        };
        line.replace(char::is_control, " ")
    }
}

/// Adds a finding after those of its place. A sort would cost 5 KB.
fn insert(findings: &mut Vec<Finding>, finding: Finding) {
    let before = |other: &Finding| by_path(&other.path, &finding.path).is_le();
    findings.insert(findings.partition_point(before), finding);
}

/// The order of places: field by field, and `[10]` after `[9]`. What is said of no place comes last.
fn by_path(a: &str, b: &str) -> Ordering {
    let last = a.is_empty().cmp(&b.is_empty());
    last.then_with(|| steps(a).cmp(steps(b)))
}

/// `data[2].sourceRef` → `data`, 2, `sourceRef`.
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
    fn places_are_in_the_order_of_the_object() {
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
