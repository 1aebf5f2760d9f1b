//! Branches that were never taken before, where the build counts them.
//!
//! `-C instrument-coverage` makes the compiler count how often each region of code runs. It is
//! stable, and its runtime tells where the counters are; `--cfg podpath_coverage` says that they
//! are there. Without it there are none, and nothing is ever new.

/// Which counters have ever been above zero, by how much in powers of two.
#[derive(Debug, Default)]
pub(crate) struct Coverage {
    seen: Vec<u8>,
}

#[cfg(not(podpath_coverage))]
impl Coverage {
    /// Whether the build counts.
    pub(crate) const COUNTS: bool = false;

    /// Forgets what was counted.
    pub(crate) fn begin(&mut self) {
        self.seen.clear();
    }

    /// Whether something ran that had not, or much more often than before.
    pub(crate) fn is_new(&mut self) -> bool {
        false
    }
}

#[cfg(podpath_coverage)]
impl Coverage {
    /// Whether the build counts.
    pub(crate) const COUNTS: bool = true;

    /// Forgets what was counted.
    pub(crate) fn begin(&mut self) {
        counters().fill(0);
        self.seen.resize(counters().len(), 0);
    }

    /// Whether something ran that had not, or much more often than before.
    pub(crate) fn is_new(&mut self) -> bool {
        let mut new = false;
        for (seen, &count) in self.seen.iter_mut().zip(counters().iter()) {
            if count > 0 {
                // One, two to three, four to seven, and so on.
                let bucket = 64 - count.leading_zeros() as u8;
                new |= bucket > *seen;
                *seen = bucket.max(*seen);
            }
        }
        new
    }
}

/// The counters of this process, which any thread may raise at any time.
#[cfg(podpath_coverage)]
#[allow(unsafe_code)]
fn counters() -> &'static mut [u64] {
    unsafe extern "C" {
        fn __llvm_profile_begin_counters() -> *mut u64;
        fn __llvm_profile_end_counters() -> *mut u64;
    }
    // SAFETY: the runtime gives the two ends of one array of aligned 64-bit counters that lives as
    // long as the process. Threads of the code under test are idle between inputs, which is when
    // this is called; a count that is lost all the same does no harm.
    unsafe {
        let (begin, end) = (__llvm_profile_begin_counters(), __llvm_profile_end_counters());
        std::slice::from_raw_parts_mut(begin, end.offset_from(begin) as usize)
    }
}
