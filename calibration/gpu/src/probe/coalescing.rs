//! Coalescing: one word of every `stride` is wanted, and memory moves whole granules.
//!
//! ```text
//!   time = words wanted · min(max(stride, word), granule) ÷ rate
//! ```
//!
//! A sector is 32 bytes since Maxwell; where DRAM is fetched in pairs of them, the granule is
//! found nearer to 64.

use models::input::InputError;

use super::super::facts::Facts;
use super::super::finding::{Finding, identify, open};
use super::super::kernel::Kernel;
use super::super::sample::Sample;
use super::super::work::{Launch, ProbeWork, Timer};
use super::{GpuProbe, Point, Seen, count, empty, of, start};

/// Bytes of a word.
const WORD: f64 = 4.0;

pub(super) const PROBE: GpuProbe = GpuProbe {
    name: "coalescing",
    about: "loads of one 4-byte word of every 4 to 128 bytes, by events",
    identifies: &["access_granule"],
    design,
    find: |seen| find(seen).into(),
};

fn design(facts: &Facts) -> Vec<Point> {
    let bytes = (facts.memory as u64 / 4).min(1 << 30);
    let blocks = count(facts.sms) * (count(facts.threads_per_sm) / 256);
    let point = |stride: u32| {
        let launch = Launch { blocks, threads: 256, bytes, stride, ..Launch::of(Kernel::Strided) };
        let wanted = (bytes / 4 / u64::from(stride)) as f64;
        let work = ProbeWork::launch(launch, Timer::Events);
        Point::new("strided", ("stride_b", f64::from(stride) * WORD), work, wanted)
    };
    [1, 2, 3, 4, 6, 8, 16, 20, 24, 28, 32].map(point).into_iter().chain(empty()).collect()
}

fn find(Seen { samples, .. }: Seen<'_>) -> Result<Vec<Finding>, InputError> {
    let start = start(samples);
    let each = |s: &Sample| (s.median() - start).max(s.median() / 10.0) / s.point.amount;
    let samples = of(samples, "strided");
    let (dense, sparse) = (samples[0], samples[samples.len() - 1]);
    let rate = WORD / each(dense);
    let free = [open("access_granule", each(sparse) * rate), open("rate", rate)];
    let model = |v: &[f64], s: &Sample| s.point.x.max(WORD).min(v[0]) / v[1];
    let found = identify(&free, &samples, each, model)?;
    Ok(vec![Finding::of("access_granule", &found[0], ("B", 1.0), PROBE.about)])
}
