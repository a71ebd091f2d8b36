//! The end of what other threads go on beside.

use std::sync::atomic::{AtomicBool, Ordering};

/// Tells threads that ask a flag that it is time to end, when this is dropped: by a panic, too, which
/// would wait for the threads of its scope for ever.
pub(crate) struct Ending<'a>(pub(crate) &'a AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
