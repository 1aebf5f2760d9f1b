//! What one input may take: processor time and memory of the process, watched from outside of it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nix::sys::resource::{Resource, UsageWho, getrusage, setrlimit};

/// The address space of a worker \[B\]: what asks for more is ended by the allocator.
const MEMORY_MAX: u64 = 6 << 30;
/// The exit code of a worker that was ended for its time.
pub(crate) const TOO_LONG: i32 = 3;
/// An input that takes no processor time may take so many times its limit in wall time: it waits
/// for something that never comes.
const WAITING: u32 = 10;
/// How often time is looked at.
const TICK: Duration = Duration::from_millis(100);

/// When the present input began \[us of processor time, plus one\]; zero between inputs.
static BEGUN: AtomicU64 = AtomicU64::new(0);
/// How many inputs have begun.
static COUNT: AtomicU64 = AtomicU64::new(0);

/// Bounds the memory of this process.
pub(crate) fn bound_memory() {
    // Where it cannot be set, a machine's own memory is the bound.
    let _ = setrlimit(Resource::RLIMIT_AS, MEMORY_MAX, MEMORY_MAX);
}

/// Ends the process with [`TOO_LONG`] when an input takes more than `limit` of processor time.
pub(crate) fn watch(limit: Duration) {
    std::thread::spawn(move || {
        let mut seen = (0, Instant::now());
        loop {
            std::thread::sleep(TICK);
            let count = COUNT.load(Ordering::SeqCst);
            if count != seen.0 {
                seen = (count, Instant::now());
            }
            let begun = BEGUN.load(Ordering::SeqCst);
            if begun == 0 {
                seen.1 = Instant::now();
                continue;
            }
            let spent = Duration::from_micros((processor_us() + 1).saturating_sub(begun));
            if spent > limit || seen.1.elapsed() > limit * WAITING {
                std::process::exit(TOO_LONG);
            }
        }
    });
}

/// Runs one input under the watch.
pub(crate) fn watched<T>(run: impl FnOnce() -> T) -> T {
    COUNT.fetch_add(1, Ordering::SeqCst);
    BEGUN.store(processor_us() + 1, Ordering::SeqCst);
    let outcome = run();
    BEGUN.store(0, Ordering::SeqCst);
    outcome
}

/// Processor time of all threads of this process \[us\].
fn processor_us() -> u64 {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("a process may ask for its own");
    let micros =
        |time: nix::sys::time::TimeVal| time.tv_sec() as u64 * 1_000_000 + time.tv_usec() as u64;
    micros(usage.user_time()) + micros(usage.system_time())
}
