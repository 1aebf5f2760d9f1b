//! Host memory that a kernel reads and writes directly: bandwidth both ways, and latency.

use models::input::InputError;

use super::super::facts::Facts;
use super::super::finding::{Finding, Findings, identify, open, vague};
use super::super::kernel::Kernel;
use super::super::sample::Sample;
use super::super::work::{Launch, Place, ProbeWork, Timer};
use super::{GpuProbe, Point, Seen, count, latency, of, seconds};

/// What is read, and what is written \[B\].
const SIZES: [u64; 6] = [64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20, 64 << 20];
/// Dependent loads.
const CHAIN: u32 = 512;

pub(super) const PROBE: GpuProbe = GpuProbe {
    name: "mapped",
    about: "a kernel's loads from and stores to page-locked host memory, and dependent loads",
    identifies: &["mapped_read_rate", "mapped_write_rate", "mapped_read_latency"],
    design,
    find,
};

fn design(facts: &Facts) -> Vec<Point> {
    let blocks = 2 * count(facts.sms);
    let read = |bytes: u64| {
        let shape = Launch { blocks, threads: 512, bytes, ..Launch::of(Kernel::Read) };
        let launch = Launch { memory: Place::Pinned, stride: 0, ..shape };
        let work = ProbeWork::launch(launch, Timer::Events);
        Point::new("read", ("bytes_b", bytes as f64), work, bytes as f64)
    };
    let write = |bytes: u64| {
        let stride = (bytes / 4) as u32;
        let shape = Launch { threads: 256, bytes, stride, ..Launch::of(Kernel::StreamInit) };
        let blocks = (bytes / 8 / 256) as u32;
        let launch = Launch { blocks, memory: Place::Pinned, ..shape };
        let work = ProbeWork::launch(launch, Timer::Events);
        Point::new("write", ("bytes_b", bytes as f64), work, bytes as f64)
    };
    // Far more lines than steps, so that no load finds a line that was fetched before.
    let chase = |steps: u32| {
        let work = latency::beyond(Place::Pinned, 96 << 20, steps);
        Point::new("chase", ("steps", f64::from(steps)), work, f64::from(steps))
    };
    let both = SIZES.map(read).into_iter().chain(SIZES.map(write));
    both.chain([CHAIN, 2 * CHAIN, 4 * CHAIN].map(chase)).collect()
}

fn find(Seen { samples, .. }: Seen<'_>) -> Findings {
    let rates = [("read", "mapped_read_rate"), ("write", "mapped_write_rate")];
    let rates = rates.into_iter().map(|(series, name)| rate(samples, series, name));
    rates.chain([latency_of(samples)]).collect()
}

/// What a kernel's own loads or stores reach.
fn rate(samples: &[&Sample], series: &str, name: &str) -> Result<Vec<Finding>, InputError> {
    let line = of(samples, series);
    let (first, last) = (line[0], line[line.len() - 1]);
    let rate = (last.point.x - first.point.x) / (last.median() - first.median());
    let start = (first.median() - first.point.x / rate).max(first.median() / 1e3);
    let law = |v: &[f64], s: &Sample| v[1] + s.point.x / v[0];
    let found = identify(&[open(name, rate), vague("start", start)], &line, Sample::median, law)?;
    Ok(vec![Finding::of(name, &found[0], ("GB/s", 1e9), PROBE.about)])
}

fn latency_of(samples: &[&Sample]) -> Result<Vec<Finding>, InputError> {
    let chain = of(samples, "chase");
    let each = |s: &Sample| seconds(s) / s.point.amount;
    let flat = |v: &[f64], _: &Sample| v[0];
    let free = [open("mapped_read_latency", each(chain[0]))];
    let chain = identify(&free, &chain, each, flat)?;
    Ok(vec![Finding::of("mapped_read_latency", &chain[0], ("ns", 1e-9), PROBE.about)])
}
