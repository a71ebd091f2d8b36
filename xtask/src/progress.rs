//! How long the work took.

use std::time::{Duration, Instant};

/// A piece of work that is announced, and timed.
pub(crate) struct Step {
    started: Instant,
    name: String,
}

impl Step {
    /// Prints `name …` and starts the clock.
    pub(crate) fn start(name: impl Into<String>) -> Self {
        let name = name.into();
        println!("{name} …");
        Self {
            started: Instant::now(),
            name,
        }
    }

    /// Prints how the work ended and how long it took.
    pub(crate) fn end(self, how: &str) {
        println!("{}: {how} ({})", self.name, seconds(self.started.elapsed()));
    }
}

/// A duration for people: `0.4 s`, `95 s`.
pub(crate) fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    let decimals = usize::from(seconds < 10.0);
    format!("{seconds:.decimals$} s")
}
