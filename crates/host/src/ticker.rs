use std::io;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use wasmtime::Engine;

/// How often the engine looks whether a module has run out of time; limits are accurate to about
/// this.
const TICK: Duration = Duration::from_millis(10);

/// The thread that advances the engine's epoch, alive as long as this value is.
pub(crate) struct Ticker {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    pub(crate) fn start(engine: Engine) -> io::Result<Self> {
        let (stop, stopped) = channel::<()>();
        let thread = Builder::new().name("epoch".to_owned()).spawn(move || {
            while stopped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                engine.increment_epoch();
            }
        })?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The number of ticks after which at least `limit` has passed.
    pub(crate) fn ticks(limit: Duration) -> u64 {
        // The tick under way when the call starts may be almost over.
        let whole = limit.as_nanos().div_ceil(TICK.as_nanos()) + 1;
        u64::try_from(whole).unwrap_or(u64::MAX / 2)
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        // Hanging up wakes the thread at once, so joining does not wait for a tick.
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // The thread has nothing to say, and a panic in it has been reported already.
            let _ = thread.join();
        }
    }
}
