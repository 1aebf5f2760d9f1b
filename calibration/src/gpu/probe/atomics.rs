//! Atomic additions: on one word, on words of their own, and one after another.

use models::input::InputError;

use super::super::facts::Facts;
use super::super::finding::{Finding, Findings, identify, open, vague};
use super::super::kernel::Kernel;
use super::super::sample::Sample;
use super::super::work::{Launch, Timer, Work};
use super::{Point, Probe, Seen, count, of, seconds};

pub(super) const PROBE: Probe = Probe {
    name: "atomics",
    about: "atomic additions by all threads on one word or each on its own, and a chain by one",
    identifies: &["atomic_one_word_interval", "atomic_own_word_interval", "atomic_latency"],
    design,
    find,
};

fn design(facts: &Facts) -> Vec<Point> {
    let blocks = count(facts.sms);
    let mut points = Vec::new();
    for (series, stride) in [("one-word", 0), ("own-word", 1)] {
        for steps in [16, 32, 64, 128, 256] {
            let bytes = u64::from(blocks) * 256 * 4;
            let shape = Launch { blocks, threads: 256, bytes, ..Launch::of(Kernel::Atomic) };
            let launch = Launch { steps, stride, ..shape };
            let additions = f64::from(blocks) * 256.0 * f64::from(steps);
            let work = Work::launch(launch, Timer::Events);
            points.push(Point::new(series, ("additions", additions), work, additions));
        }
    }
    for steps in [1024, 2048, 4096] {
        let launch = Launch { steps, ..Launch::of(Kernel::AtomicChain) };
        let work = Work::launch(launch, Timer::Cycles);
        points.push(Point::new("chain", ("additions", f64::from(steps)), work, f64::from(steps)));
    }
    points
}

fn find(Seen { samples, .. }: Seen<'_>) -> Findings {
    let many = [("one-word", "atomic_one_word_interval"), ("own-word", "atomic_own_word_interval")];
    let many = many.into_iter().map(|(series, name)| interval(samples, series, name));
    many.chain([latency(samples)]).collect()
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
