//! The three accounts of a loss agree on every shipped experiment: time by hop, what each hop
//! takes, and what comes back where a kind of hop is made free.

use std::collections::BTreeMap;

use models::outcome::{Cause, Fidelity, Outcome};
use models::transfer::Transfer;
use sim::Time;

use super::{Changes, Sample, replicate};
use crate::experiment::{Experiment, Plan, Point};
use crate::shipped;

/// The files of all shipped experiments, sorted.
fn files() -> Vec<String> {
    let folder = env!("CARGO_MANIFEST_DIR");
    let of = |folder: String| std::fs::read_dir(folder).expect("a folder of experiments");
    let files = of(folder.to_owned()).chain(of(format!("{folder}/cases")));
    let names = files.map(|file| file.expect("a file").path().display().to_string());
    let mut files: Vec<String> =
        names.filter(|name| name.ends_with(".toml") && !name.ends_with("Cargo.toml")).collect();
    files.sort();
    // Cases are many, and alike in what they ask.
    let step = if crate::nightly::is_left("all experiments, and not a third") { 3 } else { 1 };
    files.into_iter().step_by(step).collect()
}

/// Every shipped experiment of transfers, each of its points once, in closed form.
fn samples(mut see: impl FnMut(&str, &Point, &Sample)) {
    for name in files() {
        let mut experiment: Experiment = shipped::read(&name).expect("a shipped experiment");
        if experiment.load.is_some() {
            continue; // What runs over time has no account of one transfer.
        }
        experiment.repetitions = 1;
        experiment.at_fidelities(&[Fidelity::Closed]);
        let plan: Plan = experiment.plan().expect("a shipped experiment can be planned");
        for point in &plan.points().collect::<Vec<_>>() {
            let samples = replicate(&experiment, &plan, point, (Changes::All, &|| false));
            let samples = samples.expect("a shipped point can be run").expect("nobody stops it");
            see(&name, point, &samples[0]);
        }
    }
}

/// Seconds lost, by kind of hop.
fn lost(outcome: &Outcome) -> BTreeMap<&str, f64> {
    let mut lost = BTreeMap::new();
    for interval in outcome.life.iter().filter(|interval| interval.cause != Cause::LineRate) {
        *lost.entry(interval.kind.as_str()).or_default() += interval.span.as_seconds();
    }
    lost
}

/// Bytes per second taken, by kind of hop.
fn taken(outcome: &Outcome) -> BTreeMap<&str, f64> {
    let mut all = BTreeMap::new();
    for taken in &outcome.taken {
        *all.entry(taken.kind.as_str()).or_default() += taken.bytes_per_s;
    }
    all
}

fn most<'a>(of: &BTreeMap<&'a str, f64>) -> (&'a str, f64) {
    of.iter().map(|(k, v)| (*k, *v)).max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or(("", 0.0))
}

/// A gain within this of the best is as good.
const ALIKE: f64 = 0.05;
/// Where a hop's removal changes what others cost (headers, segments), or copies overlap, another
/// kind than the one that takes most may return most: on so many points at most.
const OTHERWISE: f64 = 0.06;

#[test]
fn time_and_loss_and_what_comes_back_name_one_kind_of_hop() {
    let (mut points, mut otherwise) = (0, Vec::new());
    samples(|name, point, sample| {
        for (at, outcome) in sample.outcomes.iter().enumerate() {
            let transfer = &point.transfers[at];
            let completion: f64 = outcome.completion.as_seconds();
            let spent: Time = outcome.life.iter().map(|interval| interval.span).sum();
            assert_eq!(spent, outcome.completion, "{name}: {transfer:?}");
            if transfer.request.is_some() || transfer.reply.is_some() {
                continue;
            }
            let (lost, taken) = (lost(outcome), taken(outcome));
            let reference = outcome.reference.as_bytes_per_s();
            let whole: f64 = taken.values().sum();
            let rest = whole + outcome.sent.as_bytes_per_s() - reference;
            // What is lost is not late: datagrams that never arrive leave their time to the others.
            if outcome.loss_ratio == 0.0 {
                assert!(
                    rest.abs() < 1e-6 * reference,
                    "{name}: {rest} of {reference} {transfer:?}"
                );
            }
            for (kind, rate) in &taken {
                let time = lost.get(kind).copied().unwrap_or(0.0);
                let same = (rate / reference - time / completion).abs() < 1e-9;
                assert!(same, "{name}: {kind} takes {rate} of {reference}, {time} of {completion}");
            }
            let (kind, rate) = most(&taken);
            // Nobody can make a wire free, and what takes next to nothing returns nothing.
            if kind == "wire" || rate < 0.02 * reference {
                continue;
            }
            let free = sample.advice[at].iter().filter(|advice| !advice.feasible);
            let best = free.clone().map(|advice| advice.gain_ratio).fold(0.0, f64::max);
            let own = free.clone().find(|advice| advice.change == format!("make {kind} free"));
            let own = own.map_or(0.0, |advice| advice.gain_ratio);
            points += 1;
            if own < (1.0 - ALIKE) * best {
                otherwise.push(format!("{name} {transfer:?}: {kind} returns {own} of {best}"));
            }
        }
    });
    let part = otherwise.len() as f64 / f64::from(points);
    assert!(points > 500, "{points} points");
    assert!(part <= OTHERWISE, "{} of {points}:\n{}", otherwise.len(), otherwise.join("\n"));
}

#[test]
fn changes_are_weighed_for_all_of_five_hundred_and_for_ten_of_more() {
    let transfers = |number: u64| -> Vec<Transfer> {
        (0..number).map(|at| Transfer::message("a", "b", sim::Bytes::new(1 + at / 2))).collect()
    };
    assert!(super::advised(&transfers(500)).iter().all(|asked| *asked));
    let many = super::advised(&transfers(501));
    let asked: Vec<usize> = (0..501).filter(|at| many[*at]).collect();
    // The last is alone in its size; of the others, pairs of equals, both.
    assert_eq!(asked, [490, 492, 493, 494, 495, 496, 497, 498, 499, 500]);
}
