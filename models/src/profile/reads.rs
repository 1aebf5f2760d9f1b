//! Which lines of a profile somebody has read.

use std::sync::atomic::{AtomicBool, Ordering};

/// A mark per line. Marks are no part of what a profile says: two profiles that differ in nothing
/// else are equal.
#[derive(Debug, Default)]
pub(super) struct Reads(Vec<AtomicBool>);

impl Reads {
    /// Adds a line that nobody has read.
    pub(super) fn push(&mut self) {
        self.0.push(AtomicBool::new(false));
    }

    /// Notes that line `at` was read.
    pub(super) fn mark(&self, at: usize) {
        self.0[at].store(true, Ordering::Relaxed);
    }

    /// Whether line `at` was read.
    pub(super) fn holds(&self, at: usize) -> bool {
        self.0[at].load(Ordering::Relaxed)
    }
}

impl Clone for Reads {
    fn clone(&self) -> Reads {
        let copy = |read: &AtomicBool| AtomicBool::new(read.load(Ordering::Relaxed));
        Reads(self.0.iter().map(copy).collect())
    }
}

impl PartialEq for Reads {
    fn eq(&self, _: &Reads) -> bool {
        true
    }
}
