//! What one thread does: the instructions and accesses that a kernel's speed follows from.

use super::access::Access;

/// The work of one thread of a kernel.
///
/// Loads are independent of each other and wait together; what is computed waits for them, and
/// stores come last. A kernel that repeats this in a loop says so by `rounds`.
#[derive(Clone, Debug, PartialEq)]
pub struct Work {
    /// Loads from global memory, in one round.
    pub loads: Vec<Access>,
    /// Stores to global memory, after the last round.
    pub stores: Vec<Access>,
    /// How often all of these are made, one after the other.
    pub stored: u64,
    /// Single-precision and integer instructions, in one round.
    pub single: f64,
    /// Double-precision instructions, in one round.
    pub double: f64,
    /// Accesses of shared memory, in one round.
    pub shared: Vec<Access>,
    /// Barriers of the block, in one round.
    pub barriers: u32,
    /// Atomics, in one round.
    pub atomics: Option<Atomics>,
    /// Registers that did not fit: bytes per thread that go to local memory and come back.
    pub spilled: u32,
    /// Dependent rounds, at least one.
    pub rounds: u32,
    /// The part of a warp's lanes that is active, above 0 to 1: a warp whose threads go two ways
    /// goes both, one after the other, and half of its lanes idle.
    pub active: f64,
    /// Standard deviation ÷ mean of what blocks have to do.
    pub variation: f64,
    /// What the kernel touches over and over in bytes: decides what caches hold. 0 is no reuse.
    pub footprint: f64,
}

/// Atomic additions to global memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Atomics {
    /// How many a thread makes in one round.
    pub per_thread: f64,
    /// The words that all threads together add to, each time another as if drawn; `None` if each
    /// thread has its own.
    pub words: Option<f64>,
}

impl Work {
    /// No work at all: a null kernel.
    pub const fn none() -> Work {
        Work {
            loads: Vec::new(),
            stores: Vec::new(),
            stored: 1,
            single: 0.0,
            double: 0.0,
            shared: Vec::new(),
            barriers: 0,
            atomics: None,
            spilled: 0,
            rounds: 1,
            active: 1.0,
            variation: 0.0,
            footprint: 0.0,
        }
    }

    /// Loads and stores of consecutive `width`-byte elements, one of each stream per thread.
    pub fn streams(loads: usize, stores: usize, width: u32) -> Work {
        Work {
            loads: vec![Access::coalesced(width); loads],
            stores: vec![Access::coalesced(width); stores],
            ..Work::none()
        }
    }

    /// Bytes that travel for the loads that no neighbour has asked for, of a warp with so many
    /// threads, where they travel in granules of so many.
    pub fn bytes_loaded(&self, threads: f64, granule: f64) -> f64 {
        let fresh = self.loads.iter().filter(|access| access.fresh);
        let bytes: f64 = fresh.map(|access| access.warp_bytes(threads, granule)).sum();
        bytes * f64::from(self.rounds)
    }

    /// Bytes that travel for a warp's stores; likewise.
    pub fn bytes_stored(&self, threads: f64, granule: f64) -> f64 {
        let stores = self.stores.iter();
        let bytes: f64 = stores.map(|access| access.warp_bytes(threads, granule)).sum();
        bytes * self.stored as f64
    }

    /// Loads and stores of global memory, and accesses of shared memory, of a thread in one round
    /// in the mean: stores come once, after all rounds.
    pub fn accesses(&self) -> f64 {
        let stores = self.stores.len() as f64 * self.stored as f64;
        (self.loads.len() + self.shared.len()) as f64 + stores / f64::from(self.rounds)
    }
}
