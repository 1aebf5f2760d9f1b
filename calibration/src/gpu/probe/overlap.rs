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

/// Ways of the copy, and what is found of each.
const WAYS: [(&str, Place, Place, &str); 2] = [
    ("to_device", Place::Pinned, Place::Device, "copy_compute_overlap"),
    ("to_host", Place::Device, Place::Pinned, "copy_to_host_compute_overlap"),
];

pub(super) const PROBE: Probe = Probe {
    name: "overlap",
    about: "a pinned copy of 32 MiB each way, kernels of three lengths, and each beside the copy",
    identifies: &["copy_compute_overlap", "copy_to_host_compute_overlap"],
    design,
    find,
};

fn design(facts: &Facts) -> Vec<Point> {
    let mut points = Vec::new();
    let mut add = |series: &str, steps: u32, lanes| {
        let work = Work::lanes(lanes, Timer::Host);
        points.push(Point::new(series, ("steps", f64::from(steps)), work, 1.0));
    };
    let spin = |steps: u32| {
        let blocks = count(facts.sms);
        vec![Step::Launch(Launch { blocks, threads: 128, steps, ..Launch::of(Kernel::Spin) })]
    };
    for steps in STEPS {
        add("kernel", steps, vec![spin(steps)]);
    }
    for (way, from, to, _) in WAYS {
        let copy = vec![Step::Copy { from, to, bytes: BYTES }];
        add(&format!("{way}.copy"), 0, vec![copy.clone()]);
        for steps in STEPS {
            add(&format!("{way}.both"), steps, vec![copy.clone(), spin(steps)]);
        }
    }
    points
}

fn find(Seen { samples, .. }: Seen<'_>) -> Result<Vec<Finding>, InputError> {
    let kernels = of(samples, "kernel");
    let (short, long) = (kernels[0], kernels[kernels.len() - 1]);
    let per_step = (long.median() - short.median()) / (long.point.x - short.point.x);
    let start = (short.median() - per_step * short.point.x).max(short.median() / 1e3);
    let mut findings = Vec::new();
    for (way, _, _, name) in WAYS {
        let (alone, both) =
            (of(samples, &format!("{way}.copy")), of(samples, &format!("{way}.both")));
        let free = [
            open(name, 0.9),
            open("copy", alone[0].median()),
            open("per_step", per_step),
            vague("start", start),
        ];
        let own: Vec<&Sample> = kernels.iter().chain(&alone).chain(&both).copied().collect();
        let found = identify(&free, &own, Sample::median, |v, s| {
            let kernel = v[3] + s.point.x * v[2];
            match s.point.series.rsplit_once('.') {
                None => kernel,
                Some((_, "copy")) => v[1],
                Some(_) => v[1] + kernel - v[0] * v[1].min(kernel),
            }
        })?;
        findings.push(Finding::of(name, &found[0], ("ratio", 1.0), PROBE.about));
    }
    Ok(findings)
}
