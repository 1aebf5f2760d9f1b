//! Host memory that a kernel reads directly: its bandwidth and its latency.

use models::input::InputError;

use super::super::facts::Facts;
use super::super::finding::{Finding, identify, open, vague};
use super::super::kernel::Kernel;
use super::super::sample::Sample;
use super::super::work::{Launch, Place, Timer, Work};
use super::{Point, Probe, Seen, count, latency, of, seconds};

/// What is read \[B\].
const SIZES: [u64; 4] = [8 << 20, 16 << 20, 32 << 20, 64 << 20];
/// Dependent loads.
const CHAIN: u32 = 512;

pub(super) const PROBE: Probe = Probe {
    name: "mapped",
    about: "a kernel's loads from page-locked host memory, independent and dependent",
    identifies: &["mapped_read_rate", "mapped_read_latency"],
    design,
    find,
};

fn design(facts: &Facts) -> Vec<Point> {
    let blocks = 2 * count(facts.sms);
    let read = |bytes: u64| {
        let shape = Launch { blocks, threads: 512, bytes, ..Launch::of(Kernel::Read) };
        let launch = Launch { memory: Place::Pinned, stride: 0, ..shape };
        let work = Work::launch(launch, Timer::Events);
        Point::new("read", ("bytes_b", bytes as f64), work, bytes as f64)
    };
    // Far more lines than steps, so that no load finds a line that was fetched before.
    let chase = |steps: u32| {
        let work = latency::from_host(96 << 20, steps);
        Point::new("chase", ("steps", f64::from(steps)), work, f64::from(steps))
    };
    SIZES.map(read).into_iter().chain([CHAIN, 2 * CHAIN, 4 * CHAIN].map(chase)).collect()
}

fn find(Seen { samples, .. }: Seen<'_>) -> Result<Vec<Finding>, InputError> {
    let read = of(samples, "read");
    let (first, last) = (read[0], read[read.len() - 1]);
    let rate = (last.point.x - first.point.x) / (last.median() - first.median());
    let start = (first.median() - first.point.x / rate).max(first.median() / 1e3);
    let line = |v: &[f64], s: &Sample| v[1] + s.point.x / v[0];
    let free = [open("mapped_read_rate", rate), vague("start", start)];
    let read = identify(&free, &read, Sample::median, line)?;
    let chain = of(samples, "chase");
    let each = |s: &Sample| seconds(s) / s.point.amount;
    let flat = |v: &[f64], _: &Sample| v[0];
    let free = [open("mapped_read_latency", each(chain[0]))];
    let chain = identify(&free, &chain, each, flat)?;
    Ok(vec![
        Finding::of("mapped_read_rate", &read[0], ("GB/s", 1e9), PROBE.about),
        Finding::of("mapped_read_latency", &chain[0], ("ns", 1e-9), PROBE.about),
    ])
}
