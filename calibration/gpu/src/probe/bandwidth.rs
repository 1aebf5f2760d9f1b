//! Bandwidth of each level against the bytes that are in flight.
//!
//! By Little's law, `flight` bytes under way for a latency each bring flight ÷ latency; a level
//! carries no more than its peak. Near the knee both rule, and how softly is a third parameter:
//!
//! ```text
//!   1 ÷ rate^k = (latency ÷ flight)^k + (1 ÷ peak)^k
//! ```

use calibration_fit::posterior::Free;
use models::input::InputError;

use super::super::facts::Facts;
use super::super::finding::{Finding, Findings, identify};
use super::super::kernel::Kernel;
use super::super::sample::Sample;
use super::super::work::{Launch, ProbeWork, Timer};
use super::{GpuProbe, Point, Seen, count, empty, of, start};

/// Four loads of 16 bytes that no other waits for.
const FLIGHT_PER_THREAD: u64 = 64;
/// What each block re-reads from its SM's first-level cache \[B\].
const SLICE: u64 = 16 << 10;
/// Threads of a block.
const THREADS: [u32; 8] = [32, 64, 96, 128, 256, 384, 768, 1024];

pub(super) const PROBE: GpuProbe = GpuProbe {
    name: "bandwidth",
    about: "independent 16-byte loads by a growing number of threads, by events",
    identifies: &[
        "dram_bandwidth",
        "dram_loaded_latency",
        "l2_bandwidth",
        "l2_loaded_latency",
        "l1_bandwidth",
        "l1_loaded_latency",
        "shared_bandwidth",
        "shared_loaded_latency",
    ],
    design,
    find,
};

fn design(facts: &Facts) -> Vec<Point> {
    let sms = count(facts.sms);
    let resident = count(facts.threads_per_sm);
    let l2 = facts.l2.max(1 << 20) as u64;
    let dram = (8 * l2).clamp(256 << 20, 1 << 30).min(facts.memory as u64 / 4);
    let mut points = Vec::new();
    let mut add = |series: &str, launch: Launch, amount: u64| {
        let flight = u64::from(launch.blocks) * u64::from(launch.threads) * FLIGHT_PER_THREAD;
        let work = ProbeWork::launch(launch, Timer::Events);
        points.push(Point::new(series, ("flight_b", flight as f64), work, amount as f64));
    };
    // Few threads in a quarter of the SMs, one block each in all, and as many as fit.
    let mut grids: Vec<(u32, u32)> = vec![(sms.div_ceil(4), 32), (sms.div_ceil(2), 32)];
    grids.extend(THREADS.map(|threads| (sms, threads)));
    grids.extend((2..=resident / 1024).map(|blocks| (blocks * sms, 1024)));
    for &(blocks, threads) in &grids {
        let read = Launch { blocks, threads, ..Launch::of(Kernel::Read) };
        add("dram", Launch { bytes: dram, ..read }, dram);
        // Twenty sweeps, so that the first, which fills L2, hardly shows.
        let sweeps = 20;
        let bytes = (l2 / 4) & !0xffff;
        add("l2", Launch { bytes, steps: sweeps, ..read }, bytes * u64::from(sweeps));
        let rounds = 4000;
        let amount = u64::from(blocks * threads) * FLIGHT_PER_THREAD * u64::from(rounds);
        let bytes = SLICE * u64::from(blocks);
        let slice = Launch { kernel: Kernel::ReadSlice, bytes, steps: rounds, ..read };
        add("l1", slice, amount);
        add("shared", Launch { kernel: Kernel::ReadShared, steps: rounds, ..read }, amount);
    }
    points.extend(empty());
    points
}

fn find(Seen { samples, .. }: Seen<'_>) -> Findings {
    ["dram", "l2", "l1", "shared"].into_iter().map(|level| of_level(samples, level)).collect()
}

/// Peak and latency of one level.
fn of_level(samples: &[&Sample], level: &str) -> Result<Vec<Finding>, InputError> {
    let start = start(samples);
    // Bytes per second, without what every kernel takes besides its work.
    let rate = |s: &Sample| s.point.amount / (s.median() - start).max(s.median() / 10.0);
    let line = of(samples, level);
    let peak = line.iter().map(|sample| rate(sample)).fold(0.0, f64::max);
    let slowest = line.iter().min_by(|a, b| rate(a).total_cmp(&rate(b)));
    let slowest = slowest.expect("every level was measured");
    let latency = slowest.point.x / rate(slowest);
    let free = [
        Free { name: format!("{level}_bandwidth"), prior: peak, factor: None },
        Free { name: format!("{level}_loaded_latency"), prior: latency, factor: None },
        // From a long round corner to a sharp one.
        Free { name: format!("{level}_knee"), prior: 4.0, factor: Some(4.0) },
    ];
    let found = identify(&free, &line, rate, |v, s| {
        libm::pow(libm::pow(v[1] / s.point.x, v[2]) + libm::pow(v[0], -v[2]), -1.0 / v[2])
    })?;
    let all = format!("{}, all SMs together", PROBE.about);
    let little = "bytes in flight ÷ rate where few are in flight (Little's law)";
    Ok(vec![
        Finding::of(&found[0].name, &found[0], ("GB/s", 1e9), &all),
        Finding::of(&found[1].name, &found[1], ("ns", 1e-9), little),
    ])
}
