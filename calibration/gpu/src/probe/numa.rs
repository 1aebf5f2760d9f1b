//! The NUMA node of host memory: copies both ways from and to page-locked memory of each node.
//!
//! The difference between nodes is what the way over the sockets' link takes.

use models::input::InputError;

use super::super::facts::Facts;
use super::super::finding::{Finding, identify, open, vague};
use super::super::sample::Sample;
use super::super::work::{Place, ProbeWork};
use super::{GpuProbe, Point, Seen, of};

/// Copies \[B\].
const SIZES: [u64; 4] = [4 << 20, 16 << 20, 64 << 20, 128 << 20];

pub(super) const PROBE: GpuProbe = GpuProbe {
    name: "numa",
    about: "pinned copies of 4 to 128 MiB from and to the memory of each NUMA node",
    identifies: &["nodeN.copy_to_device_rate", "nodeN.copy_to_host_rate"],
    design,
    find: |seen| find(seen).into(),
};

fn design(facts: &Facts) -> Vec<Point> {
    let mut points = Vec::new();
    for &node in &facts.nodes {
        let host = Place::Node(node);
        let ways = [("to_device", host, Place::Device), ("to_host", Place::Device, host)];
        for (way, from, to) in ways {
            for bytes in SIZES {
                let work = ProbeWork::copy(from, to, bytes);
                let series = format!("node{node}.{way}");
                points.push(Point::new(&series, ("copy_b", bytes as f64), work, bytes as f64));
            }
        }
    }
    points
}

fn find(Seen { facts, samples, .. }: Seen<'_>) -> Result<Vec<Finding>, InputError> {
    let mut findings = Vec::new();
    for node in &facts.nodes {
        for way in ["to_device", "to_host"] {
            let line = of(samples, &format!("node{node}.{way}"));
            let (first, last) = (line[0], line[line.len() - 1]);
            let rate = last.point.x / last.median();
            let start = (first.median() - first.point.x / rate).max(first.median() / 1e3);
            let name = format!("node{node}.copy_{way}_rate");
            let free = [open(name.as_str(), rate), vague("start", start)];
            let model = |v: &[f64], s: &Sample| v[1] + s.point.x / v[0];
            let found = identify(&free, &line, Sample::median, model)?;
            findings.push(Finding::of(&name, &found[0], ("GB/s", 1e9), PROBE.about));
        }
    }
    Ok(findings)
}
