//! Counts of passed, failed and skipped tests.

use std::fmt;
use std::ops::AddAssign;

/// The programs whose absence may skip a test in CI. CI does not have them; other hosts run the same cases.
const ALLOWED_SKIPS: [&str; 3] = ["kwctl", "policy-server", "cargo deny"];

/// The number of passed, failed and skipped tests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
}

impl Tally {
    /// Counts one test that passed or failed.
    pub(crate) fn one(passed: bool) -> Self {
        Self {
            passed: usize::from(passed),
            failed: usize::from(!passed),
            skipped: 0,
        }
    }

    /// Counts one skipped test. In CI it counts as failed unless the reason is one of [`ALLOWED_SKIPS`].
    pub(crate) fn skip(reason: &str, ci: bool) -> Self {
        let is_allowed = ALLOWED_SKIPS.iter().any(|allowed| reason.contains(allowed));
        let failed = ci && !is_allowed;
        Self {
            passed: 0,
            failed: usize::from(failed),
            skipped: usize::from(!failed),
        }
    }

    /// Counts the tests that a line of a test runner's output reports: the result line of a test binary, or
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
            let mut parts = result.split([';', '.']).map(str::trim);
            let number = parts.find_map(|part| part.strip_suffix(what)?.trim().parse().ok());
            number.unwrap_or(0)
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

    fn of_line(line: &str, ci: bool) -> String {
        Tally::of_line(line, ci).to_string()
    }

    #[test]
    fn the_result_line_of_a_test_binary_is_counted() {
        let line = "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; \
                    finished in 0.21s";
        assert_eq!(of_line(line, true), "12 passed, 0 failed, 1 skipped");
        let line = "test result: FAILED. 2 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out";
        assert_eq!(of_line(line, false), "2 passed, 3 failed, 0 skipped");
        for other in [
            "test a ... ok",
            "running 3 tests",
            "the test result: 3 passed;",
        ] {
            assert_eq!(Tally::of_line(other, true), Tally::default(), "{other}");
        }
    }

    #[test]
    fn in_ci_only_allowed_skips_are_not_failures() {
        let skipped = "0 passed, 0 failed, 1 skipped";
        assert_eq!(of_line("skipped: `kwctl` is not on PATH", true), skipped);
        assert_eq!(of_line("  skipped: no reason", false), skipped);
        let failed = "0 passed, 1 failed, 0 skipped";
        assert_eq!(of_line("  skipped: no reason", true), failed);
        assert_eq!(of_line("skipped: `go` is not on PATH", true), failed);
    }
}
