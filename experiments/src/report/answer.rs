//! The answer in a few sentences: how much of the line rate, what takes most, what brings it back.

use crate::plot::manifest::{Manifest, Reported};
use crate::plot::run::{Outcome, Run, Together, distinct};
use crate::plot::series::{Plan, Series, Value};
use crate::plot::steps::{Request, shown};
use crate::plot::words;

/// A gain below this is not worth a sentence.
const WORTH: f64 = 0.005;

/// More reported figures than this are only counted.
const MOST_REPORTED: usize = 3;

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
    let direct = plan.direct().filter(|last| ends.iter().all(|end| end.shared != last.shared));
    let told: Vec<(&Series, String)> = ends
        .iter()
        .copied()
        .chain(direct)
        .filter_map(|series| Some((series, reach(run, series)?)))
        .collect();
    sentences.extend(asked(run));
    let size = words::size(run.largest_message());
    for text in distinct(told.iter().map(|(_, text)| text.clone())) {
        // Settings that reach the same are named together.
        let same = told.iter().filter(|(_, other)| *other == text);
        let labels: Vec<&str> = same.map(|(series, _)| series.label.as_str()).collect();
        let how = if labels == [""] { String::new() } else { format!(" ({})", labels.join("; ")) };
        sentences.push(format!("At {size}{how}, {text}."));
    }
    sentences.extend(together(run));
    sentences.extend(bottleneck(run, plan, plain));
    sentences.extend(takes(run, plan, plain));
    sentences.extend(brings(run, plan, plain));
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

/// How much of the line rate the best and the worst topology of a series reach.
fn reach(run: &Run, series: &Series) -> Option<String> {
    let value = |point: &Outcome| {
        let (name, size) = (point.key.topology.clone(), point.key.message_b);
        Some((series.value(run, &name, size)?, name))
    };
    let mut values: Vec<_> = largest(run, series).into_iter().filter_map(value).collect();
    let middle = |value: &Value| value.share.0 + value.share.1;
    values.sort_by(|a, b| middle(&b.0).total_cmp(&middle(&a.0)));
    let ((best, first), (worst, last)) = (values.first()?, values.last()?);
    let of = |value: &Value| {
        let (low, high) = value.reference_bit_s;
        format!(" of the {} line rate", span(low, high, words::bit_rate))
    };
    let reaches = |value: &Value, of: &str| {
        let share = span(value.share.0, value.share.1, words::percent);
        let (low, high) =
            value.span.filter(|_| value.points > 1).unwrap_or((value.bit_s, value.bit_s));
        format!("{share}{of} ({})", span(low, high, words::bit_rate))
    };
    if values.len() == 1 {
        return Some(format!("{first} reaches {}", reaches(best, &of(best))));
    }
    if reaches(best, &of(best)) == reaches(worst, &of(worst)) {
        return Some(format!("every topology reaches {}", reaches(best, &of(best))));
    }
    let same = best.reference_bit_s == worst.reference_bit_s;
    let of_worst = if same { String::new() } else { of(worst) };
    let between = match values.len() {
        2 => String::new(),
        many => format!("; the other {} lie between", many - 2),
    };
    let (best, worst) = (reaches(best, &of(best)), reaches(worst, &of_worst));
    Some(format!("{first} reaches {best} and {last} {worst}{between}"))
}

/// What was said of a point: a name and a number.
struct Said<'r> {
    topology: &'r str,
    name: String,
    value: f64,
}

/// What is said of the points with the largest message of each topology, by all settings that a
/// series leaves open.
fn said<'r>(
    run: &'r Run,
    series: &'r Series,
    of: impl Fn(&Outcome) -> Option<(String, f64)>,
) -> (Vec<Said<'r>>, usize) {
    let points: Vec<&Outcome> = largest(run, series)
        .into_iter()
        .flat_map(|first| series.points(run, &first.key.topology, first.key.message_b))
        .collect();
    let said = points.iter().filter_map(|point| {
        let (name, value) = of(point)?;
        Some(Said { topology: &point.key.topology, name, value })
    });
    (said.collect(), points.len())
}

/// The name that was said most often, of equals the one with the greater value, then the first.
fn commonest(said: &[Said]) -> Option<String> {
    let names = distinct(said.iter().map(|one| one.name.clone()));
    let rank = |name: &String| {
        let own = said.iter().filter(|one| one.name == *name);
        (own.clone().count(), own.map(|one| one.value).fold(0.0, f64::max))
    };
    names.into_iter().reduce(|most, next| if rank(&next) > rank(&most) { next } else { most })
}

/// The commonest name, its range with how often it was said, and what else was said.
fn told(
    (said, all): (Vec<Said>, usize),
    plan: &Plan,
    say: fn(f64) -> String,
) -> Option<(String, String, String)> {
    let name = commonest(&said)?;
    let (same, other): (Vec<&Said>, Vec<&Said>) = said.iter().partition(|one| one.name == name);
    let low = same.iter().map(|one| one.value).reduce(f64::min)?;
    let high = same.iter().map(|one| one.value).reduce(f64::max)?;
    let alone = plan.folded.is_empty();
    let things = if alone { "topologies" } else { "points" };
    let on = match (same.len(), all) {
        (_, 1) => String::new(),
        (some, all) if some == all && alone => " on every topology".into(),
        (some, all) if some == all => " at every setting".into(),
        (some, all) => format!(" on {some} of {all} {things}"),
    };
    let few = if alone && other.len() <= MOST_EXCEPTIONS { &other[..] } else { &[] };
    let except = |one: &&Said| format!("; {}: {} ({})", one.topology, one.name, say(one.value));
    let range = format!("{}{on}", span(low, high, say));
    Some((name, range, few.iter().map(except).collect()))
}

/// The setting in brackets: ` (8 streams, overlapped)`.
fn how(series: &Series) -> String {
    if series.label.is_empty() { String::new() } else { format!(" ({})", series.label) }
}

/// When a client has its answer, where one asks: as it is first set, and at the best and worst
/// setting.
fn asked(run: &Run) -> Option<String> {
    let requests = shown(run);
    let first = requests.first()?;
    let biggest = first.steps.iter().max_by(|a, b| a.share.total_cmp(&b.share))?;
    let mut text = format!(
        "A call on {} has its answer after {}; the step that takes most is “{}”, {}.",
        first.key.topology,
        words::time(first.whole.mean_s),
        biggest.step,
        words::percent(biggest.share),
    );
    let least = requests.iter().min_by(|a, b| a.whole.mean_s.total_cmp(&b.whole.mean_s))?;
    let most = requests.iter().max_by(|a, b| a.whole.mean_s.total_cmp(&b.whole.mean_s))?;
    if least.whole.mean_s < (1.0 - WORTH) * most.whole.mean_s {
        let named = |request: &Request<'_>| {
            format!("{} ({})", words::time(request.whole.mean_s), request.label)
        };
        text += &format!(" Over all settings: {} to {}.", named(least), named(most));
    }
    Some(text)
}

/// What the transfers of a point reach together, where there are several: of the points with the
/// largest messages, the first.
fn together(run: &Run) -> Option<String> {
    let larger = |most: &Together, next: &Together| next.message_b > most.message_b;
    let most = run.together.iter().reduce(|a, b| if larger(a, b) { b } else { a })?;
    Some(format!(
        "Together the {} transfers of {} reach {}, {} each (Jain's fairness {:.2}).",
        most.transfers,
        most.topology,
        words::bit_rate(most.sum_bit_s),
        span(most.span_bit_s.0, most.span_bit_s.1, words::bit_rate),
        most.fairness,
    ))
}

/// The busiest link, most often.
fn bottleneck(run: &Run, plan: &Plan, series: &Series) -> Option<String> {
    let busiest = |point: &Outcome| {
        let shared = match point.busiest_others {
            0 => String::new(),
            1 => ", shared with 1 other transfer".into(),
            others => format!(", shared with {others} other transfers"),
        };
        let link = &point.busiest_link;
        (!link.is_empty()).then(|| (format!("{link}{shared}"), point.busiest_ratio))
    };
    let (link, busy, except) = told(said(run, series, busiest), plan, words::percent)?;
    Some(format!("Bottleneck{}: {link}, busy {busy}{except}.", how(series)))
}

/// The kind of hop that takes most, most often.
fn takes(run: &Run, plan: &Plan, series: &Series) -> Option<String> {
    let most = |point: &Outcome| {
        let kind = point.most_taken_by.clone();
        (!kind.is_empty()).then_some((kind, point.most_taken_ratio?))
    };
    let (kind, share, except) = told(said(run, series, most), plan, words::percent)?;
    let how = how(series);
    Some(format!("What takes most of the line rate{how}: {kind}, {share}{except}."))
}

/// The feasible change that is the best one most often.
fn brings(run: &Run, plan: &Plan, series: &Series) -> Option<String> {
    let best = |point: &Outcome| {
        let own = run.returned_to(&point.key);
        let mut can = own.filter(|advice| advice.feasible && advice.gain > WORTH);
        can.next().map(|advice| {
            let lost = match advice.gives_up.as_str() {
                "" => String::new(),
                lost => format!(" (gives up {lost})"),
            };
            (format!("{}{lost}", advice.change), advice.gain)
        })
    };
    let how = how(series);
    let Some((change, gain, except)) = told(said(run, series, best), plan, words::gain) else {
        let least = words::percent(WORTH);
        return Some(format!("No change that a user can make brings back more than {least}{how}."));
    };
    Some(format!("What brings most back{how}: {change}, {gain}{except}."))
}

/// Reported figures beside predictions; only how many agree, if there are many.
fn reported(manifest: &Manifest) -> Vec<String> {
    let all = manifest.reported();
    if all.len() > MOST_REPORTED {
        let meet = all.iter().filter(|one| one.miss == Some(0.0)).count();
        return vec![format!("Of {} reported figures, {meet} meet what is predicted.", all.len())];
    }
    let sentence = |one: Reported| {
        one.predicted?;
        let about = one.about();
        let about = if about.is_empty() { String::new() } else { format!(" ({about})") };
        let (predicted, verdict) = (one.say_predicted(), one.verdict());
        Some(format!("Reported{about}: {}; predicted: {predicted}, {verdict}.", one.value))
    };
    all.into_iter().filter_map(sentence).collect()
}

/// `4 % to 12 %`, or `4 %` if both ends read the same.
pub fn span(low: f64, high: f64, say: impl Fn(f64) -> String) -> String {
    let (low, high) = (say(low), say(high));
    if low == high { low } else { format!("{low} to {high}") }
}
