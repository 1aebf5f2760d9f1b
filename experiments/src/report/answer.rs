//! The answer in a few sentences: how much of the line rate, what takes most, what brings it back.

use crate::plot::manifest::Manifest;
use crate::plot::run::{Outcome, Run, distinct};
use crate::plot::series::{Plan, Series};
use crate::plot::words;

/// A gain below this is not worth a sentence.
const WORTH: f64 = 0.005;

/// The sentences that a reader should take away.
pub fn sentences(run: &Run, plan: &Plan, manifest: &Manifest) -> Vec<String> {
    let mut sentences = Vec::new();
    sentences.extend(reported(manifest));
    let (Some(plain), Some(last)) = (plan.series.first(), plan.series.last()) else {
        return vec!["The run has no results.".into()];
    };
    sentences.extend(reach(run, last));
    if plan.series.len() > 1 {
        sentences.extend(reach(run, plain));
    }
    sentences.extend(takes(run, plain));
    sentences.extend(brings(run, plain));
    sentences
}

/// The point with the largest message of every topology.
pub fn largest<'r>(run: &'r Run, series: &Series) -> Vec<&'r Outcome> {
    let of = |topology: String| {
        let own = run.results.iter().filter(|result| result.key.topology == topology);
        let own = own.filter(|result| series.holds(&result.key));
        own.reduce(|most, next| if next.key.message_b > most.key.message_b { next } else { most })
    };
    run.topologies().into_iter().filter_map(of).collect()
}

fn reach(run: &Run, series: &Series) -> Option<String> {
    let mut points = largest(run, series);
    points.sort_by(|a, b| b.of_reference.total_cmp(&a.of_reference));
    let (best, worst) = (*points.first()?, *points.last()?);
    let size = words::size(best.key.message_b);
    let of =
        |point: &Outcome| format!(" of the {} line rate", words::bit_rate(point.reference_bit_s));
    let reaches = |point: &Outcome, of: &str| {
        let (share, rate) = (point.of_reference, point.goodput.mean);
        format!("{}{of} ({})", words::percent(share), words::bit_rate(rate))
    };
    let (how, name) = (how(series), &best.key.topology);
    let first = format!("At {size}{how}, {name} reaches {}", reaches(best, &of(best)));
    if points.len() == 1 {
        return Some(format!("{first}."));
    }
    let same = (best.reference_bit_s - worst.reference_bit_s).abs() < 1.0;
    let of_worst = if same { String::new() } else { of(worst) };
    let between = match points.len() {
        2 => String::new(),
        many => format!("; the other {} lie between", many - 2),
    };
    let last = reaches(worst, &of_worst);
    Some(format!("{first} and {} {last}{between}.", worst.key.topology))
}

/// The setting in brackets: ` (8 streams, overlapped)`.
fn how(series: &Series) -> String {
    if series.label.is_empty() { String::new() } else { format!(" ({})", series.label) }
}

/// How many of the topologies a statement is about: ` on every topology`.
fn on(some: usize, all: usize) -> String {
    match (some, all) {
        (_, 1) => String::new(),
        (some, all) if some == all => " on every topology".into(),
        (some, all) => format!(" on {some} of {all} topologies"),
    }
}

/// The name that comes most often, the first of equals, with what was said of it each time.
fn commonest(named: Vec<(String, f64)>) -> Option<(String, Vec<f64>)> {
    let names = distinct(named.iter().map(|(name, _)| name.clone()));
    let of = |name: String| {
        let own = named.iter().filter(|(other, _)| *other == name);
        (own.map(|(_, value)| *value).collect::<Vec<f64>>(), name)
    };
    let most = names
        .into_iter()
        .map(of)
        .reduce(|most, next| if next.0.len() > most.0.len() { next } else { most });
    most.map(|(values, name)| (name, values))
}

/// The kind of hop that takes most, most often.
fn takes(run: &Run, series: &Series) -> Option<String> {
    let points = largest(run, series);
    let named = points.iter().filter(|point| !point.most_taken_by.is_empty());
    let named = named.filter_map(|p| Some((p.most_taken_by.clone(), p.most_taken_ratio?)));
    let (kind, ratios) = commonest(named.collect())?;
    let (low, high) = bounds(&ratios)?;
    let share = span(low, high, words::percent);
    let (how, on) = (how(series), on(ratios.len(), points.len()));
    Some(format!("What takes most{how} is {kind}{on}: {share} of the line rate."))
}

/// The feasible change that is the best one most often.
fn brings(run: &Run, series: &Series) -> Option<String> {
    let points = largest(run, series);
    let best = |point: &&Outcome| {
        let own = run.returned.iter().filter(|advice| advice.key == point.key);
        let mut can = own.filter(|advice| advice.feasible && advice.gain > WORTH);
        can.next().map(|advice| (advice.change.clone(), advice.gain))
    };
    let how = how(series);
    let Some((change, gains)) = commonest(points.iter().filter_map(best).collect()) else {
        let least = words::percent(WORTH);
        return Some(format!("No change that a user can make brings back more than {least}{how}."));
    };
    let (low, high) = bounds(&gains)?;
    let gain = span(low, high, words::gain);
    let on = on(gains.len(), points.len());
    Some(format!("What brings most back{how}{on}: {change} ({gain})."))
}

fn reported(manifest: &Manifest) -> Vec<String> {
    let sentence = |one: crate::plot::manifest::Reported| {
        let (low, high) = one.predicted_bit_s?;
        let predicted = span(low, high, words::bit_rate);
        let about = one.about();
        let about = if about.is_empty() { String::new() } else { format!(" ({about})") };
        Some(format!("Reported{about}: {}; predicted: {predicted}.", one.value))
    };
    manifest.reported().into_iter().filter_map(sentence).collect()
}

fn bounds(values: &[f64]) -> Option<(f64, f64)> {
    let low = values.iter().copied().reduce(f64::min)?;
    Some((low, values.iter().copied().reduce(f64::max)?))
}

/// `4 % to 12 %`, or `4 %` if both ends read the same.
pub fn span(low: f64, high: f64, say: impl Fn(f64) -> String) -> String {
    let (low, high) = (say(low), say(high));
    if low == high { low } else { format!("{low} to {high}") }
}
