//! Copies both ways at once: how much of the sum of both rates is reached.

use models::input::InputError;

use super::super::facts::Facts;
use super::super::finding::{Finding, identify, open};
use super::super::sample::Sample;
use super::super::work::{Place, ProbeStep, ProbeWork, Timer};
use super::{GpuProbe, Point, Seen, of};

/// Bytes each way.
const SIZES: [u64; 3] = [64 << 20, 96 << 20, 128 << 20];

pub(super) const PROBE: GpuProbe = GpuProbe {
    name: "duplex",
    about: "pinned copies of 64 to 128 MiB to the device, to the host, and both at once",
    identifies: &["copy_duplex_efficiency"],
    design,
    find: |seen| find(seen).into(),
};

fn design(_: &Facts) -> Vec<Point> {
    let mut points = Vec::new();
    for bytes in SIZES {
        let there = vec![ProbeStep::Copy { from: Place::Pinned, to: Place::Device, bytes }];
        let back = vec![ProbeStep::Copy { from: Place::Device, to: Place::Pinned, bytes }];
        let lanes = [
            ("to_device", vec![there.clone()]),
            ("to_host", vec![back.clone()]),
            ("both", vec![there, back]),
        ];
        for (series, lanes) in lanes {
            let work = ProbeWork::lanes(lanes, Timer::Host);
            points.push(Point::new(series, ("copy_b", bytes as f64), work, bytes as f64));
        }
    }
    points
}

fn find(Seen { samples, .. }: Seen<'_>) -> Result<Vec<Finding>, InputError> {
    Ok(vec![efficiency("copy_duplex_efficiency", ["to_device", "to_host"], samples, PROBE.about)?])
}

/// What part of the sum of the rates of two ways, in series of these names, is reached by both.
pub(super) fn efficiency(
    name: &str,
    ways: [&str; 2],
    samples: &[&Sample],
    about: &str,
) -> Result<Finding, InputError> {
    let rate = |series| {
        let line = of(samples, series);
        line[0].point.x / line[0].median()
    };
    let (there, back, both) = (rate(ways[0]), rate(ways[1]), rate("both"));
    let free = [open(name, 2.0 * both / (there + back)), open("there", there), open("back", back)];
    let found = identify(&free, samples, Sample::median, |v, s| {
        match ways.iter().position(|way| *way == s.point.series) {
            Some(way) => s.point.x / v[1 + way],
            None => 2.0 * s.point.x / (v[0] * (v[1] + v[2])),
        }
    })?;
    Ok(Finding::of(name, &found[0], ("ratio", 1.0), about))
}
