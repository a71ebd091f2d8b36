//! What the commands say while they work: one line each, on standard output, so that it stays in
//! order with the output of the programs they run.

use std::fmt::Display;
use std::time::{Duration, Instant};

/// Prints one line.
pub(crate) fn say(line: impl Display) {
    println!("{line}");
}

/// Announces a piece of work and, when it is done, says how long it took.
pub(crate) struct Step {
    started: Instant,
    name: String,
}

impl Step {
    /// Says `name …` and starts the clock.
    pub(crate) fn start(name: impl Into<String>) -> Self {
        let name = name.into();
        say(format_args!("{name} …"));
        Self {
            started: Instant::now(),
            name,
        }
    }

    /// Says how the work ended and how long it took, which is returned.
    pub(crate) fn end(self, how: &str) -> Duration {
        let took = self.started.elapsed();
        say(format_args!("{}: {how} ({})", self.name, seconds(took)));
        took
    }
}

/// A duration as people read it: `0.4 s`, `95 s`.
pub(crate) fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 10.0 {
        format!("{seconds:.1} s")
    } else {
        format!("{seconds:.0} s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_times_have_a_decimal() {
        assert_eq!(seconds(Duration::from_millis(420)), "0.4 s");
        assert_eq!(seconds(Duration::from_secs(95)), "95 s");
    }
}
