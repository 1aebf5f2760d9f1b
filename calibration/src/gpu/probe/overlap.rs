//! Copy beside compute: how much of the shorter one is hidden behind the longer.
//!
//! ```text
//!   time together = copy + kernel − overlap · min(copy, kernel)
//! ```

use models::input::InputError;

use super::super::facts::Facts;
use super::super::finding::{Finding, identify, open, vague};
use super::super::kernel::Kernel;
use super::super::sample::Sample;
use super::super::work::{Launch, Place, Step, Timer, Work};
use super::{Point, Probe, Seen, count, of};

/// Bytes of the copy; the kernel that spins is of the same order.
const BYTES: u64 = 32 << 20;
const STEPS: [u32; 3] = [400_000, 800_000, 1_600_000];

pub(super) const PROBE: Probe = Probe {
    name: "overlap",
    about: "a pinned copy of 32 MiB, kernels of three lengths, and each kernel beside the copy",
    identifies: &["copy_compute_overlap"],
    design,
    find,
};

fn design(facts: &Facts) -> Vec<Point> {
    let copy = vec![Step::Copy { from: Place::Pinned, to: Place::Device, bytes: BYTES }];
    let mut points = Vec::new();
    let mut add = |series, steps: u32, lanes| {
        let work = Work::lanes(lanes, Timer::Host);
        points.push(Point::new(series, ("steps", f64::from(steps)), work, 1.0));
    };
    add("copy", 0, vec![copy.clone()]);
    for steps in STEPS {
        let blocks = count(facts.sms);
        let launch = Launch { blocks, threads: 128, steps, ..Launch::of(Kernel::Spin) };
        let spin = vec![Step::Launch(launch)];
        add("kernel", steps, vec![spin.clone()]);
        add("both", steps, vec![copy.clone(), spin]);
    }
    points
}

fn find(Seen { samples, .. }: Seen<'_>) -> Result<Vec<Finding>, InputError> {
    let copy = of(samples, "copy")[0].median();
    let kernels = of(samples, "kernel");
    let (short, long) = (kernels[0], kernels[kernels.len() - 1]);
    let per_step = (long.median() - short.median()) / (long.point.x - short.point.x);
    let start = (short.median() - per_step * short.point.x).max(short.median() / 1e3);
    let free = [
        open("copy_compute_overlap", 0.9),
        open("copy", copy),
        open("per_step", per_step),
        vague("start", start),
    ];
    let found = identify(&free, samples, Sample::median, |v, s| {
        let kernel = v[3] + s.point.x * v[2];
        match s.point.series.as_str() {
            "copy" => v[1],
            "kernel" => kernel,
            _ => v[1] + kernel - v[0] * v[1].min(kernel),
        }
    })?;
    Ok(vec![Finding::of("copy_compute_overlap", &found[0], ("ratio", 1.0), PROBE.about)])
}
