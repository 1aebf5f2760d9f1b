//! Copy beside compute: how much of the shorter one is hidden behind the longer.
//!
//! ```text
//!   time together = copy + kernel − overlap · min(copy, kernel)
//! ```

use models::input::InputError;

use super::super::facts::Facts;
use super::super::finding::{Finding, Findings, identify, open, vague};
use super::super::kernel::Kernel;
use super::super::sample::Sample;
use super::super::work::{Launch, Place, ProbeStep, ProbeWork, Timer};
use super::{GpuProbe, Point, Seen, count, of};

/// Bytes of the copy; the kernels are of the same order.
const BYTES: u64 = 32 << 20;
/// Lengths of the kernel that needs nothing but time, and of the one that sweeps device memory.
const SPINS: [u32; 3] = [400_000, 800_000, 1_600_000];
const SWEEPS: [u32; 3] = [4, 8, 16];

/// A copy, and the kernel that runs beside it.
struct Pair {
    series: &'static str,
    from: Place,
    to: Place,
    kernel: Kernel,
    name: &'static str,
}

const PAIRS: [Pair; 3] = [
    Pair {
        series: "to_device.spin",
        from: Place::Pinned,
        to: Place::Device,
        kernel: Kernel::Spin,
        name: "copy_compute_overlap",
    },
    Pair {
        series: "to_host.spin",
        from: Place::Device,
        to: Place::Pinned,
        kernel: Kernel::Spin,
        name: "copy_to_host_compute_overlap",
    },
    Pair {
        series: "to_host.sweep",
        from: Place::Device,
        to: Place::Pinned,
        kernel: Kernel::Read,
        name: "copy_to_host_memory_overlap",
    },
];

pub(super) const PROBE: GpuProbe = GpuProbe {
    name: "overlap",
    about: "a pinned copy of 32 MiB, kernels that compute or read memory, and both at once",
    identifies: &[
        "copy_compute_overlap",
        "copy_to_host_compute_overlap",
        "copy_to_host_memory_overlap",
    ],
    design,
    find,
};

/// The kernel of a pair at its three lengths.
fn kernels(facts: &Facts, kernel: Kernel) -> [Launch; 3] {
    let blocks = count(facts.sms);
    if kernel == Kernel::Spin {
        let spin = Launch { blocks, threads: 128, ..Launch::of(kernel) };
        return SPINS.map(|steps| Launch { steps, ..spin });
    }
    let bytes = (256 << 20).min(facts.memory as u64 / 8);
    let sweep = Launch { blocks, threads: 1024, bytes, stride: 0, ..Launch::of(kernel) };
    SWEEPS.map(|steps| Launch { steps, ..sweep })
}

fn design(facts: &Facts) -> Vec<Point> {
    let mut points = Vec::new();
    for Pair { series, from, to, kernel, .. } in PAIRS {
        let copy = vec![ProbeStep::Copy { from, to, bytes: BYTES }];
        let mut add = |what: &str, steps: u32, lanes| {
            let work = ProbeWork::lanes(lanes, Timer::Host);
            let series = format!("{series}.{what}");
            points.push(Point::new(&series, ("steps", f64::from(steps)), work, 1.0));
        };
        add("copy", 0, vec![copy.clone()]);
        for launch in kernels(facts, kernel) {
            let kernel = vec![ProbeStep::Launch(launch)];
            add("kernel", launch.steps, vec![kernel.clone()]);
            add("both", launch.steps, vec![copy.clone(), kernel]);
        }
    }
    points
}

fn find(Seen { samples, .. }: Seen<'_>) -> Findings {
    PAIRS.iter().map(|pair| Ok(vec![overlap(pair, samples)?])).collect()
}

/// What part of the shorter of a pair is hidden.
fn overlap(pair: &Pair, samples: &[&Sample]) -> Result<Finding, InputError> {
    let mine = |sample: &&Sample| sample.point.series.starts_with(pair.series);
    let own: Vec<&Sample> = samples.iter().copied().filter(mine).collect();
    let copy = of(&own, &format!("{}.copy", pair.series))[0].median();
    let kernels = of(&own, &format!("{}.kernel", pair.series));
    let (short, long) = (kernels[0], kernels[kernels.len() - 1]);
    let per_step = (long.median() - short.median()) / (long.point.x - short.point.x);
    let start = (short.median() - per_step * short.point.x).max(short.median() / 1e3);
    let free = [
        open(pair.name, 0.9),
        open("copy", copy),
        open("per_step", per_step),
        vague("start", start),
    ];
    let found = identify(&free, &own, Sample::median, |v, s| {
        let kernel = v[3] + s.point.x * v[2];
        match s.point.series.rsplit('.').next() {
            Some("copy") => v[1],
            Some("kernel") => kernel,
            _ => v[1] + kernel - v[0] * v[1].min(kernel),
        }
    })?;
    Ok(Finding::of(pair.name, &found[0], ("ratio", 1.0), PROBE.about))
}
