//! Turns: how long one is, and what it takes to pass from one context to the next.
//!
//! Contexts of one process take turns on the GPU as those of several pods do under time-slicing.
//! A short kernel beside a long one that began first waits for a turn and a switch; two kernels
//! that are long beside a turn lose a switch for each turn of both:
//!
//! ```text
//!   behind = start + quantum + switch + short
//!   pair   = start + 2 long + (2 long ÷ quantum − 1) · switch
//! ```
//!
//! The last turn of a kernel may be cut short, which the second line smooths over: at 20 turns and
//! more that is at most a fortieth of what switches take.

use models::input::InputError;

use super::super::facts::Facts;
use super::super::finding::{Finding, Findings, identify, open, vague};
use super::super::kernel::Kernel;
use super::super::sample::Sample;
use super::super::work::{Launch, ProbeStep, ProbeWork, Timer};
use super::{GpuProbe, Point, Seen, count, of};

/// Steps of the long kernels: 40 to 80 ms where a step takes four cycles of 1.4 GHz.
const LONG: [u32; 3] = [14_000_000, 20_000_000, 28_000_000];
/// Steps of the short kernel, a hundredth of a turn.
const SHORT: u32 = 10_000;

pub(super) const PROBE: GpuProbe = GpuProbe {
    name: "turns",
    about: "a long kernel alone, two at once, and a short one behind it, each in its own context",
    identifies: &["turn_quantum", "turn_switch"],
    design,
    find,
};

fn design(facts: &Facts) -> Vec<Point> {
    // On every SM, so that no context finds a place beside the other.
    let blocks = count(facts.sms);
    let spin = |steps: u32| {
        let launch = Launch { blocks, threads: 128, steps, ..Launch::of(Kernel::Spin) };
        vec![ProbeStep::Launch(launch)]
    };
    let mut points = Vec::new();
    let mut add = |series, steps: u32, lanes, timer| {
        let work = ProbeWork::contexts(lanes, timer);
        points.push(Point::new(series, ("steps", f64::from(steps)), work, 1.0));
    };
    for steps in LONG {
        add("alone", steps, vec![spin(steps)], Timer::Host);
        add("pair", steps, vec![spin(steps); 2], Timer::Host);
        add("behind", steps, vec![spin(steps), spin(SHORT)], Timer::LastLane);
    }
    points
}

fn find(Seen { samples, .. }: Seen<'_>) -> Findings {
    turns(samples).into()
}

/// Both numbers of a turn.
fn turns(samples: &[&Sample]) -> Result<Vec<Finding>, InputError> {
    let (alone, pair, behind) = (of(samples, "alone"), of(samples, "pair"), of(samples, "behind"));
    let (first, last) = (alone[0], alone[alone.len() - 1]);
    let per_step = (last.median() - first.median()) / (last.point.x - first.point.x);
    let (turn, long) = (behind[0].median(), last.median());
    // The part that switches take of a pair's time is what they take of a turn and a switch.
    let lost = (1.0 - 2.0 * long / pair[pair.len() - 1].median()).clamp(1e-3, 0.9);
    let free = [
        open("turn_quantum", turn * (1.0 - lost)),
        open("turn_switch", turn * lost),
        open("per_step", per_step),
        vague("start", turn / 100.0),
    ];
    let found = identify(&free, samples, Sample::median, |v, s| {
        let [quantum, switch, per_step, start] = [v[0], v[1], v[2], v[3]];
        let long = s.point.x * per_step;
        match s.point.series.as_str() {
            "alone" => start + long,
            "pair" => start + 2.0 * long + (2.0 * long / quantum - 1.0).max(0.0) * switch,
            _ => start + quantum + switch + f64::from(SHORT) * per_step,
        }
    })?;
    let finding = |at: usize, unit| Finding::of(&found[at].name, &found[at], unit, PROBE.about);
    Ok(vec![finding(0, ("ms", 1e-3)), finding(1, ("us", 1e-6))])
}
