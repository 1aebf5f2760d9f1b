//! The probes: each a file that says what is measured at which sizes, and what that identifies.
//!
//! A probe is two pure functions. `design` turns the facts of a device into points, each some
//! [`ProbeWork`] with the number that is swept; `find` turns the measured points into [`Finding`]s.
//! Between them stands [`super::campaign`], which is the same for all: warm-up, repetitions,
//! median, spread, clock.
//!
//! | what is asked for | probe |
//! | --- | --- |
//! | launch latency, null-kernel round trip, further launches of a queue | `launch` |
//! | dependent kernels in a stream and as a graph; behind events | `graphs`; `events` |
//! | block-scheduling rate; how a slot changes hands | `blocks`; `streams` |
//! | pointer-chase latency: L1, L2, device memory, shared memory | `latency` |
//! | bandwidth of each level against bytes in flight; against occupancy | `bandwidth`; `streams` |
//! | an SM's ports, a bus that turns, queueing | `streams` |
//! | strides, bank conflicts, atomics, barriers | `coalescing`, `banks`, `atomics`, `barriers` |
//! | copies against size: every way, every kind of host memory | `copies` |
//! | a kernel's own access to host memory, to a peer's memory | `mapped`, `peers` |
//! | both ways at once: host, peer | `duplex`, `peers` |
//! | copy beside a kernel that computes, that reads memory; copy engines | `overlap`; `engines` |
//! | NUMA nodes of host memory | `numa` |
//! | slowdown by neighbours; turns of contexts | `sharing`; `turns` |
//!
//! What no probe does: launches from the cores of each NUMA node; thread percentages (MPS), which
//! an administrator sets up, and which are then the device that is found; partitions (MIG), which
//! are refused.

mod arithmetic;
mod atomics;
mod bandwidth;
mod banks;
mod barriers;
mod blocks;
pub(super) mod clock;
mod coalescing;
pub(super) mod copies;
mod duplex;
mod engines;
mod events;
mod graphs;
mod latency;
mod launch;
mod mapped;
mod numa;
mod overlap;
mod peers;
mod sharing;
pub(super) mod streams;
mod turns;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::facts::Facts;
use super::finding::{Finding, Findings};
use super::kernel::Kernel;
use super::sample::Sample;
use super::work::{Launch, ProbeWork, Timer};

/// A probe.
pub struct GpuProbe {
    /// Its name: the first column of the tables.
    pub name: &'static str,
    /// What it does, in one sentence.
    pub about: &'static str,
    /// The parameters that it identifies.
    pub identifies: &'static [&'static str],
    /// What to measure on a device.
    pub design: fn(&Facts) -> Vec<Point>,
    /// What the measured points say.
    pub find: fn(Seen<'_>) -> Findings,
}

/// What a probe finds its parameters in.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    /// What the driver says of the device.
    pub facts: &'a Facts,
    /// What the probes before it have found.
    pub found: &'a [Finding],
    /// Its own points, measured.
    pub samples: &'a [&'a Sample],
}

/// All probes: what decides most of a prediction first, and none before one that it builds on.
///
/// The order is that of a budget. First come the clock, launches and copies, which every transfer
/// has and which no published fit knows for newer GPUs; then the execution model of kernels; then
/// what only work beside other work feels; last what hardly any prediction reads.
pub const ALL: [&GpuProbe; 22] = [
    &clock::PROBE,
    &launch::PROBE,
    &copies::PROBE,
    &latency::PROBE,
    &bandwidth::PROBE,
    &blocks::PROBE,
    &streams::PROBE,
    &graphs::PROBE,
    &events::PROBE,
    &duplex::PROBE,
    &overlap::PROBE,
    &mapped::PROBE,
    &barriers::PROBE,
    &atomics::PROBE,
    &arithmetic::PROBE,
    &engines::PROBE,
    &sharing::PROBE,
    &turns::PROBE,
    &numa::PROBE,
    &coalescing::PROBE,
    &banks::PROBE,
    &peers::PROBE,
];

/// The probe of that name.
pub fn named(name: &str) -> Option<&'static GpuProbe> {
    ALL.into_iter().find(|probe| probe.name == name)
}

/// Something to measure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// Which of the probe's lines it is on: `dram`, `to_device.pinned`.
    pub series: String,
    /// The number that is swept along the line.
    pub x: f64,
    /// What that number is, with its unit: `working_set_b`.
    pub axis: Cow<'static, str>,
    /// What is done.
    pub work: ProbeWork,
    /// What a reading is divided by, or divides, to be compared: bytes moved, steps done.
    pub amount: f64,
}

impl Point {
    /// A point at `x` of `series`.
    pub fn new(
        series: &str,
        (axis, x): (&'static str, f64),
        work: ProbeWork,
        amount: f64,
    ) -> Point {
        Point { series: series.to_owned(), x, axis: Cow::Borrowed(axis), work, amount }
    }

    #[cfg(test)]
    pub(super) fn plain() -> Point {
        Point::new("t", ("x", 1.0), ProbeWork::steps(Vec::new(), Timer::Host), 1.0)
    }
}

/// Empty kernels, whose time by events is what every kernel's has besides its own.
fn empty() -> impl Iterator<Item = Point> {
    let point = |at: u32| {
        let work = ProbeWork::launch(Launch::of(Kernel::Nothing), Timer::Events);
        Point::new("empty", ("attempt", f64::from(at)), work, 1.0)
    };
    (1..=4).map(point)
}

/// The time of the empty kernels among the samples.
fn start(samples: &[&Sample]) -> f64 {
    let empty = of(samples, "empty");
    empty.iter().map(|sample| sample.median()).sum::<f64>() / empty.len() as f64
}

/// The samples of one series.
fn of<'a>(samples: &[&'a Sample], series: &str) -> Vec<&'a Sample> {
    samples.iter().filter(|sample| sample.point.series == series).copied().collect()
}

/// A whole-number fact that a driver gives as an `i32`, at least 1.
fn count(value: i32) -> u32 {
    u32::try_from(value).unwrap_or(1).max(1)
}

/// The timer of all samples is the SM's; what they say in cycles becomes seconds here.
fn seconds(sample: &Sample) -> f64 {
    match sample.point.work.timer {
        Timer::Cycles => sample.median() / sample.clock.hz(),
        _ => sample.median(),
    }
}
