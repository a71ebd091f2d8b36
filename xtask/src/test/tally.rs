//! Counts what ran, over test runners and steps.

use std::fmt;
use std::ops::AddAssign;

/// Why a test may be skipped under CI: programs that CI's machines do not have, and whose absence
/// another host of the same cases makes up for.
const ALLOWED_SKIPS: [&str; 5] = [
    "kwctl",
    "policy-server",
    "cargo-deny",
    // Where the suite is pointed at a cluster of others.
    "the cluster is not the suite's own",
    "the cluster has no default storage class",
];

/// How many passed, failed and were skipped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
}

impl Tally {
    /// One test that passed or failed.
    pub(crate) fn one(passed: bool) -> Self {
        Self {
            passed: usize::from(passed),
            failed: usize::from(!passed),
            skipped: 0,
        }
    }

    /// One test that was skipped for a reason, which under CI has to be one that is known.
    pub(crate) fn skip(reason: &str, ci: bool) -> Self {
        let known = ALLOWED_SKIPS.iter().any(|allowed| reason.contains(allowed));
        let failed = ci && !known;
        Self {
            passed: 0,
            failed: usize::from(failed),
            skipped: usize::from(!failed),
        }
    }

    /// What a line of a test runner's output counts: the result line of a test binary, or
    /// `skipped: reason`.
    pub(crate) fn of_line(line: &str, ci: bool) -> Self {
        let line = line.trim();
        if let Some(reason) = line.strip_prefix("skipped: ") {
            return Self::skip(reason, ci);
        }
        let Some(result) = line.strip_prefix("test result: ") else {
            return Self::default();
        };
        let count = |what: &str| {
            let counted = result
                .split([';', '.'])
                .find_map(|part| part.trim().strip_suffix(what));
            counted
                .and_then(|number| number.trim().parse().ok())
                .unwrap_or(0)
        };
        Self {
            passed: count(" passed"),
            failed: count(" failed"),
            skipped: count(" ignored"),
        }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            passed,
            failed,
            skipped,
        } = self;
        write!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(passed: usize, failed: usize, skipped: usize) -> Tally {
        Tally {
            passed,
            failed,
            skipped,
        }
    }

    #[test]
    fn reads_the_result_line_of_a_test_binary() {
        let line = "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; \
                    finished in 0.21s";
        assert_eq!(Tally::of_line(line, true), tally(12, 0, 1));
        let line = "test result: FAILED. 2 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out";
        assert_eq!(Tally::of_line(line, false), tally(2, 3, 0));
    }

    #[test]
    fn other_lines_count_nothing() {
        for line in [
            "",
            "test a ... ok",
            "running 3 tests",
            "the test result: 3 passed;",
        ] {
            assert_eq!(Tally::of_line(line, true), Tally::default(), "{line}");
        }
    }

    #[test]
    fn under_ci_only_known_skips_are_not_failures() {
        let known = "skipped: `kwctl` is not on PATH";
        let unknown = "  skipped: no reason";
        // Go builds it.
        let builds = "skipped: actionlint is not on PATH, and `go install` does not bring it";
        assert_eq!(Tally::of_line(builds, true), tally(0, 1, 0));
        assert_eq!(Tally::of_line(known, true), tally(0, 0, 1));
        assert_eq!(Tally::of_line(unknown, false), tally(0, 0, 1));
        assert_eq!(Tally::of_line(unknown, true), tally(0, 1, 0));
    }

    #[test]
    fn the_closing_line_has_the_form_that_others_read() {
        let mut sum = tally(1, 0, 2);
        sum += Tally::one(true);
        sum += Tally::one(false);
        assert_eq!(sum.to_string(), "2 passed, 1 failed, 2 skipped");
    }
}
