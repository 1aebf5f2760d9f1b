//! The device beside this one: copies both ways at once, and its memory under a kernel's own loads.
//!
//! What one copy reaches is in the probe of copies. Kernels address a peer's memory only where the
//! machine lets them; elsewhere copies go through the host, and nothing else is measured.

use models::input::InputError;

use super::super::facts::Facts;
use super::super::finding::{Finding, identify, open, vague};
use super::super::kernel::Kernel;
use super::super::sample::Sample;
use super::super::work::{Launch, Place, ProbeStep, ProbeWork, Timer};
use super::{GpuProbe, Point, Seen, count, duplex, latency, of, seconds};

/// Bytes each way.
const SIZES: [u64; 3] = [64 << 20, 96 << 20, 128 << 20];
/// What is read \[B\].
const READ: [u64; 4] = [8 << 20, 16 << 20, 32 << 20, 64 << 20];
/// Dependent loads.
const CHAIN: u32 = 1024;

pub(super) const PROBE: GpuProbe = GpuProbe {
    name: "peers",
    about: "copies to and from the next device and both at once, and a kernel's loads from it",
    identifies: &["peer_duplex_efficiency", "peer_read_rate", "peer_read_latency"],
    design,
    find: |seen| find(seen).into(),
};

fn design(facts: &Facts) -> Vec<Point> {
    let mut points = Vec::new();
    if facts.peer {
        for bytes in SIZES {
            let there = vec![ProbeStep::Copy { from: Place::Device, to: Place::Peer, bytes }];
            let back = vec![ProbeStep::Copy { from: Place::Peer, to: Place::Device, bytes }];
            let both = vec![there.clone(), back.clone()];
            for (series, lanes) in [("there", vec![there]), ("back", vec![back]), ("both", both)] {
                let work = ProbeWork::lanes(lanes, Timer::Host);
                points.push(Point::new(series, ("copy_b", bytes as f64), work, bytes as f64));
            }
        }
    }
    if facts.peer_loads {
        let blocks = 2 * count(facts.sms);
        let read = |bytes: u64| {
            let shape = Launch { blocks, threads: 512, bytes, ..Launch::of(Kernel::Read) };
            let launch = Launch { memory: Place::Peer, stride: 0, ..shape };
            let work = ProbeWork::launch(launch, Timer::Events);
            Point::new("read", ("bytes_b", bytes as f64), work, bytes as f64)
        };
        points.extend(READ.map(read));
        let chase = |steps: u32| {
            let work = latency::beyond(Place::Peer, 96 << 20, steps);
            Point::new("chase", ("steps", f64::from(steps)), work, f64::from(steps))
        };
        points.extend([CHAIN, 2 * CHAIN, 4 * CHAIN].map(chase));
    }
    points
}

fn find(Seen { facts, samples, .. }: Seen<'_>) -> Result<Vec<Finding>, InputError> {
    let copies: Vec<&Sample> =
        samples.iter().copied().filter(|s| s.point.axis == "copy_b").collect();
    let both =
        duplex::efficiency("peer_duplex_efficiency", ["there", "back"], &copies, PROBE.about)?;
    let mut findings = vec![both];
    if facts.peer_loads {
        let read = of(samples, "read");
        let (first, last) = (read[0], read[read.len() - 1]);
        let rate = (last.point.x - first.point.x) / (last.median() - first.median());
        let start = (first.median() - first.point.x / rate).max(first.median() / 1e3);
        let line = |v: &[f64], s: &Sample| v[1] + s.point.x / v[0];
        let free = [open("peer_read_rate", rate), vague("start", start)];
        let read = identify(&free, &read, Sample::median, line)?;
        findings.push(Finding::of("peer_read_rate", &read[0], ("GB/s", 1e9), PROBE.about));
        let chain = of(samples, "chase");
        let each = |s: &Sample| seconds(s) / s.point.amount;
        let flat = |v: &[f64], _: &Sample| v[0];
        let free = [open("peer_read_latency", each(chain[0]))];
        let chain = identify(&free, &chain, each, flat)?;
        findings.push(Finding::of("peer_read_latency", &chain[0], ("ns", 1e-9), PROBE.about));
    }
    Ok(findings)
}
