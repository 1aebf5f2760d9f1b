//! Load latency: one thread walks a ring of dependent loads, one per 128-byte line.
//!
//! Rings that a level surely holds are its plateau; those near a capacity are measured for the
//! plot, and no parameter is taken from them. A level of unknown way (A100's L2 has a near and a
//! far half) shows as spread of its plateau, and so in the interval.

use models::input::InputError;

use super::super::facts::Facts;
use super::super::finding::{Finding, Findings, identify, open};
use super::super::kernel::Kernel;
use super::super::sample::Sample;
use super::super::work::{Launch, Place, ProbeWork, Timer};
use super::{GpuProbe, Point, Seen, of, seconds};

/// One load per line of 128 bytes.
const STRIDE: u32 = 32;
/// Loads that are timed.
const STEPS: u32 = 8192;

pub(super) const PROBE: GpuProbe = GpuProbe {
    name: "latency",
    about: "dependent loads around rings of growing size, cycles by the kernel's own counter",
    identifies: &["l1_latency", "l2_latency", "dram_latency", "shared_latency"],
    design,
    find,
};

/// The largest ring that the first level surely holds, the rings that the second does, and the
/// smallest that neither does \[B\].
fn levels(facts: &Facts) -> (f64, (f64, f64), f64) {
    let (first, second) = (facts.shared_per_sm as f64, facts.l2 as f64);
    (first / 4.0, ((4.0 * first).min(second / 8.0), second / 4.0), 4.0 * second)
}

fn design(facts: &Facts) -> Vec<Point> {
    let most = (facts.memory as u64 / 4).min(8 * facts.l2.max(1 << 20) as u64);
    // 4, 6, 8, 12, 16, 24, … KiB.
    let sizes = (12..40).flat_map(|power| [1u64 << power, (1u64 << power) * 3 / 2]);
    let chase = |bytes: u64| {
        let ring = Launch { bytes, stride: STRIDE, ..Launch::of(Kernel::Link) };
        let blocks = bytes.div_ceil(1 << 16).min(4096) as u32;
        let link = Launch { blocks, threads: 256, ..ring };
        let chase = Launch { kernel: Kernel::Chase, steps: STEPS, ..ring };
        let work = ProbeWork::launch(chase, Timer::Cycles).after(link);
        Point::new("global", ("working_set_b", bytes as f64), work, f64::from(STEPS))
    };
    let shared = |at: u32| {
        let steps = STEPS * at;
        let launch = Launch { steps, ..Launch::of(Kernel::ChaseShared) };
        let work = ProbeWork::launch(launch, Timer::Cycles);
        Point::new("shared", ("steps", f64::from(steps)), work, f64::from(steps))
    };
    sizes.take_while(|bytes| *bytes <= most).map(chase).chain((1..=4).map(shared)).collect()
}

fn find(Seen { facts, samples, .. }: Seen<'_>) -> Findings {
    let (first, second, beyond) = levels(facts);
    let global = of(samples, "global");
    let within = |low: f64, high: f64| -> Vec<&Sample> {
        let inside = |s: &&&Sample| s.point.x >= low && s.point.x <= high;
        global.iter().filter(inside).copied().collect()
    };
    let plateaus = [
        ("l1_latency", within(0.0, first)),
        ("l2_latency", within(second.0, second.1)),
        ("dram_latency", within(beyond, f64::INFINITY)),
        ("shared_latency", of(samples, "shared")),
    ];
    plateaus.iter().map(|(name, plateau)| of_plateau(name, plateau)).collect()
}

fn of_plateau(name: &str, plateau: &[&Sample]) -> Result<Vec<Finding>, InputError> {
    let Some(some) = plateau.first() else {
        return Err(InputError::new(name, "no ring is on this plateau alone"));
    };
    let each = |s: &Sample| seconds(s) / s.point.amount;
    let flat = |v: &[f64], _: &Sample| v[0];
    let found = identify(&[open(name, each(some))], plateau, each, flat)?;
    let clock = format!("{}; at {:.0} MHz", PROBE.about, some.clock.hz() / 1e6);
    Ok(vec![Finding::of(name, &found[0], ("ns", 1e-9), &clock)])
}

/// Dependent loads from memory that is not the device's own: the same walk, beyond the bus.
pub(super) fn beyond(memory: Place, bytes: u64, steps: u32) -> ProbeWork {
    let ring = Launch { bytes, stride: STRIDE, memory, ..Launch::of(Kernel::Link) };
    let link = Launch { blocks: 64, threads: 256, ..ring };
    ProbeWork::launch(Launch { kernel: Kernel::Chase, steps, ..ring }, Timer::Cycles).after(link)
}
