//! What one block costs: its time alone, and what it takes of the things all blocks share.
//!
//! ```text
//! alone  = turnover                            a slot changes hands
//!        + latency + further loads             waiting for the first byte
//!        + own bytes ÷ ports                   taking in and giving away the rest
//!        + own instructions on the SM's lanes
//! ```
//!
//! By Little's law a device with N resident blocks then finishes N ÷ alone blocks per second, until
//! a shared resource is full: bytes ÷ bandwidth, instructions ÷ lanes. What happens between is
//! queueing, and one exponent describes it:
//!
//! ```text
//! cycle = (alone^q + memory^q + lanes^q)^(1/q)       loads: somebody waits
//!       = max(alone, memory, lanes)                  stores alone: nobody waits
//! ```
//!
//! q → ∞ would be servers without variance. That latency bounds throughput while few warps are
//! resident, and bandwidth when many are, is the MWP–CWP argument of S. Hong and H. Kim, *An
//! analytical model for a GPU architecture*, ISCA 2009, <https://doi.org/10.1145/1555754.1555775>;
//! here with blocks that come and go, which MWP–CWP leaves out and short blocks are ruled by.
//!
//! Such a cycle is how long a slot is taken. The last blocks of a grid are not done when their
//! slots could have been filled again: what they asked for stands in line at the memory, and the
//! last byte still needs its latency. So a grid ends with a **burst**, latency and lines one after
//! the other. Without it the small kernels of the A40 come out fast by a tenth.

use std::f64::consts::PI;

use super::atomics::together;
use super::capability::WARP;
use super::launch::Launch;
use super::machine::Machine;
use super::memory::l2_hits;
use super::work::Work;

/// A further load of other data is ready so many seconds after the first: the later of two
/// latencies that vary, on the five published GPUs 30 to 60 ns (streams with one and with two
/// loads).
const FURTHER_STREAM: f64 = 40e-9;
/// A further load that a neighbour has brought, in seconds across a sector's edge: 15 to 35 ns.
const FURTHER_NEIGHBOUR: f64 = 20e-9;
/// Warp instructions that an SM issues per cycle: one per scheduler.
const ISSUES: f64 = 4.0;
/// Euler's constant.
const EULER: f64 = 0.577_215_664_901_532_9;

/// The costs of one block of a kernel on a machine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BlockCost {
    /// Time of the phases that nobody shares in seconds.
    pub fixed: f64,
    /// The part of it that passes once, however many rounds there are, in seconds.
    pub turnover: f64,
    /// Time in which a block's own bytes come in, beyond latency in seconds.
    pub loading: f64,
    /// Time in which a block's own bytes go out in seconds, where it waits for that.
    pub storing: f64,
    /// Time of one block on the SM's busiest lanes in seconds.
    pub lanes: f64,
    /// Time of one block at L2 and device memory, if it had them to itself in seconds.
    pub memory: f64,
    /// Time of one block at the unit for atomics of all SMs together in seconds.
    pub atomics: f64,
    /// How sharply latency gives way to bandwidth; infinite where nobody waits for memory.
    pub queueing: f64,
    /// Standard deviation ÷ mean of a block's work.
    pub variation: f64,
    /// Warps of a block.
    pub warps: f64,
    /// Dependent rounds of its work, in each of which it waits and stands in line again.
    pub rounds: f64,
}

/// What the blocks on a device ask together of the things they share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Company {
    /// Blocks.
    pub blocks: f64,
    /// Their time at L2 and device memory in seconds.
    pub memory: f64,
    /// Their time at the unit for atomics in seconds.
    pub atomics: f64,
    /// Time of the lanes of the fullest SM in seconds.
    pub lanes: f64,
}

impl BlockCost {
    /// The costs of a block of `launch`.
    pub fn of(machine: &Machine, launch: &Launch, work: &Work) -> BlockCost {
        let warps = f64::from(launch.warps());
        let hits = l2_hits(machine, work.footprint);
        let granule = machine.access_granule;
        let threads = f64::from(launch.threads()) / warps;
        let loaded = work.bytes_loaded(threads, granule) * warps;
        let stored = work.bytes_stored(threads, granule) * warps;
        let spilled = f64::from(work.spilled) * f64::from(WARP) * warps;
        // Stores are posted: where nothing is loaded, nobody waits behind them.
        let behind = if work.loads.is_empty() { 0.0 } else { stored };
        let loading = (loaded + spilled) / machine.load_port;
        let storing = (behind * hits + spilled) / machine.load_port
            + behind * (1.0 - hits) / machine.store_port;
        BlockCost {
            fixed: machine.block_turnover + waits(machine, launch, work, hits),
            turnover: machine.block_turnover,
            loading,
            storing,
            lanes: lanes(machine, work) * warps,
            memory: memory(machine, loaded, stored, hits) + 2.0 * spilled / machine.l2_bandwidth,
            atomics: atomics(machine, work) * warps,
            queueing: if work.loads.is_empty() { f64::INFINITY } else { machine.queueing },
            variation: work.variation,
            warps,
            rounds: f64::from(work.rounds),
        }
    }

    /// The time of a block that never has to stand in line in seconds.
    ///
    /// In all rounds of its work but the last, some of its warps compute while others wait.
    pub fn alone(&self) -> f64 {
        let waits = self.fixed - self.turnover + self.loading + self.storing;
        let together = (waits + self.lanes / self.warps).max(self.lanes);
        let rounds = together * (1.0 - 1.0 / self.rounds) + (waits + self.lanes) / self.rounds;
        self.turnover + rounds
    }

    /// The time for which a block takes its slot, while it has this company in seconds.
    pub fn cycle(&self, machine: &Machine, company: &Company) -> f64 {
        let full = [company.memory, company.lanes, company.atomics];
        self.join(self.alone(), full).max(company.blocks / machine.block_rate())
    }

    /// The time from the first start to the last end of a company that begins together, if the
    /// last is such a block in seconds.
    ///
    /// Warps leave one line for the next, so that lines overlap but for the time of a warp. Of work
    /// in several rounds only the last one ends so: in all others, who waits leaves the lines to
    /// who does not.
    pub fn burst(&self, machine: &Machine, company: &Company) -> f64 {
        let (computed, own) = (self.lanes / self.warps, self.memory.max(self.atomics));
        let lines = [
            company.memory + computed,
            company.atomics + computed,
            company.lanes + own / self.warps,
            (company.blocks - 1.0).max(0.0) / machine.block_rate() + self.lanes + own,
        ];
        let longest = lines.into_iter().fold(0.0, f64::max);
        let together = self.fixed + self.loading + self.storing + longest;
        self.cycle(machine, company) * (1.0 - 1.0 / self.rounds) + together / self.rounds
    }

    /// Joins the time of latency and those of full resources.
    fn join(&self, alone: f64, full: [f64; 3]) -> f64 {
        let longest = full.into_iter().fold(alone, f64::max);
        if self.queueing.is_infinite() || longest <= 0.0 {
            return longest;
        }
        let part = |time: f64| libm::pow(time / longest, self.queueing);
        let sum = part(alone) + full.into_iter().map(part).sum::<f64>();
        longest * libm::pow(sum, 1.0 / self.queueing)
    }
}

/// How far the largest of `count` normal deviations lies above the mean, in standard deviations.
///
/// H. Cramér, *Mathematical Methods of Statistics*, 1946, § 28.6: the location of the largest of
/// many, and Euler's constant times its scale; within 0.2 from two on.
pub fn largest(count: f64) -> f64 {
    if count < 2.0 {
        return 0.0;
    }
    let far = (2.0 * libm::log(count)).sqrt();
    let location = far - (libm::log(libm::log(count)) + libm::log(4.0 * PI)) / (2.0 * far);
    location + EULER / far
}

/// Waiting for memory, for partners and for L2's atomics in seconds.
fn waits(machine: &Machine, launch: &Launch, work: &Work, hits: f64) -> f64 {
    let fresh = work.loads.iter().filter(|load| load.fresh).count();
    let near = work.loads.len() - fresh;
    let mut wait = 0.0;
    if !work.loads.is_empty() {
        wait += hits * machine.l2_latency + (1.0 - hits) * machine.dram_latency;
        wait += FURTHER_STREAM * fresh.saturating_sub(1) as f64 + FURTHER_NEIGHBOUR * near as f64;
    }
    if work.spilled > 0 {
        wait += machine.l1_latency;
    }
    if let Some(atomics) = work.atomics {
        let behind = together(atomics.words) - 1.0;
        wait += machine.atomic_latency + behind * machine.atomic_one_word_interval;
    }
    let barrier = machine.barrier_latency + machine.barrier_per_warp * f64::from(launch.warps());
    (wait + barrier * f64::from(work.barriers)) * f64::from(work.rounds)
}

/// What a warp keeps the busiest unit of its SM for in seconds.
fn lanes(machine: &Machine, work: &Work) -> f64 {
    // Both ways of a divergent warp are gone one after the other.
    let single = work.single / work.active;
    let double = work.double / work.active;
    let passes: u32 = work.shared.iter().map(|access| access.bank_passes()).sum();
    let width = f64::from(WARP);
    let busiest = [
        single * width / f64::from(machine.capability.single_lanes) / machine.single_efficiency,
        double * width / f64::from(machine.capability.double_lanes),
        f64::from(passes),
        (single + double + work.accesses()) / ISSUES,
    ];
    busiest.into_iter().fold(0.0, f64::max) * f64::from(work.rounds) / machine.clock_hz
}

/// What bytes keep L2 and device memory for in seconds.
fn memory(machine: &Machine, loaded: f64, stored: f64, hits: f64) -> f64 {
    let bytes = loaded + stored;
    if bytes <= 0.0 {
        return 0.0;
    }
    let rate = machine.memory_rate(stored / bytes).min(machine.l2_bandwidth);
    bytes * (hits / machine.l2_bandwidth + (1.0 - hits) / rate)
}

/// What a warp keeps the units for atomics of the whole device for in seconds.
fn atomics(machine: &Machine, work: &Work) -> f64 {
    let Some(atomics) = work.atomics else { return 0.0 };
    let count = atomics.per_thread * f64::from(work.rounds);
    count * machine.contention().warp(atomics.words)
}
