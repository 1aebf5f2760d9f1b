//! A simulated device: no GPU, but something below the seam whose every parameter is known.
//!
//! The probes' design, statistic and fits meet it exactly as they meet a GPU; what they find can
//! be held against what is true. Copies follow [`models::gpu::copy`]; kernels follow the few
//! laws that the probes state at their heads. Readings scatter, and one in a hundred is late.

mod executed;
mod schedule;
mod truth;

pub use truth::{Truth, plain, plausible};

use models::gpu::copy::CopyEngine;
use models::gpu::execute::Level;
use models::gpu::machine::Machine;
use models::input::InputError;
use sim::{Bytes, Dist, Rate, Seed, Stream, Time};

use super::device::Device;
use super::facts::Facts;
use super::judge::body::CHECKED;
use super::kernel::Kernel;
use super::state::Moment;
use super::work::{Lane, Launch, Place, ProbeStep, ProbeWork, Timer};
use super::{GpuError, execution};

/// Standard deviation of the logarithm of a reading by the host or by events, and by cycles.
const SCATTER: f64 = 0.015;
const SCATTER_CYCLES: f64 = 0.003;
/// What part of the readings is late, and by how much of themselves on average.
const LATE: f64 = 0.01;
const LATE_BY: f64 = 0.5;
/// Cycles of one step of [`Kernel::Spin`], and of one dependent load of a ring in L1's way.
const SPIN_CYCLES: f64 = 4.0;
/// Copies up to here wait for engines, larger ones for the bus \[B\].
const SMALL: u64 = 64 << 10;
/// What a piece of work takes besides what its timer reads: calls that prepare it and wait \[s\].
const AROUND: f64 = 20e-6;
/// What faults and clearing add to a copy into untouched memory \[s/B\].
const FIRST_TOUCH: f64 = 0.3e-9;
/// How sharply bandwidth bends (see the probe of bandwidth).
const KNEE: f64 = 4.0;

/// A device that is none.
#[derive(Debug)]
pub struct Simulated {
    facts: Facts,
    truth: Truth,
    /// The execution model, which streams follow, and its level of detail.
    machine: Machine,
    level: Level,
    /// Whether other kernels follow it too where it has words for them, and not the laws below.
    executes: bool,
    stream: Stream,
    /// What all work so far has taken \[s\].
    elapsed_s: f64,
}

impl Simulated {
    /// A device of which `truth` is true, with the chance of `seed`. It has two NUMA nodes and a
    /// peer, and says of itself that it is simulated.
    ///
    /// # Errors
    /// If a parameter is not given, or nothing is known of the generation.
    pub fn new(mut facts: Facts, truth: Truth, seed: Seed) -> Result<Simulated, InputError> {
        (facts.simulated, facts.peer, facts.peer_loads) = (true, true, true);
        facts.nodes = vec![0, 1];
        let stream = seed.stream("calibration/simulated-device");
        let missing = |name: &str| InputError::new(name, "is not given");
        let machine = execution::machine(&facts, |name| {
            truth.get(name).copied().ok_or_else(|| missing(name))
        })?;
        let (level, executes, elapsed_s) = (Level::Kernel, false, 0.0);
        Ok(Simulated { facts, truth, machine, level, executes, stream, elapsed_s })
    }

    /// A device whose kernels run on the execution model of `machine` wherever that has words for
    /// them, and by `truth` elsewhere.
    ///
    /// # Errors
    /// If a parameter is not given.
    pub fn executing(
        name: &str,
        machine: Machine,
        truth: Truth,
        seed: Seed,
    ) -> Result<Simulated, InputError> {
        let facts = executed::facts(name, &machine);
        let lawful = Simulated::new(facts, truth, seed)?;
        Ok(Simulated { machine, level: Level::Cohort, executes: true, ..lawful })
    }

    fn is(&self, parameter: &str) -> f64 {
        *self.truth.get(parameter).expect("every parameter of a simulated device is given")
    }

    fn scatter(&mut self, value: f64, sigma: f64) -> f64 {
        let one = Dist::LogNormal { median: 1.0, sigma };
        let late = Dist::Uniform { low: 0.0, high: 1.0 }.sample(&mut self.stream) < LATE;
        let by =
            if late { Dist::Exponential { mean: LATE_BY }.sample(&mut self.stream) } else { 0.0 };
        value * one.sample(&mut self.stream) * (1.0 + by)
    }

    /// What a kernel itself takes \[s\].
    fn kernel(&self, launch: &Launch) -> f64 {
        if let Ok(Some(seconds)) = executed::stream(&self.machine, launch, self.level) {
            return seconds;
        }
        if let Some(seconds) = executed::judged(&self.machine, launch) {
            return seconds;
        }
        let executed = self.executes.then(|| executed::duration(&self.machine, launch));
        if let Some(Ok(Some(seconds))) = executed {
            return seconds;
        }
        let steps = f64::from(launch.steps);
        let words = launch.bytes as f64 / 4.0;
        let threads = f64::from(launch.blocks) * f64::from(launch.threads);
        match launch.kernel {
            Kernel::Nothing | Kernel::Mark => self.is("block_interval") * f64::from(launch.blocks),
            Kernel::Link => 0.0,
            Kernel::Chase => steps * self.chase(launch),
            Kernel::ChaseShared => steps * self.is("shared_latency"),
            Kernel::Read => self.read(launch),
            Kernel::ReadSlice => steps * threads * 64.0 / self.level("l1", threads * 64.0),
            Kernel::ReadShared => steps * threads * 64.0 / self.level("shared", threads * 64.0),
            Kernel::Strided => {
                let moved = (4.0 * f64::from(launch.stride)).min(self.is("access_granule"));
                words / f64::from(launch.stride) * moved / self.is("dram_bandwidth")
            }
            Kernel::Conflict => {
                let ways = f64::from(launch.stride);
                steps * (self.is("shared_latency") + (ways - 1.0) * self.is("bank_conflict"))
            }
            Kernel::Atomic if launch.stride == 0 => {
                steps * threads * self.is("atomic_one_word_interval")
            }
            Kernel::Atomic => steps * threads * self.is("atomic_own_word_interval"),
            Kernel::AtomicScattered => {
                let words = Some(f64::from(launch.stride));
                steps * threads / 32.0 * self.machine.contention().warp(words)
            }
            Kernel::AtomicChain => steps * self.is("atomic_latency"),
            Kernel::Barrier => {
                let warps = f64::from(launch.threads) / 32.0;
                steps * (self.is("barrier_latency") + warps * self.is("barrier_per_warp"))
            }
            Kernel::Spin => steps * SPIN_CYCLES / self.is("sm_clock"),
            Kernel::StreamInit
            | Kernel::StreamRead
            | Kernel::StreamScale
            | Kernel::StreamTriad
            | Kernel::StreamWide => launch.bytes as f64 / self.is("mapped_write_rate"),
            // What fills and checks is never timed.
            _ => 0.0,
        }
    }

    /// One dependent load: a level that holds a part of the ring serves that part.
    fn chase(&self, launch: &Launch) -> f64 {
        match launch.memory {
            Place::Device => {}
            Place::Peer => return self.is("peer_read_latency"),
            _ => return self.is("mapped_read_latency"),
        }
        let ring = launch.bytes as f64;
        let part = |capacity: usize| (capacity as f64 / ring).min(1.0);
        let (first, second) = (part(self.facts.shared_per_sm), part(self.facts.l2));
        // A ring under least-recently-used hits nothing once it is twice the cache.
        let (first, second) = ((2.0 * first - 1.0).max(0.0), (2.0 * second - 1.0).max(0.0));
        let beyond = second * self.is("l2_latency") + (1.0 - second) * self.is("dram_latency");
        first * self.is("l1_latency") + (1.0 - first) * beyond
    }

    fn read(&self, launch: &Launch) -> f64 {
        let amount = launch.bytes as f64 * f64::from(launch.steps);
        match launch.memory {
            Place::Device => {}
            Place::Peer => return amount / self.is("peer_read_rate"),
            _ => return amount / self.is("mapped_read_rate"),
        }
        let level = if launch.bytes as usize <= self.facts.l2 { "l2" } else { "dram" };
        let flight = f64::from(launch.blocks) * f64::from(launch.threads) * 64.0;
        amount / self.level(level, flight)
    }

    /// What a level carries with so many bytes in flight \[B/s\].
    fn level(&self, level: &str, flight: f64) -> f64 {
        let latency = self.is(&format!("{level}_loaded_latency"));
        let peak = self.is(&format!("{level}_bandwidth"));
        libm::pow(libm::pow(latency / flight, KNEE) + libm::pow(peak, -KNEE), -1.0 / KNEE)
    }

    /// What a copy takes alone \[s\].
    fn copy(&self, from: Place, to: Place, bytes: u64) -> f64 {
        self.engine(from, to).pinned(Bytes::new(bytes)).as_seconds()
    }

    /// What copies from one place to another.
    fn engine(&self, from: Place, to: Place) -> CopyEngine {
        let kind = |place: Place| match place {
            Place::Pageable | Place::Untouched => "_pageable",
            Place::WriteCombined => "_write_combined",
            _ => "",
        };
        let stem = match (from, to) {
            (Place::Device, Place::Device) => "copy_within".into(),
            (Place::Device, Place::Peer) => "copy_peer".into(),
            (Place::Peer, _) => "copy_from_peer".into(),
            (Place::Node(node), _) => format!("node{node}.copy_to_device"),
            (_, Place::Node(node)) => format!("node{node}.copy_to_host"),
            (host, Place::Device) => format!("copy_to_device{}", kind(host)),
            (_, host) => format!("copy_to_host{}", kind(host)),
        };
        let own = self.truth.get(format!("{stem}_latency").as_str());
        let touch = if to == Place::Untouched { FIRST_TOUCH } else { 0.0 };
        let rate = 1.0 / (1.0 / self.is(&format!("{stem}_rate")) + touch);
        let rate = Rate::bytes_per_s(rate);
        CopyEngine {
            call: Time::from_seconds(own.copied().unwrap_or_else(|| self.is("copy_call"))),
            setup: Time::from_seconds(self.is("copy_setup")),
            gap: Time::from_seconds(self.is("copy_gap")),
            rate,
            mapped: rate,
        }
    }

    /// What a lane takes alone, by the host's clock \[s\].
    fn alone(&self, lane: &Lane) -> f64 {
        let mut total = 0.0;
        let mut launches = 0;
        for step in &lane.steps {
            match *step {
                ProbeStep::Launch(launch) if launch.kernel == Kernel::Nothing => launches += 1,
                ProbeStep::Launch(launch) => {
                    total += self.is("launch_interval") + self.kernel(&launch)
                }
                ProbeStep::Graph { nodes, .. } => {
                    let each = self.machine.graph_gap + self.machine.block_turnover;
                    total += self.is("launch_round_trip") + f64::from(nodes - 1) * each;
                }
                // In line behind another, only the engine takes its time.
                ProbeStep::Copy { from, to, bytes } if total > 0.0 => {
                    let moving = Bytes::new(bytes) / self.engine(from, to).rate;
                    total += self.is("copy_gap") + moving.as_seconds();
                }
                ProbeStep::Copy { from, to, bytes } => total += self.copy(from, to, bytes),
                ProbeStep::BlockingCopy { .. } | ProbeStep::Record(_) | ProbeStep::Wait(_) => {
                    unreachable!("such lanes are scheduled")
                }
            }
        }
        match launches {
            0 => total,
            more => {
                let further = f64::from(more - 1) * self.is("launch_interval");
                total + self.is("launch_round_trip") + further
            }
        }
    }

    /// What lanes take together, by the host's clock \[s\].
    fn together(&self, work: &ProbeWork) -> f64 {
        if schedule::is_due(work) {
            return schedule::ends(self, work).into_iter().fold(0.0, f64::max);
        }
        let lanes = &work.lanes;
        let alone: Vec<f64> = lanes.iter().map(|lane| self.alone(lane)).collect();
        let Some(&first) = alone.first() else { return 0.0 };
        let number = lanes.len() as f64;
        let neighbours = number - 1.0;
        match lanes.iter().map(|lane| lane.steps[0]).collect::<Vec<_>>()[..] {
            [_] => first,
            [ProbeStep::Copy { to, .. }, ProbeStep::Launch(launch)] => {
                let part = self.is(match (to, launch.kernel) {
                    (Place::Device, _) => "copy_compute_overlap",
                    (_, Kernel::Read) => "copy_to_host_memory_overlap",
                    _ => "copy_to_host_compute_overlap",
                });
                let hidden = part * alone[0].min(alone[1]);
                alone[0] + alone[1] - hidden
            }
            [ProbeStep::Copy { from, bytes, .. }, ProbeStep::Copy { from: other, .. }, ..]
                if bytes <= SMALL =>
            {
                let ways = if from == other { "one_way" } else { "both_ways" };
                first * (number / self.is(&format!("copy_engines_{ways}"))).max(1.0)
            }
            [ProbeStep::Copy { to, .. }, ..] => {
                let between = if to == Place::Peer { "peer" } else { "copy" };
                let rates: f64 = alone.iter().map(|time| 1.0 / time).sum();
                number / (self.is(&format!("{between}_duplex_efficiency")) * rates)
            }
            [ProbeStep::Graph { .. }, ..] => alone.iter().sum(),
            [ProbeStep::Launch(launch), ..] => {
                let how = if launch.kernel == Kernel::Read { "memory" } else { "streams" };
                first * (1.0 + neighbours * self.is(&format!("share_{how}_cost")))
            }
            _ => 0.0,
        }
    }

    /// What the events around a piece of work read \[s\].
    fn between_events(&self, work: &ProbeWork) -> f64 {
        if schedule::is_due(work) {
            return schedule::ends(self, work).into_iter().fold(0.0, f64::max);
        }
        // Recording an event costs about as much as another launch.
        self.is("launch_interval") + self.first(work)
    }

    /// What the first step of a piece of work takes \[s\].
    fn first(&self, work: &ProbeWork) -> f64 {
        match work.lanes[0].steps[0] {
            ProbeStep::Launch(launch) => self.kernel(&launch),
            ProbeStep::Graph { launch, nodes } => f64::from(nodes) * self.kernel(&launch),
            ProbeStep::Copy { from, to, bytes } | ProbeStep::BlockingCopy { from, to, bytes } => {
                self.copy(from, to, bytes)
            }
            ProbeStep::Record(_) | ProbeStep::Wait(_) => 0.0,
        }
    }
}

impl Device for Simulated {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Power, temperature and what would hold its clocks down are not simulated.
    fn moment(&self) -> Moment {
        Moment::default()
    }

    fn silent(&self) -> Option<&str> {
        Some("the device is simulated")
    }

    fn elapsed_s(&self) -> f64 {
        self.elapsed_s
    }

    fn time(&mut self, work: &ProbeWork) -> Result<f64, GpuError> {
        let before = work.before.map_or(0.0, |launch| self.kernel(&launch));
        let (reading, unit_s) = match work.timer {
            Timer::Host => (self.scatter(self.together(work), SCATTER), 1.0),
            Timer::LastLane => {
                let last = schedule::ends(self, work).last().copied().unwrap_or(0.0);
                (self.scatter(last, SCATTER), 1.0)
            }
            Timer::Events => (self.scatter(self.between_events(work), SCATTER), 1.0),
            Timer::Cycles => {
                let cycles = self.first(work) * self.is("sm_clock");
                (self.scatter(cycles, SCATTER_CYCLES), 1.0 / self.is("sm_clock"))
            }
            Timer::FirstStore => (self.scatter(self.is("launch_latency"), SCATTER), 1.0),
            // Nothing is computed, so nothing is wrong.
            Timer::Count => (CHECKED, 0.0),
        };
        self.elapsed_s += before + reading * unit_s + AROUND;
        Ok(reading)
    }
}
