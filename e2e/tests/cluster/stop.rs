//! A flag that stops background threads.

use std::sync::atomic::{AtomicBool, Ordering};

/// Sets a flag when dropped, even by a panic. Otherwise, the scope would wait for its threads forever.
pub(crate) struct StopOnDrop<'a>(pub(crate) &'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
