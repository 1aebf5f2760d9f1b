//! Copies of growing size: both ways, every kind of host memory, within the device, to a peer.
//!
//! ```text
//!   time = max(call, setup + bytes ÷ rate)          (see models::gpu::copy)
//! ```

use calibration_fit::posterior::Free;
use models::input::InputError;

use super::super::facts::Facts;
use super::super::finding::{Finding, Findings, identify, open};
use super::super::sample::Sample;
use super::super::work::{Place, ProbeWork};
use super::{GpuProbe, Point, Seen, of};

pub(crate) const PROBE: GpuProbe = GpuProbe {
    name: "copies",
    about: "copies of 1 KiB to 256 MiB, from the call to the end of waiting",
    identifies: &[
        "copy_setup",
        "copy_call",
        "copy_to_device_rate",
        "copy_to_host_rate",
        "copy_to_host_latency",
        "copy_to_device_pageable_rate",
        "copy_to_device_pageable_latency",
        "copy_to_host_pageable_rate",
        "copy_to_host_pageable_latency",
        "copy_to_device_write_combined_rate",
        "copy_to_device_write_combined_latency",
        "copy_within_rate",
        "copy_within_latency",
        "copy_peer_rate",
        "copy_peer_latency",
        "copy_from_peer_rate",
        "copy_from_peer_latency",
    ],
    design,
    find,
};

/// A way, and the stem of the names of its parameters.
struct Way {
    series: &'static str,
    from: Place,
    to: Place,
    stem: &'static str,
}

const fn way(series: &'static str, from: Place, to: Place, stem: &'static str) -> Way {
    Way { series, from, to, stem }
}

/// Reading write-combined memory back is never sensible, and is left out.
const WAYS: [Way; 8] = [
    way(PINNED, Place::Pinned, Place::Device, "copy_to_device"),
    way("to_host.pinned", Place::Device, Place::Pinned, "copy_to_host"),
    way("to_device.pageable", Place::Pageable, Place::Device, "copy_to_device_pageable"),
    way("to_host.pageable", Place::Device, Place::Pageable, "copy_to_host_pageable"),
    way(
        "to_device.write-combined",
        Place::WriteCombined,
        Place::Device,
        "copy_to_device_write_combined",
    ),
    way("within", Place::Device, Place::Device, "copy_within"),
    way("to_peer", Place::Device, Place::Peer, "copy_peer"),
    way("from_peer", Place::Peer, Place::Device, "copy_from_peer"),
];
/// The way whose set-up and call are those of the profile.
const PINNED: &str = "to_device.pinned";
/// Up to here a copy takes as long as an empty one \[B\].
const SMALL: f64 = 4096.0;

fn design(facts: &Facts) -> Vec<Point> {
    let sizes: Vec<u64> = (10..=28).map(|power| 1 << power).collect();
    let beyond = |way: &Way| way.to == Place::Peer || way.from == Place::Peer;
    let ways = WAYS.iter().filter(|way| facts.peer || !beyond(way));
    let point = |way: &Way, bytes: u64| {
        let work = ProbeWork::copy(way.from, way.to, bytes);
        Point::new(way.series, ("copy_b", bytes as f64), work, bytes as f64)
    };
    ways.flat_map(|way| sizes.iter().map(|bytes| point(way, *bytes)).collect::<Vec<_>>()).collect()
}

fn find(Seen { samples, .. }: Seen<'_>) -> Findings {
    WAYS.iter().map(|way| of_way(samples, way)).collect()
}

/// Rate and latency of one way; nothing if the device has none such.
fn of_way(samples: &[&Sample], way: &Way) -> Result<Vec<Finding>, InputError> {
    let line = of(samples, way.series);
    let (Some(first), Some(last)) = (line.first(), line.last()) else { return Ok(Vec::new()) };
    let rate = format!("{}_rate", way.stem);
    let starts = [
        ("copy_setup", first.median() / 2.0),
        ("copy_call", first.median()),
        (rate.as_str(), last.point.x / last.median()),
    ];
    // The set-up only shows where a copy lasts longer than its call: a wide prior keeps it.
    let free = starts.map(|(name, prior)| Free { name: name.into(), prior, factor: Some(10.0) });
    let found = identify(&free, &line, Sample::median, |v, s| v[1].max(v[0] + s.point.x / v[2]))?;
    let us = ("us", 1e-6);
    let mut findings = Vec::new();
    if way.series == PINNED {
        findings.push(Finding::of("copy_setup", &found[0], us, PROBE.about));
        findings.push(Finding::of("copy_call", &found[1], us, PROBE.about));
    } else {
        let small: Vec<&Sample> = line.iter().copied().filter(|s| s.point.x <= SMALL).collect();
        let name = format!("{}_latency", way.stem);
        let flat = |v: &[f64], _: &Sample| v[0];
        let free = [open(name.as_str(), first.median())];
        let small = identify(&free, &small, Sample::median, flat)?;
        findings.push(Finding::of(&name, &small[0], us, "copies of 1 to 4 KiB"));
    }
    findings.push(Finding::of(&rate, &found[2], ("GB/s", 1e9), PROBE.about));
    Ok(findings)
}
