//! The memory levels: what a working set finds in L1, in L2 and in device memory.
//!
//! ```text
//! miss(x) = 0                        x ≤ 1        x = working set ÷ capacity
//!         = 1 − exp(−(x − 1) / w)    x > 1        chains in random order:   w = 0.11
//!         = 1 − exp(−((x − 1) / w)²)              sweeps in address order:  w = 0.42
//! ```
//!
//! A cache that evicts the oldest line loses a cyclic sequence as soon as it does not fit; hashed
//! sets overflow one by one, and so the loss takes shape over the next tenths of its capacity. The
//! two shapes are read from published curves (`gpu_pointer_chase_latency.csv` of a V100 and an
//! A100; `gpu_small_kernels.csv` of an A40), and describe caches of this kind, not one GPU.
//!
//! **Partitions.** From GA100 on a large L2 has two parts, and an SM reaches the farther through
//! the nearer: half of the capacity answers in `l2_latency`, the rest 212 cycles later (213 on
//! the A100, 210 on the H100). A sweep by all SMs leaves copies in both; 70 % of it is usable.

use super::machine::Machine;

/// Width of the loss of a chain in random order. How far this and the next are off on another GPU
/// is part of the error of the model (`cache` in `profiles/model/errors.csv`).
const CHAIN_WIDTH: f64 = 0.11;
/// Width of the loss of a sweep.
const SWEEP_WIDTH: f64 = 0.42;
/// Cycles between the partitions of an L2 cache: 213 on the A100, 210 on the H100.
const FAR_CYCLES: f64 = 212.0;
/// The part of a partitioned L2 that a sweep by all SMs can use.
const SHARED_PART: f64 = 0.7;
/// L1 caches lose a few lines to the system and to code [part of the capacity].
const L1_PART: f64 = 0.97;

/// The part of a chain's loads that a cache of `capacity` misses.
fn chain_miss(working_set: f64, capacity: f64) -> f64 {
    let beyond = working_set / capacity - 1.0;
    if beyond > 0.0 { 1.0 - libm::exp(-beyond / CHAIN_WIDTH) } else { 0.0 }
}

/// The part of a sweep's bytes that a cache of `capacity` misses.
fn sweep_miss(working_set: f64, capacity: f64) -> f64 {
    let beyond = working_set / capacity - 1.0;
    if beyond > 0.0 { 1.0 - libm::exp(-(beyond / SWEEP_WIDTH).powi(2)) } else { 0.0 }
}

/// Latency of one load of a chain of dependent loads over `working_set` bytes in seconds.
pub fn chain_latency(machine: &Machine, working_set: f64) -> f64 {
    let l1 = chain_miss(working_set, machine.l1_capacity * L1_PART);
    let partitions = f64::from(machine.capability.l2_partitions);
    let near = match machine.capability.l2_partitions {
        1 => 0.0,
        _ => chain_miss(working_set, machine.l2_capacity / partitions),
    };
    let memory = chain_miss(working_set, machine.l2_capacity);
    let far = machine.l2_latency + FAR_CYCLES / machine.clock_hz * near;
    let beyond = far + (machine.dram_latency - far) * memory;
    machine.l1_latency + (beyond - machine.l1_latency) * l1
}

/// The part of a kernel's bytes that L2 holds, for a footprint swept over and over; 0 if it is
/// not reused.
pub fn l2_hits(machine: &Machine, footprint: f64) -> f64 {
    if footprint <= 0.0 {
        return 0.0;
    }
    let usable = match machine.capability.l2_partitions {
        1 => machine.l2_capacity,
        _ => machine.l2_capacity * SHARED_PART,
    };
    1.0 - sweep_miss(footprint, usable)
}

/// The most that an even mix may lose: memory that stood still would end no kernel.
pub(super) const TURNAROUND_MAX: f64 = 0.9;

/// What device memory moves of a mix of which `written` (0 to 1) is writes [B/s].
///
/// A bus that turns between reading and writing loses `dram_turnaround` at an even mix, and
/// nothing at either end.
pub fn memory_rate(machine: &Machine, written: f64) -> f64 {
    let turns = 4.0 * written * (1.0 - written);
    // A fit tries more than any profile may say.
    let kept = 1.0 - machine.dram_turnaround.min(TURNAROUND_MAX) * turns;
    machine.memory_peak * machine.dram_efficiency * kept
}

/// Read bandwidth of a set of `each` bytes that every SM sweeps for itself [B/s].
pub fn private_sweep(machine: &Machine, each: f64) -> f64 {
    let l1 = 1.0 - sweep_miss(each, machine.l1_capacity * L1_PART);
    let l2 = l2_hits(machine, each);
    let cycles = machine.clock_hz * f64::from(machine.sms);
    let first = f64::from(machine.capability.cache_bytes_per_cycle) * L1_ISSUE * cycles;
    // All SMs want the same bytes: what one fetches, L2 has for the others.
    let beyond = l2 / machine.l2_bandwidth + (1.0 - l2) / shared_fetch(machine);
    1.0 / (l1 / first + (1.0 - l1) * beyond)
}

/// The part of its cycles in which an L1 delivers: 126 of 128 bytes on every published GPU.
const L1_ISSUE: f64 = 0.985;

/// What all SMs get of lines that a divided L2 misses and all of them want, over what memory reads:
/// 1.5 on the A100 and 1.9 on the H100, between which others are taken to lie.
const SHARED_FETCH: f64 = 1.7;

/// What all SMs get of lines that L2 misses and all of them want [B/s].
///
/// One fetch serves every SM, so an undivided L2 delivers as fast as ever; a divided one fetches
/// into both parts.
fn shared_fetch(machine: &Machine) -> f64 {
    match machine.capability.l2_partitions {
        1 => machine.l2_bandwidth,
        _ => (SHARED_FETCH * memory_rate(machine, 0.0)).min(machine.l2_bandwidth),
    }
}

/// Read bandwidth of a set of `all` bytes that all SMs sweep together [B/s].
pub fn shared_sweep(machine: &Machine, all: f64) -> f64 {
    let hits = l2_hits(machine, all);
    1.0 / (hits / machine.l2_bandwidth + (1.0 - hits) / memory_rate(machine, 0.0))
}
