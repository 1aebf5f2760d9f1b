//! The answer in a few sentences: how much of the line rate, what takes most, what brings it back.

use crate::plot::manifest::Manifest;
use crate::plot::run::{Outcome, Run, distinct};
use crate::plot::series::{Plan, Series};
use crate::plot::words;

/// A gain below this is not worth a sentence.
const WORTH: f64 = 0.005;

/// More exceptions than this are left to the tables.
const MOST_EXCEPTIONS: usize = 3;

/// The sentences that a reader should take away.
pub fn sentences(run: &Run, plan: &Plan, manifest: &Manifest) -> Vec<String> {
    let mut sentences = Vec::new();
    sentences.extend(reported(manifest));
    let ends = plan.ends();
    let Some(plain) = ends.first() else {
        return vec!["The run has no results.".into()];
    };
    let direct = plan.series.last().filter(|last| ends.iter().all(|end| end.shared != last.shared));
    let told = ends.iter().copied().chain(direct);
    sentences.extend(told.filter_map(|series| reach(run, series)));
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
    if reaches(best, &of(best)) == reaches(worst, &of(worst)) {
        let all = reaches(best, &of(best));
        return Some(format!("At {size}{how}, every topology reaches {all}."));
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

/// What was said of a topology: a name and a number.
struct Said<'r> {
    topology: &'r str,
    name: String,
    value: f64,
}

/// The name that was said most often, the first of equals.
fn commonest(said: &[Said]) -> Option<String> {
    let names = distinct(said.iter().map(|one| one.name.clone()));
    let times = |name: &String| said.iter().filter(|one| one.name == *name).count();
    names.into_iter().reduce(|most, next| if times(&next) > times(&most) { next } else { most })
}

/// The commonest name and its range, then the topologies of which something else was said.
fn told(said: &[Said], all: usize, say: fn(f64) -> String) -> Option<(String, String, String)> {
    let name = commonest(said)?;
    let (same, other): (Vec<&Said>, Vec<&Said>) = said.iter().partition(|one| one.name == name);
    let low = same.iter().map(|one| one.value).reduce(f64::min)?;
    let high = same.iter().map(|one| one.value).reduce(f64::max)?;
    let range = format!("{}{}", span(low, high, say), on(same.len(), all));
    let few = if other.len() <= MOST_EXCEPTIONS { &other[..] } else { &[] };
    let except = |one: &&Said| format!("; {}: {} ({})", one.topology, one.name, say(one.value));
    Some((name, range, few.iter().map(except).collect()))
}

/// The kind of hop that takes most, most often.
fn takes(run: &Run, series: &Series) -> Option<String> {
    let points = largest(run, series);
    let said = points.iter().filter(|point| !point.most_taken_by.is_empty());
    let said = said.filter_map(|point| {
        let (topology, name) = (point.key.topology.as_str(), point.most_taken_by.clone());
        Some(Said { topology, name, value: point.most_taken_ratio? })
    });
    let said: Vec<Said> = said.collect();
    let (kind, share, except) = told(&said, points.len(), words::percent)?;
    let how = how(series);
    Some(format!("What takes most of the line rate{how}: {kind}, {share}{except}."))
}

/// The feasible change that is the best one most often.
fn brings(run: &Run, series: &Series) -> Option<String> {
    let points = largest(run, series);
    let best = |point: &&Outcome| {
        let own = run.returned.iter().filter(|advice| advice.key == point.key);
        let mut can = own.filter(|advice| advice.feasible && advice.gain > WORTH);
        can.next().map(|advice| (advice.change.clone(), advice.gain))
    };
    let said: Vec<Said> = points
        .iter()
        .filter_map(|point| {
            let (name, value) = best(point)?;
            Some(Said { topology: &point.key.topology, name, value })
        })
        .collect();
    let how = how(series);
    let Some((change, gain, except)) = told(&said, points.len(), words::gain) else {
        let least = words::percent(WORTH);
        return Some(format!("No change that a user can make brings back more than {least}{how}."));
    };
    Some(format!("What brings most back{how}: {change}, {gain}{except}."))
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

/// `4 % to 12 %`, or `4 %` if both ends read the same.
pub fn span(low: f64, high: f64, say: impl Fn(f64) -> String) -> String {
    let (low, high) = (say(low), say(high));
    if low == high { low } else { format!("{low} to {high}") }
}
