//! Compares an outcome with a case.

use serde_json::Value;

use crate::case::{Case, Expected};
use crate::outcome::Outcome;

/// The outcome that a case expects.
#[derive(Debug, Clone, Copy)]
pub struct Expectation<'a>(pub &'a Case);

impl Expectation<'_> {
    /// Returns the differences between `outcome` and the expected one; empty if they match.
    pub fn mismatches(self, outcome: &Outcome) -> Vec<String> {
        let case = self.0;
        let mut mismatches = Vec::new();
        let mut compare = |what: &str,
                           expected: &dyn std::fmt::Debug,
                           found: &dyn std::fmt::Debug,
                           same: bool| {
            if !same {
                mismatches.push(format!(
                    "{what}:\n    expected {expected:?}\n    found    {found:?}"
                ));
            }
        };
        let (accepted, message, mutated, warnings, audit_annotations) = match outcome {
            Outcome::Settings(message) => {
                let invalid = case.expect == Expected::InvalidSettings;
                let expected = case.message.as_ref().filter(|_| invalid);
                compare("settings", &expected, message, expected == message.as_ref());
                return mismatches;
            }
            Outcome::Verdict {
                accepted,
                message,
                mutated,
                warnings,
                audit_annotations,
            } => (accepted, message, mutated, warnings, audit_annotations),
        };
        let found = match (accepted, mutated) {
            (false, _) => Expected::Rejected,
            (true, Some(_)) => Expected::Mutated,
            (true, None) => Expected::Accepted,
        };
        compare("verdict", &case.expect, &found, case.expect == found);
        compare("message", &case.message, message, case.message == *message);
        let expected = case.warnings.clone().unwrap_or_else(|| {
            let first_line = case.message.as_deref().and_then(|text| text.lines().next());
            first_line.into_iter().map(str::to_owned).collect()
        });
        compare("warnings", &expected, warnings, expected == *warnings);
        if let Some(expected) = &case.audit_annotations {
            compare(
                "audit annotations",
                expected,
                audit_annotations,
                expected == audit_annotations,
            );
        }
        let after = mutated
            .as_ref()
            .or(case.object.as_ref())
            .unwrap_or(&Value::Null);
        if let Some(patched) = &case.patched {
            compare("patched object", patched, after, patched == after);
        }
        for (path, expected) in &case.assertions {
            let found = jsonpath_lib::select(after, path);
            let same = found
                .as_ref()
                .is_ok_and(|found| found.as_slice() == [expected]);
            compare(path, expected, &found, same);
        }
        mismatches
    }
}
