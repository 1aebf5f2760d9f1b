//! Bank conflicts: what each further lane in the same bank costs.
//!
//! ```text
//!   time of a load = latency + (ways − 1) · conflict
//! ```

use models::input::InputError;

use super::super::facts::Facts;
use super::super::finding::{Finding, identify, open};
use super::super::kernel::Kernel;
use super::super::sample::Sample;
use super::super::work::{Launch, ProbeWork, Timer};
use super::{GpuProbe, Point, Seen, seconds};

/// Loads that are timed.
const STEPS: u32 = 8192;

pub(super) const PROBE: GpuProbe = GpuProbe {
    name: "banks",
    about: "a warp's dependent loads from shared memory with 1 to 32 lanes in a bank",
    identifies: &["bank_conflict"],
    design,
    find: |seen| find(seen).into(),
};

fn design(_: &Facts) -> Vec<Point> {
    let point = |power: u32| {
        let ways = 1u32 << power;
        let launch =
            Launch { threads: 32, stride: ways, steps: STEPS, ..Launch::of(Kernel::Conflict) };
        let work = ProbeWork::launch(launch, Timer::Cycles);
        Point::new("conflict", ("ways", f64::from(ways)), work, f64::from(STEPS))
    };
    (0..=5).map(point).collect()
}

fn find(Seen { samples, .. }: Seen<'_>) -> Result<Vec<Finding>, InputError> {
    let each = |s: &Sample| seconds(s) / s.point.amount;
    let (none, most) = (each(samples[0]), each(samples[samples.len() - 1]));
    let free =
        [open("bank_conflict", ((most - none) / 31.0).max(none / 1e3)), open("latency", none)];
    let line = |v: &[f64], s: &Sample| v[1] + (s.point.x - 1.0) * v[0];
    let line = identify(&free, samples, each, line)?;
    Ok(vec![Finding::of("bank_conflict", &line[0], ("ns", 1e-9), PROBE.about)])
}
