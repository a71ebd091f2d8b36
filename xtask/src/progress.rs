//! Progress messages with durations.

use std::time::{Duration, Instant};

/// A timed step that is announced when it starts.
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

    /// Prints the result of the step and how long it took.
    pub(crate) fn end(self, result: &str) {
        println!(
            "{}: {result} ({})",
            self.name,
            seconds(self.started.elapsed())
        );
    }
}

/// Formats a duration as `0.4 s` or `95 s`.
pub(crate) fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    let decimals = usize::from(seconds < 10.0);
    format!("{seconds:.decimals$} s")
}
