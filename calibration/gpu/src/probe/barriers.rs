//! Barriers of a block: a part that every barrier has, and one for each warp that must arrive.

use models::input::InputError;

use super::super::facts::Facts;
use super::super::finding::{Finding, identify, open};
use super::super::kernel::Kernel;
use super::super::sample::Sample;
use super::super::work::{Launch, ProbeWork, Timer};
use super::{GpuProbe, Point, Seen, seconds};

/// Barriers that are timed.
const STEPS: u32 = 4096;

pub(super) const PROBE: GpuProbe = GpuProbe {
    name: "barriers",
    about: "barriers of blocks of 1 to 32 warps, one after another",
    identifies: &["barrier_latency", "barrier_per_warp"],
    design,
    find: |seen| find(seen).into(),
};

fn design(_: &Facts) -> Vec<Point> {
    let point = |warps: u32| {
        let threads = 32 * warps;
        let launch = Launch { threads, steps: STEPS, ..Launch::of(Kernel::Barrier) };
        let work = ProbeWork::launch(launch, Timer::Cycles);
        Point::new("barrier", ("warps", f64::from(warps)), work, f64::from(STEPS))
    };
    [1, 2, 4, 8, 12, 16, 24, 32].map(point).to_vec()
}

fn find(Seen { samples, .. }: Seen<'_>) -> Result<Vec<Finding>, InputError> {
    let each = |s: &Sample| seconds(s) / s.point.amount;
    let (one, most) = (each(samples[0]), each(samples[samples.len() - 1]));
    let free = [
        open("barrier_latency", one),
        open("barrier_per_warp", ((most - one) / 31.0).max(one / 1e3)),
    ];
    let line = |v: &[f64], s: &Sample| v[0] + s.point.x * v[1];
    let line = identify(&free, samples, each, line)?;
    let ns = ("ns", 1e-9);
    Ok(line.iter().map(|part| Finding::of(&part.name, part, ns, PROBE.about)).collect())
}
