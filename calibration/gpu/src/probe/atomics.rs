//! Atomic additions: on one word, on words of their own, and one after another.

use models::gpu::atomics::Contention;
use models::gpu::capability::WARP;
use models::input::InputError;

use super::super::facts::Facts;
use super::super::finding::{Finding, Findings, identify, identify_within, open, vague};
use super::super::kernel::Kernel;
use super::super::sample::Sample;
use super::super::work::{Launch, ProbeWork, Timer};
use super::{GpuProbe, Point, Seen, count, of, seconds};

pub(super) const PROBE: GpuProbe = GpuProbe {
    name: "atomics",
    about: "atomic additions by all threads on one word or each on its own, and a chain by one",
    identifies: &[
        "atomic_one_word_interval",
        "atomic_own_word_interval",
        "atomic_line_interval",
        "atomic_scattered_interval",
        "atomic_latency",
    ],
    design,
    find,
};

/// What [`Contention`] leaves out, as a relative standard error.
const CONTENTION_ERROR: f64 = 0.15;
const SCATTERED: Kernel = Kernel::AtomicScattered;

fn design(facts: &Facts) -> Vec<Point> {
    let blocks = count(facts.sms);
    let mut points = Vec::new();
    for (series, stride) in [("one-word", 0), ("own-word", 1)] {
        for steps in [16, 32, 64, 128, 256] {
            let bytes = u64::from(blocks) * 256 * 4;
            let shape = Launch { blocks, threads: 256, bytes, ..Launch::of(Kernel::Atomic) };
            let launch = Launch { steps, stride, ..shape };
            let additions = f64::from(blocks) * 256.0 * f64::from(steps);
            let work = ProbeWork::launch(launch, Timer::Events);
            points.push(Point::new(series, ("additions", additions), work, additions));
        }
    }
    // From half a sector to more than any L2 holds in its slices' nearest lines.
    for words in [2, 16, 128, 1 << 10, 1 << 14, 1 << 18, 1 << 22] {
        let shape = Launch { blocks: 8 * blocks, threads: 256, steps: 16, ..Launch::of(SCATTERED) };
        let launch = Launch { bytes: 4 * words, stride: words as u32, ..shape };
        let additions = f64::from(8 * blocks) * 256.0 * 16.0;
        let work = ProbeWork::launch(launch, Timer::Events);
        points.push(Point::new("scattered", ("words", words as f64), work, additions));
    }
    for steps in [1024, 2048, 4096] {
        let launch = Launch { steps, ..Launch::of(Kernel::AtomicChain) };
        let work = ProbeWork::launch(launch, Timer::Cycles);
        points.push(Point::new("chain", ("additions", f64::from(steps)), work, f64::from(steps)));
    }
    points
}

fn find(Seen { samples, .. }: Seen<'_>) -> Findings {
    let many_names =
        [("one-word", "atomic_one_word_interval"), ("own-word", "atomic_own_word_interval")];
    let many = many_names.into_iter().map(|(series, name)| interval(samples, series, name));
    let mut all: Findings = many.chain([latency(samples)]).collect();
    let of = |name: &str| all.found.iter().find(|found| found.parameter == name);
    if let (Some(word), Some(own)) = (of(many_names[0].1), of(many_names[1].1)) {
        let (word, own) = (word.base().0, own.base().0);
        match scattered(samples, word, own) {
            Ok(found) => all.found.extend(found),
            Err(problem) => all.problems.push(problem),
        }
    }
    all
}

/// What lines and sectors take where additions go to some words, as [`Contention`] has it.
fn scattered(samples: &[&Sample], word: f64, own: f64) -> Result<Vec<Finding>, InputError> {
    let line = of(samples, "scattered");
    if line.is_empty() {
        let told = "is told by additions to some words, which were not measured";
        return Err(InputError::new("atomic_line_interval", told));
    }
    let each = line[line.len() - 1].median() / line[line.len() - 1].point.amount;
    let names = ["atomic_line_interval", "atomic_scattered_interval"];
    let free = [vague(names[0], 8.0 * word), open(names[1], each)];
    let model = |v: &[f64], s: &Sample| {
        let unit = Contention { own, word, line: v[0], scattered: v[1] };
        s.point.amount / f64::from(WARP) * unit.warp(Some(s.point.x))
    };
    let found = identify_within(CONTENTION_ERROR, &free, &line, Sample::median, model)?;
    let about = "additions by all threads to 2 to 2^22 words, as if drawn";
    let finding = |(name, found)| Finding::of(name, found, ("ns", 1e-9), about);
    Ok(names.into_iter().zip(&found).map(finding).collect())
}

/// What each further addition of many threads takes.
fn interval(samples: &[&Sample], series: &str, name: &str) -> Result<Vec<Finding>, InputError> {
    let line = of(samples, series);
    let (first, last) = (line[0], line[line.len() - 1]);
    let slope = (last.median() - first.median()) / (last.point.x - first.point.x);
    let each = slope.max(last.median() / last.point.x / 1e3);
    let start = (first.median() - each * first.point.x).max(first.median() / 10.0);
    let model = |v: &[f64], s: &Sample| v[1] + s.point.x * v[0];
    let free = [open(name, each), vague("start", start)];
    let found = identify(&free, &line, Sample::median, model)?;
    Ok(vec![Finding::of(name, &found[0], ("ns", 1e-9), PROBE.about)])
}

/// What an addition takes that the next one waits for.
fn latency(samples: &[&Sample]) -> Result<Vec<Finding>, InputError> {
    let chain = of(samples, "chain");
    let each = |s: &Sample| seconds(s) / s.point.amount;
    let flat = |v: &[f64], _: &Sample| v[0];
    let found = identify(&[open("atomic_latency", each(chain[0]))], &chain, each, flat)?;
    Ok(vec![Finding::of("atomic_latency", &found[0], ("ns", 1e-9), PROBE.about)])
}
