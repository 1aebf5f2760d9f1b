//! The SM clock: cycles of a long and a short kernel against their times.
//!
//! The kernel counts its own cycles, the events around it time it, and the difference of two
//! lengths leaves out what a launch costs. It also runs before and after every other probe: that
//! is the clock state which each row of the tables records.

use models::input::InputError;

use super::super::facts::Facts;
use super::super::finding::{Finding, identify, open, vague};
use super::super::kernel::Kernel;
use super::super::sample::Sample;
use super::super::work::{Launch, ProbeWork, Timer};
use super::{GpuProbe, Point, Seen, of};

/// Steps of the short and of the long kernel: of the order of 0.1 and 0.5 ms.
const STEPS: [u32; 4] = [40_000, 80_000, 120_000, 200_000];

pub(crate) const PROBE: GpuProbe = GpuProbe {
    name: "clock",
    about: "cycles that a kernel counts against its time by events, at four lengths",
    identifies: &["sm_clock"],
    design,
    find: |seen| find(seen).into(),
};

fn launch(steps: u32) -> Launch {
    Launch { steps, threads: 32, ..Launch::of(Kernel::Spin) }
}

fn design(_: &Facts) -> Vec<Point> {
    let point = |steps: u32, series, timer| {
        let work = ProbeWork::launch(launch(steps), timer);
        Point::new(series, ("steps", f64::from(steps)), work, f64::from(steps))
    };
    let both =
        |steps: u32| [point(steps, "cycles", Timer::Cycles), point(steps, "time", Timer::Events)];
    STEPS.into_iter().flat_map(both).collect()
}

fn find(Seen { samples, .. }: Seen<'_>) -> Result<Vec<Finding>, InputError> {
    let cycles = of(samples, "cycles");
    let per_step = cycles.iter().map(|s| s.median() / s.point.amount).sum::<f64>();
    let per_step = per_step / cycles.len() as f64;
    let times = of(samples, "time");
    let guess = times[0].point.amount * per_step / times[0].median();
    let free = [open("sm_clock", guess), vague("start", times[0].median() / 100.0)];
    let model = |v: &[f64], s: &Sample| v[1] + s.point.amount * per_step / v[0];
    let estimates = identify(&free, &times, Sample::median, model)?;
    Ok(vec![Finding::of("sm_clock", &estimates[0], ("MHz", 1e6), PROBE.about)])
}

/// The clock now, from pairs of cycles and seconds \[Hz\]: short kernel first, then long.
pub(crate) fn state_work() -> [ProbeWork; 3] {
    let [short, .., long] = STEPS;
    [
        ProbeWork::launch(launch(short), Timer::Events),
        ProbeWork::launch(launch(long), Timer::Events),
        ProbeWork::launch(launch(long), Timer::Cycles),
    ]
}

/// The part of the long kernel's cycles that the short one does not take.
pub(crate) fn long_without_short() -> f64 {
    1.0 - f64::from(STEPS[0]) / f64::from(STEPS[3])
}
