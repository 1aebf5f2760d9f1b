//! A GPU as the execution model sees it: what its generation fixes, what its data sheet says, and
//! some twenty calibrated numbers, each a physical quantity.
//!
//! | parameter | unit | what it is |
//! | --- | --- | --- |
//! | `compute_capability` | count | ten times the version |
//! | `l2_capacity` | MiB | L2 cache |
//! | `block_turnover` | time | from a block's last instruction to its successor's first |
//! | `l1_latency`, `l2_latency`, `dram_latency` | time | of a load that finds its data there |
//! | `l2_bandwidth` | GB/s | what L2 delivers to all SMs |
//! | `load_port`, `store_port` | GB/s | what one SM takes from, and gives to, L2 |
//! | `dram_efficiency` | ratio | of the data sheet's bandwidth, reading or writing alone |
//! | `dram_turnaround` | ratio | lost by an even mix of reads and writes |
//! | `queueing` | ratio | how sharply latency gives way to bandwidth, see [`super::block`] |
//! | `stream_gap`, `graph_gap` | time | between dependent kernels of a stream, of a graph |
//!
//! Those that follow are assumed where a profile lacks them ([`super::assumed`]):
//!
//! | parameter | unit | what it is |
//! | --- | --- | --- |
//! | `block_interval` | time | between the starts of two blocks, of the whole device |
//! | `barrier_latency`, `barrier_per_warp` | time | a barrier, and what each warp adds |
//! | `atomic_latency` | time | of an atomic addition that nobody else is at |
//! | `atomic_own_word_interval` | time | a further addition by all SMs, each thread on its word |
//! | `atomic_one_word_interval` | time | a further addition on the same word |
//! | `atomic_line_interval` | time | a further warp on the same line of 128 bytes |
//! | `atomic_scattered_interval` | time | a further addition on a sector of its own |
//! | `single_efficiency` | ratio | of the single-precision peak, what multiply-adds reach |
//! | `access_granule` | B | the least that travels for a load or store |
//! | `event_wait` | time | from a kernel's end to what waits for its event in another stream |

use sim::{Bytes, Time};

use super::atomics::Contention;
use super::capability::Capability;
use super::{Gpu, assumed, memory, share::Part};
use crate::input::InputError;
use crate::profile::{Dimension, Profile};

/// A GPU, or a part of one, ready to run kernels. Seconds, bytes, hertz and bytes per second.
#[derive(Clone, Debug, PartialEq)]
pub struct Machine {
    /// What the generation fixes.
    pub capability: Capability,
    /// Streaming multiprocessors.
    pub sms: u32,
    /// Clock in hertz.
    pub clock_hz: f64,
    /// Device memory.
    pub memory: Bytes,
    /// What device memory moves, as the data sheet has it [B/s].
    pub memory_peak: f64,
    /// L1 cache of an SM with no shared memory in use in bytes.
    pub l1_capacity: f64,
    /// L2 cache in bytes.
    pub l2_capacity: f64,
    /// From a block's last instruction to its successor's first in seconds.
    pub block_turnover: f64,
    /// Latency of a load from L1 in seconds.
    pub l1_latency: f64,
    /// Latency of a load from L2, the nearer partition in seconds.
    pub l2_latency: f64,
    /// Latency of a load from device memory in seconds.
    pub dram_latency: f64,
    /// What L2 delivers to all SMs [B/s].
    pub l2_bandwidth: f64,
    /// What one SM takes from L2 [B/s].
    pub load_port: f64,
    /// What one SM gives to L2 [B/s].
    pub store_port: f64,
    /// The part of the peak that reads alone, or writes alone, reach.
    pub dram_efficiency: f64,
    /// The part of that which an even mix of reads and writes loses.
    pub dram_turnaround: f64,
    /// How sharply latency gives way to bandwidth.
    pub queueing: f64,
    /// Between dependent kernels of a stream in seconds.
    pub stream_gap: f64,
    /// Between dependent kernels of a graph in seconds.
    pub graph_gap: f64,
    /// From the launch call to the first instruction.
    pub launch_latency: Time,
    /// Between the starts of two blocks, of the whole device in seconds.
    pub block_interval: f64,
    /// A barrier that nobody has to wait for in seconds.
    pub barrier_latency: f64,
    /// What each warp of a block adds to a barrier in seconds.
    pub barrier_per_warp: f64,
    /// An atomic addition that nobody else is at in seconds.
    pub atomic_latency: f64,
    /// A further atomic addition of all SMs together, each thread on its own word in seconds.
    pub atomic_own_word_interval: f64,
    /// A further atomic addition on the same word in seconds.
    pub atomic_one_word_interval: f64,
    /// A further warp of atomic additions on the same line in seconds.
    pub atomic_line_interval: f64,
    /// A further atomic addition on a sector of its own in seconds.
    pub atomic_scattered_interval: f64,
    /// The part of the single-precision peak that independent multiply-adds reach, above 0 to 1.
    pub single_efficiency: f64,
    /// The least that travels for a load or store in bytes.
    pub access_granule: f64,
    /// From a kernel's end to what waits for its event in another stream in seconds.
    pub event_wait: f64,
}

/// The calibrated parameters and their units in profiles, copies and [`super::assumed`] aside.
pub const CALIBRATED: [(&str, &str); 12] = [
    ("block_turnover", "ns"),
    ("dram_latency", "ns"),
    ("l2_latency", "ns"),
    ("l1_latency", "ns"),
    ("l2_bandwidth", "GB/s"),
    ("load_port", "GB/s"),
    ("store_port", "GB/s"),
    ("dram_efficiency", "ratio"),
    ("dram_turnaround", "ratio"),
    ("queueing", "ratio"),
    ("stream_gap", "us"),
    ("graph_gap", "us"),
];

impl Machine {
    /// Reads a machine from a profile of kind `gpu`.
    ///
    /// # Errors
    /// If a parameter is missing, has the wrong unit, or is out of range.
    pub fn from_profile(profile: &Profile) -> Result<Machine, InputError> {
        let profile = &assumed::completed(profile);
        let gpu = Gpu::facts(profile)?;
        let version = profile.count("compute_capability")?;
        let capability = Capability::of(version).map_err(|error| {
            profile.fault("compute_capability", &error.problem, &error.help.unwrap_or_default())
        })?;
        let above = |parameter, value: f64| match value {
            value if value > 0.0 => Ok(value),
            _ => Err(profile.fault(parameter, "must be above zero", "a value above zero")),
        };
        let seconds = |parameter| above(parameter, profile.seconds(parameter)?);
        let rate = |parameter| profile.rate(parameter).map(|rate| rate.as_bytes_per_s());
        let part = |parameter, most: f64| match profile.base(parameter, Dimension::Ratio)? {
            part if part <= most => Ok(part),
            _ => Err(profile.fault(parameter, "is too large", &format!("at most {most}"))),
        };
        let machine = Machine {
            capability,
            sms: gpu.sms,
            clock_hz: gpu.clock_hz,
            memory: gpu.memory,
            memory_peak: gpu.hbm_bandwidth.as_bytes_per_s(),
            l1_capacity: f64::from(capability.cache_kib) * 1024.0,
            l2_capacity: above("l2_capacity", profile.bytes("l2_capacity")?.as_f64())?,
            block_turnover: seconds("block_turnover")?,
            l1_latency: seconds("l1_latency")?,
            l2_latency: seconds("l2_latency")?,
            dram_latency: seconds("dram_latency")?,
            l2_bandwidth: rate("l2_bandwidth")?,
            load_port: rate("load_port")?,
            store_port: rate("store_port")?,
            dram_efficiency: above("dram_efficiency", part("dram_efficiency", 1.5)?)?,
            dram_turnaround: part("dram_turnaround", memory::TURNAROUND_MAX)?,
            queueing: part("queueing", 1000.0)?.max(1.0),
            stream_gap: seconds("stream_gap")?,
            graph_gap: seconds("graph_gap")?,
            launch_latency: gpu.launch_latency,
            block_interval: seconds("block_interval")?,
            barrier_latency: profile.seconds("barrier_latency")?,
            barrier_per_warp: profile.seconds("barrier_per_warp")?,
            atomic_latency: seconds("atomic_latency")?,
            atomic_own_word_interval: seconds("atomic_own_word_interval")?,
            atomic_one_word_interval: seconds("atomic_one_word_interval")?,
            atomic_line_interval: seconds("atomic_line_interval")?,
            atomic_scattered_interval: seconds("atomic_scattered_interval")?,
            single_efficiency: above("single_efficiency", part("single_efficiency", 1.0)?)?,
            access_granule: above(
                "access_granule",
                profile.base("access_granule", Dimension::Bytes)?,
            )?,
            event_wait: profile.seconds("event_wait")?,
        };
        Ok(machine)
    }

    /// The same GPU with one of the [`CALIBRATED`] or assumed parameters set, in base units; any
    /// other name changes nothing.
    pub fn with(mut self, parameter: &str, value: f64) -> Machine {
        let place = match parameter {
            "block_turnover" => &mut self.block_turnover,
            "dram_latency" => &mut self.dram_latency,
            "l2_latency" => &mut self.l2_latency,
            "l1_latency" => &mut self.l1_latency,
            "l2_bandwidth" => &mut self.l2_bandwidth,
            "load_port" => &mut self.load_port,
            "store_port" => &mut self.store_port,
            "dram_efficiency" => &mut self.dram_efficiency,
            "dram_turnaround" => &mut self.dram_turnaround,
            "queueing" => &mut self.queueing,
            "stream_gap" => &mut self.stream_gap,
            "graph_gap" => &mut self.graph_gap,
            "block_interval" => &mut self.block_interval,
            "barrier_latency" => &mut self.barrier_latency,
            "barrier_per_warp" => &mut self.barrier_per_warp,
            "atomic_latency" => &mut self.atomic_latency,
            "atomic_own_word_interval" => &mut self.atomic_own_word_interval,
            "atomic_one_word_interval" => &mut self.atomic_one_word_interval,
            "atomic_line_interval" => &mut self.atomic_line_interval,
            "atomic_scattered_interval" => &mut self.atomic_scattered_interval,
            "single_efficiency" => &mut self.single_efficiency,
            "access_granule" => &mut self.access_granule,
            "event_wait" => &mut self.event_wait,
            _ => return self,
        };
        *place = if parameter == "queueing" { value.max(1.0) } else { value };
        self
    }

    /// What atomic additions cost.
    pub fn contention(&self) -> Contention {
        Contention {
            own: self.atomic_own_word_interval,
            word: self.atomic_one_word_interval,
            line: self.atomic_line_interval,
            scattered: self.atomic_scattered_interval,
        }
    }

    /// Blocks that the device starts per second.
    pub fn block_rate(&self) -> f64 {
        1.0 / self.block_interval
    }

    /// What device memory moves of a mix of which `written` (0 to 1) is writes [B/s].
    pub fn memory_rate(&self, written: f64) -> f64 {
        memory::memory_rate(self, written)
    }

    /// The same GPU with only a part of it to use.
    pub fn part(&self, part: &Part) -> Machine {
        let sms = ((f64::from(self.sms) * part.sms).floor() as u32).max(1);
        Machine {
            sms,
            memory: Bytes::new((self.memory.as_f64() * part.memory) as u64),
            memory_peak: self.memory_peak * part.bandwidth,
            l2_capacity: self.l2_capacity * part.l2,
            l2_bandwidth: self.l2_bandwidth * part.l2,
            // Atomics of fewer SMs come less often.
            atomic_own_word_interval: self.atomic_own_word_interval * f64::from(self.sms)
                / f64::from(sms),
            atomic_scattered_interval: self.atomic_scattered_interval * f64::from(self.sms)
                / f64::from(sms),
            ..self.clone()
        }
    }
}
