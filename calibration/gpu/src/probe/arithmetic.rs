//! Arithmetic: multiply-adds that nothing holds up, in all lanes.
//!
//! ```text
//!   time = start + multiply-adds ÷ (SMs · lanes · clock · efficiency)
//! ```

use models::input::InputError;

use super::super::execution;
use super::super::facts::Facts;
use super::super::finding::{Finding, identify, open, vague};
use super::super::judge::body;
use super::super::sample::Sample;
use super::super::work::{ProbeWork, Timer};
use super::{GpuProbe, Point, Seen, count};

/// Rounds of four multiply-adds.
const STEPS: [u32; 3] = [10_000, 20_000, 40_000];
/// Blocks of [`body::arithmetic`] that fill an SM.
const RESIDENT: u32 = 2;

pub(super) const PROBE: GpuProbe = GpuProbe {
    name: "arithmetic",
    about: "independent single-precision multiply-adds in full SMs, by events",
    identifies: &["single_efficiency"],
    design,
    find: |seen| find(seen).into(),
};

fn design(facts: &Facts) -> Vec<Point> {
    let blocks = RESIDENT * count(facts.sms);
    let point = |steps: u32| {
        let launch = body::arithmetic(blocks, steps);
        let amount = 4.0 * f64::from(steps) * f64::from(blocks) * f64::from(launch.threads);
        let work = ProbeWork::launch(launch, Timer::Events);
        Point::new("multiply-add", ("steps", f64::from(steps)), work, amount)
    };
    STEPS.map(point).into()
}

fn find(seen: Seen<'_>) -> Result<Vec<Finding>, InputError> {
    let Seen { facts, found, samples } = seen;
    let machine = execution::so_far(facts, found)?;
    let lanes = f64::from(machine.sms) * f64::from(machine.capability.single_lanes);
    let peak = lanes * machine.clock_hz;
    let line = |v: &[f64], s: &Sample| v[1] + s.point.amount / (peak * v[0]);
    let (first, last) = (samples[0], samples[samples.len() - 1]);
    let slope = (last.median() - first.median()) / (last.point.amount - first.point.amount);
    let efficiency = (1.0 / (slope.max(1e-30) * peak)).clamp(0.01, 1.0);
    let free = [open("single_efficiency", efficiency), vague("start", first.median() / 20.0)];
    let found = identify(&free, samples, Sample::median, line)?;
    let mut found = Finding::of("single_efficiency", &found[0], ("ratio", 1.0), PROBE.about);
    // A GPU that boosts beyond what its driver names is not above its peak.
    for value in [&mut found.value, &mut found.low, &mut found.high] {
        *value = value.min(1.0);
    }
    Ok(vec![found])
}
