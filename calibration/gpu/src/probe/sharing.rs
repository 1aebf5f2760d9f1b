//! Sharing: what each neighbour costs that runs at the same time.
//!
//! ```text
//!   time of k at once = time of one · (1 + (k − 1) · cost)
//! ```
//!
//! A cost of 0 is a neighbour that nobody feels, 1 is sharing without loss. Kernels in streams of
//! one context run as those of clients of MPS do since Volta.

use models::input::InputError;

use super::super::facts::Facts;
use super::super::finding::{Finding, Findings, identify, open};
use super::super::kernel::Kernel;
use super::super::sample::Sample;
use super::super::work::{Launch, ProbeStep, ProbeWork, Timer};
use super::{GpuProbe, Point, Seen, count, of};

/// How many run at once.
const MOST: u32 = 4;

pub(super) const PROBE: GpuProbe = GpuProbe {
    name: "sharing",
    about: "1 to 4 equal kernels at once: filling the GPU, and reading memory",
    identifies: &["share_streams_cost", "share_memory_cost"],
    design,
    find,
};

fn design(facts: &Facts) -> Vec<Point> {
    let sms = count(facts.sms);
    let full = sms * (count(facts.threads_per_sm) / 256).max(1);
    let spin = Launch { blocks: full, threads: 256, steps: 200_000, ..Launch::of(Kernel::Spin) };
    // A quarter of the SMs, which can have their blocks beside each other.
    let blocks = sms.div_ceil(4);
    let bytes = (256 << 20).min(facts.memory as u64 / 8);
    let shape = Launch { blocks, threads: 1024, bytes, ..Launch::of(Kernel::Read) };
    let read = Launch { stride: 0, steps: 4, ..shape };
    let mut points = Vec::new();
    for (series, launch) in [("streams", spin), ("memory", read)] {
        for number in 1..=MOST {
            let work = ProbeWork::lanes(
                vec![vec![ProbeStep::Launch(launch)]; number as usize],
                Timer::Host,
            );
            points.push(Point::new(series, ("kernels", f64::from(number)), work, 1.0));
        }
    }
    points
}

fn find(Seen { samples, .. }: Seen<'_>) -> Findings {
    ["streams", "memory"].into_iter().map(|series| cost(samples, series)).collect()
}

/// What each neighbour of a kind costs.
fn cost(samples: &[&Sample], series: &str) -> Result<Vec<Finding>, InputError> {
    let name = format!("share_{series}_cost");
    let line = of(samples, series);
    let (one, most) = (line[0], line[line.len() - 1]);
    let cost = (most.median() / one.median() - 1.0) / (most.point.x - 1.0);
    // Neighbours that nobody feels at all would have no logarithm.
    let free = [open(name.as_str(), cost.max(1e-3)), open("alone", one.median())];
    let model = |v: &[f64], s: &Sample| v[1] * (1.0 + (s.point.x - 1.0) * v[0]);
    let found = identify(&free, &line, Sample::median, model)?;
    Ok(vec![Finding::of(&name, &found[0], ("ratio", 1.0), PROBE.about)])
}
